"""Expectations: conditions on a step that a machine can check, usually created from an annotation.

The kind of an expectation determines how it is decided: offline (policies,
schemas and routing run again), in the sandbox (a tool's result), or only live
(what a model will say next).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..errors import TranscriptError
from ..trace.steps import Step
from . import patterns

At = tuple[int, int, int]  # a step id
Decided = Literal["offline", "world", "live"]
Match = Literal["exact", "subset", "regex", "ignore"]
MATCH_MODES: tuple[Match, ...] = ("exact", "subset", "regex", "ignore")


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A condition on a step. The fields that count depend on `kind`; see EXPECTATION_KINDS.

    `args` are compared by `match`, single ones by their entry in `fields`: exact
    (equal), subset (the expected value is contained), regex, ignore. With `match`
    exact no other arguments are allowed.
    """

    kind: str
    step: str
    policy: str = ""
    tool: str = ""
    text: str = ""
    args: dict[str, Any] = {}
    match: Literal["exact", "subset", "regex"] = "subset"
    fields: dict[str, Match] = {}
    order: list[str] = []

    def validate(self, where: str) -> None:
        """Raise TranscriptError if the expectation is invalid."""
        kind = EXPECTATION_KINDS.get(self.kind)
        if kind is None:
            raise TranscriptError(
                f"unknown expectation {self.kind!r}",
                where=where,
                hint=f"choose one of: {', '.join(EXPECTATION_KINDS)}",
            )
        for field in kind.needs:
            asked = getattr(self, field)
            if not asked or (isinstance(asked, str) and not asked.strip()):
                raise TranscriptError(f"the expectation {self.kind} needs {field!r}", where=where)
        for field in self.fields:
            if field not in self.args:
                known = ", ".join(self.args) or "none"
                raise TranscriptError(f"the expectation has no argument {field!r}; it has {known}", where=where)
        if self.args and all(self.match_for(field) == "ignore" for field in self.args):
            raise TranscriptError(f"the expectation {self.kind} ignores all its arguments", where=where)
        if self.kind == "result" and not (self.args or self.text or self.match == "exact"):
            raise TranscriptError("the expectation result needs 'args' or 'text'", where=where)
        if kind.needs == ("order",) and len(self.order) < 2:
            raise TranscriptError(
                "`order` needs at least two tools", where=where, hint="add the tool that must come first"
            )
        for field, pattern in self.args.items():
            if self.match_for(field) == "regex":
                patterns.check(str(pattern), f"{field} of the expectation {self.kind}", where)

    def validate_step(self, step: Step, where: str) -> None:
        """Raise TranscriptError if the step in the recording is not of the expected kind or tool."""
        there = "call" if step.call is not None else "message" if step.message is not None else "reply"
        of = EXPECTATION_KINDS[self.kind].of
        if of and of != there:
            message = f"the expectation {self.kind} needs a {of}, but step {self.step} is a {there}"
            raise TranscriptError(message, where=where)
        if of and self.tool and step.call is not None and step.call.tool != self.tool:
            message = (
                f"the expectation {self.kind} is about {self.tool}, but step {self.step} calls {step.call.tool}"
            )
            raise TranscriptError(message, where=where)

    def match_for(self, field: str) -> Match:
        """Return how one of its arguments is compared."""
        return self.fields.get(field, self.match)

    @property
    def decided_by(self) -> Decided:
        return EXPECTATION_KINDS[self.kind].decided_by

    @property
    def description(self) -> str:
        """Describe it in words: "create_return is not executed"."""
        return EXPECTATION_KINDS[self.kind].description.format(
            policy=self.policy or "any policy",
            tool=self.tool or "the call",
            text=self.text,
            args=", ".join(self._describe_argument(k, v) for k, v in self.args.items()),
            order=", then ".join(self.order),
        )

    def _describe_argument(self, field: str, value: Any) -> str:
        match self.match_for(field):
            case "ignore":
                return f"{field}=anything"
            case "regex":
                return f"{field}~{str(value)!r}"
            case _:
                return f"{field}={value!r}"


class ExpectationKind(msgspec.Struct, frozen=True):
    """A kind of expectation; `of` is what it applies to: a call, a reply, or any step ("")."""

    decided_by: Decided
    description: str
    needs: tuple[str, ...] = ()
    of: Literal["call", "reply", ""] = ""


EXPECTATION_KINDS: dict[str, ExpectationKind] = {
    "blocked": ExpectationKind("offline", "{policy} blocks it"),
    "rewritten": ExpectationKind("offline", "{policy} rewrites it"),
    "escalated": ExpectationKind("offline", "{policy} hands it off to a human"),
    "not_executed": ExpectationKind("offline", "{tool} is not executed", of="call"),
    "allowed": ExpectationKind("offline", "no policy stops it"),
    "executed": ExpectationKind("offline", "{tool} is executed", of="call"),
    "rejected": ExpectationKind("offline", "the schema of {tool} rejects it", of="call"),
    "redacted": ExpectationKind("offline", "{text!r} is redacted", ("text",)),
    "order": ExpectationKind("offline", "in order: {order}", ("order",)),
    "called_with": ExpectationKind("offline", "{tool} is called with {args}", ("args",), "call"),
    "prompt_contains": ExpectationKind("offline", "the prompt contains {text!r}", ("text",)),
    "prompt_excludes": ExpectationKind("offline", "the prompt does not contain {text!r}", ("text",)),
    "reply_contains": ExpectationKind("offline", "the reply as sent contains {text!r}", ("text",), "reply"),
    "reply_excludes": ExpectationKind(
        "offline", "the reply as sent does not contain {text!r}", ("text",), "reply"
    ),
    "result": ExpectationKind("world", "{tool} returns {args}{text}", of="call"),
    "final_world": ExpectationKind("world", "the world ends with {args}", ("args",)),
    "must_call": ExpectationKind("live", "the model calls {tool} {args}", ("tool",)),
    "must_not_call": ExpectationKind("live", "the model does not call {tool} {args}", ("tool",)),
    "model_says": ExpectationKind("live", "the model says {text!r}", ("text",)),
    "model_never_says": ExpectationKind("live", "the model does not say {text!r}", ("text",)),
    "asks_before": ExpectationKind("live", "the model asks before it calls {tool}", ("tool",)),
    "rubric": ExpectationKind("live", "a judge agrees: {text}", ("text",)),
}
