"""Patterns of credentials: those of detect-secrets, and formats that it does not know.

detect-secrets takes a quarter of a second to import, so it is imported only for
a text with a long random word. Only its patterns for tokens with a fixed format
are used: no entropy, no network, no settings from disk.
"""

from __future__ import annotations

import re
from functools import cache

MARK = "redacted-"  # in every substitute
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
    r"|[?&#](?i:(?:(?:access|auth|id|refresh|api|client)[_-]?)?(?:token|secret|signature)|passw(?:or)?d|pwd"
    r"|api[_-]?key)=(?P<parameter>[^\s&#\"\\]{6,})"
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


def find(text: str) -> list[tuple[int, int]]:
    """Find the start and end of each credential in a text, in order. Substitutes are left out."""
    known = (_OWN, *_kept_patterns()) if _RANDOM_WORD.search(text) else (_OWN,)
    spans: list[tuple[int, int]] = []
    for start, end in sorted(_span(match) for pattern in known for match in pattern.finditer(text)):
        if spans and start < spans[-1][1]:
            start, end = spans[-1][0], max(end, spans.pop()[1])
        spans.append((start, end))
    return [(start, end) for start, end in spans if MARK not in text[start:end]]


def _span(match: re.Match[str]) -> tuple[int, int]:
    """Locate the credential in a match: the whole match, or its group if that is more than a prefix."""
    group = match.lastgroup or match.lastindex or 0
    return match.span(group if match.lastgroup or len(match[group]) >= MIN_GROUP else 0)


@cache
def _kept_patterns() -> tuple[re.Pattern[str], ...]:
    from importlib import import_module

    detectors = (getattr(import_module(f"detect_secrets.plugins.{m}"), name) for m, name in _DETECTORS.items())
    return tuple(pattern for detector in detectors for pattern in detector.denylist)
