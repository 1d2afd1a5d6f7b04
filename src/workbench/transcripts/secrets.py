"""The rules of what is a secret: the names of secrets, and the formats of credentials.

A value is a secret if its name says so (`accessToken`, `otp`), in data, in JSON within a
text and in a parameter of a URL; or if it has the format of a credential.

detect-secrets takes a quarter of a second to import, so it is imported only for
a text with a long random word. Only its patterns for tokens with a fixed format
are used: no entropy, no network, no settings from disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

SECRET_KINDS = ("keys", "tokens", "passwords")  # what the rules below find, in words
MARK = "redacted-"  # in every substitute
HIDDEN = "(hidden)"  # a text that was not recorded at all
NUMBER = re.compile(r"900000\d{10}")  # the substitute of a number: other digits, which fail the check of a card
MIN_GROUP = 16  # characters: a shorter group of a pattern is the prefix of the credential

_OWN = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[^\"])*(?:-----END [A-Z0-9 ]*-----)?"
    r"|\b(?:"
    r"sk-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"  # Stripe
    r"|AIza[A-Za-z0-9_-]{35}"  # Google
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,}"
    r"|gl[a-z]{2,5}-[A-Za-z0-9_-]{20,}"
    r"|hf_[A-Za-z0-9]{20,}"
    r"|npm_[A-Za-z0-9]{36}"
    r"|xox[a-z]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,}"  # Slack
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"  # a JSON web token
    r")"
    r"|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{12,}"
    r"|(?<=[Aa]uthorization: Basic )[A-Za-z0-9+/=]{8,}"
    r"|\b[a-z][a-z0-9+.-]*://[^\s/:@\"]*:(?P<password>[^\s/@\"]+)(?=@)"
)

_DETECTORS = {  # module of detect_secrets.plugins: class
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "mailchimp": "MailchimpDetector",
    "openai": "OpenAIDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "twilio": "TwilioKeyDetector",
}
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-])"
_RANDOM_WORD = re.compile(rf"(?<![\w-])(?!{_UUID})(?=[\w-]*[0-9A-Z])[\w-]{{20}}")  # every pattern needs one

# names

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # of accessToken, access_token, ACCESS-TOKEN
_LAST_WORDS = {
    "apikey", "authorization", "cookie", "cookies", "credential", "credentials", "cvc", "cvv", "jwt", "otp",
    "passcode", "passphrase", "passwd", "password", "passwords", "pwd", "secret", "secrets", "sessionid", "sig",
    "signature", "token",
}  # fmt: skip
_ENDS = (
    "apikey",
    "authtoken",
    "accesstoken",
    "idtoken",
    "passwd",
    "password",
    "refreshtoken",
    "secret",
    "sessionid",
)
_KINDS_OF_KEY = {
    "access", "api", "app", "auth", "client", "encryption", "license", "master", "private", "secret", "service",
    "shared", "signing", "ssh", "subscription",
}  # fmt: skip
_TEXTS_ONLY = ("authorization", "signature", "sig")  # data of such a name is about a payment or a contract
_PROVIDER_BLOCKS = ("thinking", "redacted_thinking")  # their signature is sent back to the model unchanged
_MASKED = re.compile(r"[*•]{2,}.{0,4}", re.DOTALL)

# a name and its value in a text
_HINT = re.compile(
    r"(?i)token|secret|signature|sig\b|passw|passc|passphrase|pwd|key|cookie|session|otp|jwt|cv[vc]|cred|auth"
)
_PARAMETER = re.compile(r"[?&#;](?P<name>[\w.-]{2,40})=(?P<value>[^\s&#;\"'\\]+)")  # of a URL or a form
_PAIRS = (
    _PARAMETER,
    re.compile(r"(\\*[\"'])(?P<name>[\w.-]{2,40})\1\s*:\s*(\\*[\"'])(?P<value>(?:(?!\3).)+)\3"),  # JSON, repr
    re.compile(
        r"(?<![\w.?&#;-])(?P<name>[\w.-]{2,40})=(?P<value>(?=[^\s&;,\"'\\]*\d)[^\s&;,\"'\\]{6,})"
    ),  # a setting
    re.compile(
        r"(?P<name>(?i:set-cookie|cookie|x-[a-z-]*(?:key|token))): (?P<value>[^\s\"'\\][^\r\n\"'\\]*)"
    ),  # a header
)


@lru_cache(4096)
def is_secret_name(name: str) -> bool:
    """Return whether a field or parameter of this name holds a secret: its last words say so."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if words[-1] == "key" or words[-2:] == ["session", "id"]:
        return words[-1] == "id" or (len(words) > 1 and words[-2] in _KINDS_OF_KEY)
    return words[-1] in _LAST_WORDS or words[-1].endswith(_ENDS)


