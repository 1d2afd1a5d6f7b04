"""Expectations: conditions on a step that a machine can check, usually made from an annotation.

Where one can be decided is part of its kind: offline (policies, schemas and
routing run again, so their effect is known), in the sandbox (a tool's result),
or only live (what a model will say next).
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from ..errors import TranscriptError
from ..trace.steps import Step

At = tuple[int, int, int]  # a place
Decided = Literal["offline", "world", "live"]
Match = Literal["exact", "subset", "regex", "ignore"]
MATCH_MODES: tuple[Match, ...] = ("exact", "subset", "regex", "ignore")


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What must hold at a place. Which of the other fields count depends on `expect`; see KINDS.

    `args` are compared as `match` says, and single ones of them as `fields` says
    instead: exact (equal), subset (what is expected must be in it), regex, ignore.
    With `match` exact there may be no other arguments than these.
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
        """Raise TranscriptError where it makes no sense."""
        kind = TRANSCRIPT_KINDS.get(self.kind)
        if kind is None:
            raise TranscriptError(
                f"there is no expectation {self.kind!r}",
                where=where,
                next=f"one of: {', '.join(TRANSCRIPT_KINDS)}",
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
            raise TranscriptError(f"the expectation {self.kind} ignores all that it names", where=where)
        if self.kind == "result" and not (self.args or self.text or self.match == "exact"):
            raise TranscriptError("the expectation result needs 'args' or 'text'", where=where)
        if kind.needs == ("order",) and len(self.order) < 2:
            raise TranscriptError("an order of one tool is none", where=where, next="name what comes before it")
        for field, pattern in self.args.items():
            if self.match_for(field) != "regex":
                continue
            try:
                compiled = re.compile(str(pattern))
            except re.error as error:
                raise TranscriptError(f"{field}: {pattern!r} is no pattern: {error}", where=where) from None
            if all(compiled.search(text) for text in CATCH_ALL_PROBES):
                raise TranscriptError(f"{field}: the pattern {pattern!r} fits everything", where=where)

    def validate_step(self, step: Step, where: str) -> None:
        """Raise TranscriptError where it speaks of another thing than stands at its place in the record."""
        there = "call" if step.call is not None else "message" if step.message is not None else "reply"
        of = TRANSCRIPT_KINDS[self.kind].of
        if of and of != there:
            message = f"the expectation {self.kind} is about a {of}; at {self.step} is a {there}"
            raise TranscriptError(message, where=where)
        if of and self.tool and step.call is not None and step.call.tool != self.tool:
            message = f"the expectation {self.kind} is about {self.tool}; at {self.step} is {step.call.tool}"
            raise TranscriptError(message, where=where)

    def match_for(self, field: str) -> Match:
        """How one of its arguments is compared."""
        return self.fields.get(field, self.match)

    @property
    def decided_by(self) -> Decided:
        return TRANSCRIPT_KINDS[self.kind].decided_by

    @property
    def description(self) -> str:
        """It in words: "create_return is not executed (at 3.1.1)"."""
        return TRANSCRIPT_KINDS[self.kind].description.format(
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


CATCH_ALL_PROBES = ("", "x", "\0 \n", "0", "~" * 99)  # a pattern that is found in all of these asks nothing


class ExpectationKind(msgspec.Struct, frozen=True):
    """`of` is what it speaks of: a call, a reply, or whatever was marked ("")."""

    decided_by: Decided
    description: str
    needs: tuple[str, ...] = ()
    of: Literal["call", "reply", ""] = ""


TRANSCRIPT_KINDS: dict[str, ExpectationKind] = {
    "blocked": ExpectationKind("offline", "{policy} blocks it"),
    "rewritten": ExpectationKind("offline", "{policy} rewrites it"),
    "escalated": ExpectationKind("offline", "{policy} hands it to a person"),
    "not_executed": ExpectationKind("offline", "{tool} is not executed", of="call"),
    "allowed": ExpectationKind("offline", "no policy stops it"),
    "executed": ExpectationKind("offline", "{tool} is executed", of="call"),
    "rejected": ExpectationKind("offline", "the schema of {tool} rejects it", of="call"),
    "redacted": ExpectationKind("offline", "{text!r} is redacted", ("text",)),
    "order": ExpectationKind("offline", "in order: {order}", ("order",)),
    "called_with": ExpectationKind("offline", "{tool} is called with {args}", ("args",), "call"),
    "prompt_contains": ExpectationKind("offline", "the prompt contains {text!r}", ("text",)),
    "prompt_excludes": ExpectationKind("offline", "the prompt lacks {text!r}", ("text",)),
    "reply_contains": ExpectationKind("offline", "the reply as sent contains {text!r}", ("text",), "reply"),
    "reply_excludes": ExpectationKind("offline", "the reply as sent lacks {text!r}", ("text",), "reply"),
    "result": ExpectationKind("world", "{tool} gives {args}{text}", of="call"),
    "final_world": ExpectationKind("world", "the world ends with {args}", ("args",)),
    "must_call": ExpectationKind("live", "the model calls {tool} {args}", ("tool",)),
    "must_not_call": ExpectationKind("live", "the model does not call {tool} {args}", ("tool",)),
    "model_says": ExpectationKind("live", "the model says {text!r}", ("text",)),
    "model_never_says": ExpectationKind("live", "the model does not say {text!r}", ("text",)),
    "asks_before": ExpectationKind("live", "the model asks before it calls {tool}", ("tool",)),
    "rubric": ExpectationKind("live", "a judge agrees: {text}", ("text",)),
}
