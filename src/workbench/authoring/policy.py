"""A policy: a rule that code enforces, and what it can say.

A policy function returns nothing to allow, or one of Allow, Block, Rewrite,
Escalate. The first line of its docstring is the rule; the paragraph that
starts with "Why:" is the policy behind the policy. Keyword arguments of a
decision are its evidence, shown beside it.
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
    """What a policy says; `verdict` as in Decision, `evidence` plain data."""

    effect = "allow"

    def __init__(self, reason: str = "", **evidence: Any) -> None:
        self.reason = _texts(reason, "reason")
        self.evidence = evidence


class Allow(Decision):
    """Let it pass, and say why: `Allow("bought 4 days ago", bought=day)`."""


class Block(Decision):
    """Stop this call, reply or message. The model reads `reason`.

    `reply` is what the customer is sent where a message is blocked.
    """

    effect = "block"

    def __init__(self, reason: str, *, reply: str = "", **evidence: Any) -> None:
        super().__init__(reason, **evidence)
        self.reply = _texts(reply, "reply")


class Rewrite(Decision):
    """Let it pass changed: `to` is the new message, arguments (a dict), result or reply."""

    effect = "rewrite"

    def __init__(self, to: Any, reason: str = "", **evidence: Any) -> None:
        super().__init__(reason, **evidence)
        self.replacement = to


class Escalate(Decision):
    """Stop, and hand the conversation to a person. `reply` is what the customer is told."""

    effect = "escalate"

    def __init__(self, reason: str, *, reply: str = "", **evidence: Any) -> None:
        super().__init__(reason, **evidence)
        self.reply = _texts(reply, "reply")


def _texts(text: str, name: str) -> str:
    """A text that can be recorded; raises, in the policy that said it, for what is none."""
    if not isinstance(text, str):
        raise TypeError(f"{name} is {text!r:.60}, not a text")
    return text if text.isascii() else escape_surrogates(text)


class Policy(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A policy of a journey (`journey` is its name) or of the whole agent ("").

    `stand` says where it is asked; `tools` which tools it stands before or
    after, as names, or one of the words "writes", "reads", "every".
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
        """What a person needs to know of it; kept once in every trace it decided in."""
        return {"policy": self.full_name, "rule": self.rule, "why": self.why, "source": self.source}

    @cached_property
    def rule_hash(self) -> str:
        """The hash of its rule and why: what it stands for, not where it stands."""
        return content_hash([self.full_name, self.rule, self.why])

    @cached_property
    def full_name(self) -> str:
        return f"{self.journey}.{self.name}" if self.journey else self.name

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters of its function: any of call, result, reply, message, conversation."""
        return tuple(inspect.signature(self.fn).parameters)


HOOK_PARAMETERS: dict[str, tuple[str, ...]] = {
    "on_message": ("message", "conversation"),
    "before_tool": ("call", "conversation"),
    "after_tool": ("call", "result", "conversation"),
    "before_reply": ("reply", "conversation"),
}