def is_secret_parameter(name: str) -> bool:
    """Return whether a parameter of a URL or a form holds a secret; there, `key` is one as well."""
    return name.lower() == "key" or is_secret_name(name)


def secret_names(data: Mapping[Any, Any]) -> set[Any]:
    """Return the keys of a mapping whose values are secrets."""
    names = {
        name
        for name, value in data.items()
        if isinstance(name, str)
        and is_secret_name(name)
        and (isinstance(value, str) or not name.lower().endswith(_TEXTS_ONLY))
    }
    path = data.get("path")
    if isinstance(path, list) and data.keys() <= _CHANGE and any(map(_is_secret_key, path[1:])):
        names |= {"before", "after"}
    return names - {"signature"} if data.get("type") in _PROVIDER_BLOCKS else names


_CHANGE = {"path", "before", "after"}  # the fields of a change of the world


def _is_secret_key(key: Any) -> bool:
    return isinstance(key, str) and is_secret_name(key)


def is_open(value: Any) -> bool:
    """Return whether a value under the name of a secret shows it: it is not empty, masked or a substitute."""
    if isinstance(value, str):
        shown = bool(value) and value != HIDDEN and MARK not in value
        return shown and not _MASKED.fullmatch(value) and not NUMBER.fullmatch(value)
    return is_number(value) and value != 0 and not NUMBER.fullmatch(f"{value:.0f}")


def is_number(value: Any) -> bool:
    """Return whether a value is a number, which a truth value is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def hide(value: Any, secret: bool = False) -> Any:
    """Hide each text and number under the name of a secret; the shape stays, because tools read it."""
    if isinstance(value, dict):
        names = secret_names(value)
        return {k: hide(v, secret or k in names) for k, v in value.items()}
    if isinstance(value, list):
        return [hide(item, secret) for item in value]
    if not secret or not is_open(value):
        return value
    return HIDDEN if isinstance(value, str) else 0


Path = tuple[str | int, ...]


def walk(
    value: Any, path: Path = (), secret: bool = False, names: Callable[[Path], bool] = lambda path: True
) -> Iterator[tuple[Path, Any, bool]]:
    """Yield each leaf of plain data and each key: its path, the leaf, and whether a name makes it a secret.

    `names` decides for which mappings, by their path, the names of secrets count.
    """
    if isinstance(value, dict):
        found = secret_names(value) if names(path) else set()
        for key, item in value.items():
            yield path, key, False
            yield from walk(item, (*path, key), secret or key in found, names)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index), secret, names)
    else:
        yield path, value, secret


def find(text: str) -> list[tuple[int, int, bool]]:
    """Find the start and end of each secret in a text, in order, and whether its name makes it one.

    Substitutes are left out.
    """
    known = (_OWN, *kept_patterns()) if _RANDOM_WORD.search(text) else (_OWN,)
    found = [(*_span(match), False) for pattern in known for match in pattern.finditer(text)]
    spans: list[tuple[int, int, bool]] = []
    for start, end, named in sorted([*found, *_find_named(text)]):
        if spans and start < spans[-1][1]:
            start, end, named = spans[-1][0], max(end, spans[-1][1]), spans.pop()[2] and named
        spans.append((start, end, named))
    return [(start, end, named) for start, end, named in spans if MARK not in text[start:end]]


def _find_named(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield each value in a text that follows the name of a secret."""
    if _HINT.search(text):
        for pattern in _PAIRS:
            decides = is_secret_parameter if pattern is _PARAMETER else is_secret_name
            for match in pattern.finditer(text):
                if decides(match["name"]) and is_open(match["value"]):
                    yield (*match.span("value"), True)


def _span(match: re.Match[str]) -> tuple[int, int]:
    """Locate the credential in a match: the whole match, or its group if that is more than a prefix."""
    group = match.lastgroup or match.lastindex or 0
    return match.span(group if match.lastgroup or len(match[group]) >= MIN_GROUP else 0)


@cache
def kept_patterns() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of tokens. The first call imports a library that opens a socket."""
    from importlib import import_module

    detectors = (getattr(import_module(f"detect_secrets.plugins.{m}"), name) for m, name in _DETECTORS.items())
    return tuple(pattern for detector in detectors for pattern in detector.denylist)
