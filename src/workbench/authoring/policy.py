"""Policies and their decisions.

A policy function returns None to allow, or one of Allow, Block, Rewrite,
Escalate. The first paragraph of its docstring is the rule; the paragraph that
starts with "Why:" is the reason for the rule. Keyword arguments of a decision
are its evidence, shown next to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import msgspec

from ..plain import content_hash, escape_surrogates
from ..trace.events import Hook
from .tool import Condition, Tool

WRITES = "writes"  # before=WRITES: before every tool that writes
READS = "reads"
ALL = "every"


class Decision:
    """A decision of a policy; `effect` as in PolicyDecision, `evidence` plain data."""

    effect = "allow"

    def __init__(self, reason: str = "", **evidence: Any) -> None:
        self.reason = _texts(reason, "reason")
        self.evidence = evidence


class Allow(Decision):
    """Allow it and state the reason: `Allow("bought 4 days ago", bought=day)`."""


class Block(Decision):
    """Block this call, reply or message. The model reads `reason`.

    `reply` is sent to the customer if a message is blocked.
    """

    effect = "block"

    def __init__(self, reason: str, *, reply: str = "", **evidence: Any) -> None:
        super().__init__(reason, **evidence)
        self.reply = _texts(reply, "reply")


class Rewrite(Decision):
    """Replace it: `to` is the new message, arguments (a dict), result or reply."""

    effect = "rewrite"

    def __init__(self, to: Any, reason: str = "", **evidence: Any) -> None:
        super().__init__(reason, **evidence)
        self.replacement = to


class Escalate(Decision):
    """Hand the conversation off to a human; `reply` is sent to the customer."""

    effect = "escalate"

    def __init__(self, reason: str, *, reply: str = "", **evidence: Any) -> None:
        super().__init__(reason, **evidence)
        self.reply = _texts(reply, "reply")


def _texts(text: str, name: str) -> str:
    """Return a string that can be recorded. Raises TypeError, inside the policy that used it."""
    if not isinstance(text, str):
        raise TypeError(f"{name} is {text!r:.60}, not a string")
    return text if text.isascii() else escape_surrogates(text)


class Policy(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A policy of a journey (`journey` is its name) or of the whole agent ("").

    `hook` says when it is called. `tools` are the names of the tools it applies to,
    or one of the words "writes", "reads", "every".
    """

    name: str
    fn: Callable[..., Any]
    hook: Hook
    tools: tuple[str, ...] = ()
    journey: str = ""
    when: Condition | None = None
    source: str = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def applies_to(self, tool: Tool) -> bool:
        for name in self.tools:
            if name == tool.name or name == ALL or name == (WRITES if tool.writes else READS):
                return True
        return False

    @cached_property
    def rule(self) -> str:
        text = inspect.cleandoc(self.fn.__doc__ or "")
        return text.split("\n\n")[0].replace("\n", " ").strip()

    @cached_property
    def why(self) -> str:
        for paragraph in inspect.cleandoc(self.fn.__doc__ or "").split("\n\n"):
            if paragraph.lower().startswith("why:"):
                return paragraph[4:].replace("\n", " ").strip()
        return ""

    @cached_property
    def description(self) -> dict[str, str]:
        """Return {"policy", "rule", "why", "source"}: a blob of every trace in which it decides."""
        return {"policy": self.full_name, "rule": self.rule, "why": self.why, "source": self.source}

    @cached_property
    def rule_hash(self) -> str:
        """Return the hash of its rule and why, independent of its location."""
        return content_hash([self.full_name, self.rule, self.why])

    @cached_property
    def full_name(self) -> str:
        return f"{self.journey}.{self.name}" if self.journey else self.name

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameter names of its function, out of call, result, reply, message, conversation."""
        return tuple(inspect.signature(self.fn).parameters)


HOOK_PARAMETERS: dict[str, tuple[str, ...]] = {
    "on_message": ("message", "conversation"),
    "before_tool": ("call", "conversation"),
    "after_tool": ("call", "result", "conversation"),
    "before_reply": ("reply", "conversation"),
}
