"""Classify failed requests to the Messages API and recommend the next step."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from ..text import truncate
from .messages_api import StreamError, UnsupportedResponse

if TYPE_CHECKING:
    import anthropic


_SECRET = re.compile(r"\bsk-[\w-]{6,}|(?<=Bearer )\S+")


# causes of failure

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_PASSING = {"overloaded_error", "api_error", "rate_limit_error", "timeout_error", "conflict_error"}
_WORDS = {
    "authentication_error": "the API key was not accepted",
    "billing_error": "the account has no credit",
    "permission_error": "the key has no permission for this",
    "not_found_error": "unknown model or address",
    "request_too_large": "the conversation is too long for one request",
    "rate_limit_error": "the rate limit is exceeded",
    "timeout_error": "the server took too long",
    "overloaded_error": "the server is overloaded",
    "api_error": "internal error of the server",
}
_ADVICE = {
    "authentication_error": "Check the key: `workbench doctor` shows its source",
    "billing_error": "Check the plan and the balance of the account",
    "permission_error": "Choose another model, or a key with access to this one",
    "not_found_error": "Check the name of the model and, if it is set, ANTHROPIC_BASE_URL (without /v1)",
    "request_too_large": "Start a new conversation",
}
_NO_KEY = "Set ANTHROPIC_API_KEY (any value for a local server), or use the rehearsal"


class RequestFailure:
    """A failed attempt: the cause, the next step, and whether to retry.

    `after` is the delay in seconds that the server requests, `status` the HTTP status or 0.
    """

    def __init__(
        self, text: str, advice: str = "", *, again: bool = False, after: float | None = None, status: int = 0
    ) -> None:
        self.text = text
        self.advice = advice
        self.retryable = again
        self.retry_after = after
        self.status = status

    def sentence(self, attempts: int) -> str:
        tried = f" (tried {attempts} times)" if attempts > 1 else ""
        advice = self.advice or ("Try again later" if self.retryable else "")
        return f"{self.text.rstrip('.')}{tried}. {advice}".rstrip(". ")


def diagnose(error: Exception) -> RequestFailure:
    """Explain an exception of the SDK, its transport or the stream. Re-raises it if it is a bug in Workbench."""
    import anthropic
    import httpx2

    if isinstance(error, UnsupportedResponse):
        return RequestFailure(error.message, "Check ANTHROPIC_BASE_URL (without /v1)")
    if isinstance(error, StreamError):
        return (
            _refused(0, error.kind, error.message, {}) if error.kind else RequestFailure(error.message, again=True)
        )
    if isinstance(error, anthropic.APIStatusError):
        words = error.api_message or error.message
        return _refused(error.status_code, str(error.type or ""), words, error.response.headers)
    if isinstance(error, anthropic.APIConnectionError):
        return _unreached(error)
    if isinstance(error, httpx2.TransportError):
        return RequestFailure(f"the connection was lost ({type(error).__name__})", again=True)
    if isinstance(error, msgspec.DecodeError):
        return RequestFailure("the server sent invalid JSON", "Check ANTHROPIC_BASE_URL", again=True)
    if isinstance(error, TypeError) and "authentication method" in str(error):
        return RequestFailure("no credentials for the model", _NO_KEY)
    if isinstance(error, anthropic.AnthropicError):
        return RequestFailure(f"the credentials cannot be used: {one_safe_line(str(error))}", _NO_KEY)
    if isinstance(error, httpx2.InvalidURL):
        return RequestFailure("invalid server URL", "Check ANTHROPIC_BASE_URL")
    raise error


def _unreached(error: anthropic.APIConnectionError) -> RequestFailure:
    import anthropic
    import httpx2

    cause = error.__cause__
    if isinstance(cause, httpx2.LocalProtocolError):
        # the exception's own text would contain the key
        return RequestFailure(
            "the key contains invalid characters", "Check ANTHROPIC_API_KEY for line breaks and quotes"
        )
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return RequestFailure("invalid server URL", "Check ANTHROPIC_BASE_URL: it must start with http")
    host = error.request.url.host
    if isinstance(error, anthropic.APITimeoutError):
        return RequestFailure(f"{host} did not answer in time", again=True)
    return RequestFailure(
        f"cannot reach {host}",
        "Check the network and, if it is set, ANTHROPIC_BASE_URL",
        again=True,
    )


def _refused(status: int, kind: str, words: str, headers: Mapping[str, str]) -> RequestFailure:
    """Explain an error response: by its status or, within a stream (status 0), by an error event."""
    kind = kind or _KINDS.get(status, "api_error" if status >= 500 else "")
    again = (status >= 500 and status != 501) if status >= 400 else kind in _PASSING
    again = again or status in (408, 409, 429)
    if headers.get("x-should-retry") in ("true", "false"):
        again = headers["x-should-retry"] == "true"
    advice = _ADVICE.get(kind, "")
    if "prompt is too long" in words:
        advice = _ADVICE["request_too_large"]
    elif "max_tokens" in words:
        advice = "Choose another max_tokens"
    elif "effort" in words:
        advice = "Choose another effort"
    text = _WORDS.get(kind, "the server refused the request")
    number = f" ({status})" if status else ""
    return RequestFailure(
        f"{text}{number}: {one_safe_line(words)}".rstrip(": "),
        advice,
        again=again,
        after=_retry_after(headers),
        status=status,
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the requested delay in seconds, from retry-after-ms or retry-after (number or date)."""
    for name, unit in (("retry-after-ms", 1_000), ("retry-after", 1)):
        with contextlib.suppress(KeyError, ValueError):
            return float(headers[name]) / unit
    with contextlib.suppress(KeyError, ValueError):
        then, now = (parsedate_to_datetime(headers[name]).timestamp() for name in ("retry-after", "date"))
        return then - now  # by the clock of the server: ours is that of the conversation
    return None


def one_safe_line(text: str) -> str:
    """Shorten a text to one line of 300 characters, and replace anything that looks like a key."""
    return truncate(_SECRET.sub("[key]", " ".join(text.split())), 300)
