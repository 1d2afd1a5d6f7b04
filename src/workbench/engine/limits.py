"""The limits of one turn, and the words in which an end at a limit is recorded."""

from __future__ import annotations

import re

from ..authoring.agent import Limits
from ..text import pluralize
from ..trace.events import Usage

_TOKENS = re.compile(r"([\d,]+) tokens; the limit is [\d,]+")
_SECONDS = re.compile(r"([\d.e+]+) seconds")


class Meter:
    """Counts what the answers of one turn used of its limits.

    The time of tools and policies is measured by the process that runs the turn; here only
    that of the model counts, so a recorded turn uses the same in every replay.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tokens = 0
        self.seconds = 0.0
        self.blocked_replies = 0

    def add(self, usage: Usage | None) -> None:
        if usage is not None:
            self.tokens += usage.tokens_out
            self.seconds += usage.seconds

    @property
    def too_many_tokens(self) -> str:
        """Return the detail of an end at the limit of tokens; "" if it is not exceeded."""
        if self.tokens <= self.limits.tokens:
            return ""
        return f"{self.tokens:,} tokens; the limit is {self.limits.tokens:,}"

    @property
    def too_many_blocked(self) -> str:
        """Return the detail of an end at the limit of blocked replies; "" if it is not reached."""
        if self.blocked_replies < self.limits.blocked_replies:
            return ""
        return f"policies blocked {pluralize(self.blocked_replies, 'reply', 'replies')}"

    @property
    def too_late(self) -> str:
        """Return the detail of an end at the limit of seconds; "" if it is not exceeded."""
        return "" if self.seconds <= self.limits.turn_seconds else seconds_detail(self.limits)


def seconds_detail(limits: Limits) -> str:
    """Return the detail of an end at the limit of seconds."""
    return f"{limits.turn_seconds:g} seconds"


def timed_out(detail: str) -> bool:
    """Return whether the detail of an end says that the turn took too long."""
    return _SECONDS.fullmatch(detail) is not None


def measured(detail: str) -> bool:
    """Return whether the turn ended at the limit of tokens or seconds, and not of model calls."""
    return timed_out(detail) or _TOKENS.fullmatch(detail) is not None


def still_exceeded(detail: str, limits: Limits) -> bool:
    """Return whether a turn with this recorded end exceeds these limits too.

    Of a turn that took too long it is only known that it took longer than its limit.
    """
    tokens, seconds = _TOKENS.fullmatch(detail), _SECONDS.fullmatch(detail)
    if tokens is not None:
        return int(tokens[1].replace(",", "")) > limits.tokens
    return seconds is None or float(seconds[1]) >= limits.turn_seconds
