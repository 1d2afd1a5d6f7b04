"""Classify failed requests to the Messages API and say what to do about them."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from ..text import truncate
from .messages_api import StreamError, UnsupportedResponse

if TYPE_CHECKING:
    import anthropic


_SECRET = re.compile(r"\bsk-[\w-]{6,}|(?<=Bearer )\S+")


# what can go wrong

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
    "authentication_error": "the key was not accepted",
    "billing_error": "the account cannot pay for this",
    "permission_error": "the key may not do this",
    "not_found_error": "the server does not know this model or address",
    "request_too_large": "the conversation is too long for one request",
    "rate_limit_error": "too many requests",
    "timeout_error": "the server took too long",
    "overloaded_error": "the server is overloaded",
    "api_error": "the server had a fault of its own",
}
_ADVICE = {
    "authentication_error": "Check the key: `workbench doctor` says where it is taken from",
    "billing_error": "Look at the plan and the balance of the account",
    "permission_error": "Choose another model, or a key that may use this one",
    "not_found_error": "Check the name of the model and, if it is set, ANTHROPIC_BASE_URL (without /v1)",
    "request_too_large": "Start a new conversation",
}
_NO_KEY = "Set ANTHROPIC_API_KEY (for a local server any value will do), or start with the rehearsal instead"


class RequestFailure:
    """A try that failed: what happened, what to do next, and whether a further try may help.

    `after` is how many seconds the server asks to wait, `status` that of its response or 0.
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
    """Explain an exception of the SDK, its transport or the stream. Raises it again if it is a bug of ours."""
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
        return RequestFailure(f"the connection broke ({type(error).__name__})", again=True)
    if isinstance(error, msgspec.DecodeError):
        return RequestFailure("the server sent what is no JSON", "Check ANTHROPIC_BASE_URL", again=True)
    if isinstance(error, TypeError) and "authentication method" in str(error):
        return RequestFailure("there are no credentials for the model", _NO_KEY)
    if isinstance(error, anthropic.AnthropicError):
        return RequestFailure(f"the credentials cannot be used: {one_safe_line(str(error))}", _NO_KEY)
    if isinstance(error, httpx2.InvalidURL):
        return RequestFailure("the server's address is no URL", "Check ANTHROPIC_BASE_URL")
    raise error


def _unreached(error: anthropic.APIConnectionError) -> RequestFailure:
    import anthropic
    import httpx2

    cause = error.__cause__
    if isinstance(cause, httpx2.LocalProtocolError):
        # its own words would quote the key
        return RequestFailure(
            "the key holds a character that cannot be sent", "Check ANTHROPIC_API_KEY for line breaks and quotes"
        )
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return RequestFailure("the server's address is no URL", "Check ANTHROPIC_BASE_URL: it begins with http")
    host = error.request.url.host
    if isinstance(error, anthropic.APITimeoutError):
        return RequestFailure(f"{host} did not answer in time", again=True)
    return RequestFailure(
        f"{host} cannot be reached",
        "Check the network and, if it is set, ANTHROPIC_BASE_URL",
        again=True,
    )


def _refused(status: int, kind: str, words: str, headers: Mapping[str, str]) -> RequestFailure:
    """The server said no: by its status or, in the middle of a stream (status 0), by an event."""
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
    """Seconds the server asks to wait: from retry-after-ms, or from retry-after as a number or a date."""
    for name, unit in (("retry-after-ms", 1_000), ("retry-after", 1)):
        with contextlib.suppress(KeyError, ValueError):
            return float(headers[name]) / unit
    with contextlib.suppress(KeyError, ValueError):
        return parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time()
    return None


def one_safe_line(text: str) -> str:
    """Shorten a text to one line of 300 characters, and replace anything that looks like a key."""
    return truncate(_SECRET.sub("[key]", " ".join(text.split())), 300)
