"""An expectation: a predicate a machine can check, made from a mark.

Where it can be decided is part of its kind: offline (policies, schemas and
routing run again, so their effect is known), with --tools=world (a tool's
result), or only live (what a model will say next).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal

import msgspec

from .errors import TranscriptError
from .plain import same
from .trace.step_id import Place
from .trace.steps import Move, Moves
from .trace.trace import Trace

At = tuple[int, int, int]  # a place
Decided = Literal["offline", "world", "live"]
Match = Literal["exact", "subset", "regex", "ignore"]
MATCHES: tuple[Match, ...] = ("exact", "subset", "regex", "ignore")


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What must hold at a place. Which of the other fields count depends on `expect`; see KINDS.

    `args` are compared as `match` says, and single ones of them as `fields` says
    instead: exact (equal), subset (what is expected must be in it), regex, ignore.
    With `match` exact there may be no other arguments than these.
    """

    expect: str
    at: str
    policy: str = ""
    tool: str = ""
    text: str = ""
    args: dict[str, Any] = {}
    match: Literal["exact", "subset", "regex"] = "subset"
    fields: dict[str, Match] = {}
    order: list[str] = []

    def check(self, where: str) -> None:
        """Raise TranscriptError where it makes no sense."""
        kind = KINDS.get(self.expect)
        if kind is None:
            raise TranscriptError(
                f"there is no expectation {self.expect!r}", where=where, next=f"one of: {', '.join(KINDS)}"
            )
        for field in kind.needs:
            asked = getattr(self, field)
            if not asked or (isinstance(asked, str) and not asked.strip()):
                raise TranscriptError(f"the expectation {self.expect} needs {field!r}", where=where)
        for field in self.fields:
            if field not in self.args:
                known = ", ".join(self.args) or "none"
                raise TranscriptError(f"the expectation has no argument {field!r}; it has {known}", where=where)
        if self.args and all(self.how(field) == "ignore" for field in self.args):
            raise TranscriptError(f"the expectation {self.expect} ignores all that it names", where=where)
        if self.expect == "result" and not (self.args or self.text or self.match == "exact"):
            raise TranscriptError("the expectation result needs 'args' or 'text'", where=where)
        if kind.needs == ("order",) and len(self.order) < 2:
            raise TranscriptError("an order of one tool is none", where=where, next="name what comes before it")
        for field, pattern in self.args.items():
            if self.how(field) != "regex":
                continue
            try:
                compiled = re.compile(str(pattern))
            except re.error as error:
                raise TranscriptError(f"{field}: {pattern!r} is no pattern: {error}", where=where) from None
            if all(compiled.search(text) for text in ANYTHING):
                raise TranscriptError(f"{field}: the pattern {pattern!r} fits everything", where=where)

    def check_at(self, move: Move, where: str) -> None:
        """Raise TranscriptError where it speaks of another thing than stands at its place in the record."""
        there = "call" if move.call is not None else "message" if move.message is not None else "reply"
        of = KINDS[self.expect].of
        if of and of != there:
            message = f"the expectation {self.expect} is about a {of}; at {self.at} is a {there}"
            raise TranscriptError(message, where=where)
        if of and self.tool and move.call is not None and move.call.tool != self.tool:
            message = f"the expectation {self.expect} is about {self.tool}; at {self.at} is {move.call.tool}"
            raise TranscriptError(message, where=where)

    def how(self, field: str) -> Match:
        """How one of its arguments is compared."""
        return self.fields.get(field, self.match)

    @property
    def decided(self) -> Decided:
        return KINDS[self.expect].decided

    @property
    def sentence(self) -> str:
        """It in words: "create_return is not executed (at 3.1.1)"."""
        return KINDS[self.expect].sentence.format(
            policy=self.policy or "any policy",
            tool=self.tool or "the call",
            text=self.text,
            args=", ".join(self._told(k, v) for k, v in self.args.items()),
            order=", then ".join(self.order),
        )

    def _told(self, field: str, value: Any) -> str:
        match self.how(field):
            case "ignore":
                return f"{field}=anything"
            case "regex":
                return f"{field}~{str(value)!r}"
            case _:
                return f"{field}={value!r}"


ANYTHING = ("", "x", "\0 \n", "0", "~" * 99)  # a pattern that is found in all of these asks nothing


class Run:
    """A run of a conversation to judge: its trace, its moves by place, the world it ended in where tools ran."""

    def __init__(
        self, trace: Trace, world: dict[str, Any] | None = None, moves: Mapping[At, Move] | None = None
    ) -> None:
        self.trace = trace
        self.world = world
        self._moves = moves

    @cached_property
    def moves(self) -> Mapping[At, Move]:
        return Moves(self.trace).at if self._moves is None else self._moves


class Kind(msgspec.Struct, frozen=True):
    """`of` is what it speaks of: a call, a reply, or whatever was marked ("")."""

    decided: Decided
    sentence: str
    needs: tuple[str, ...] = ()
    of: Literal["call", "reply", ""] = ""


KINDS: dict[str, Kind] = {
    "blocked": Kind("offline", "{policy} blocks it"),
    "rewritten": Kind("offline", "{policy} rewrites it"),
    "escalated": Kind("offline", "{policy} hands it to a person"),
    "not_executed": Kind("offline", "{tool} is not executed", of="call"),
    "allowed": Kind("offline", "no policy stops it"),
    "executed": Kind("offline", "{tool} is executed", of="call"),
    "rejected": Kind("offline", "the schema of {tool} rejects it", of="call"),
    "redacted": Kind("offline", "{text!r} is redacted", ("text",)),
    "order": Kind("offline", "in order: {order}", ("order",)),
    "called_with": Kind("offline", "{tool} is called with {args}", ("args",), "call"),
    "prompt_contains": Kind("offline", "the prompt contains {text!r}", ("text",)),
    "prompt_lacks": Kind("offline", "the prompt lacks {text!r}", ("text",)),
    "reply_contains": Kind("offline", "the reply as sent contains {text!r}", ("text",), "reply"),
    "reply_lacks": Kind("offline", "the reply as sent lacks {text!r}", ("text",), "reply"),
    "result": Kind("world", "{tool} gives {args}{text}", of="call"),
    "final_world": Kind("world", "the world ends with {args}", ("args",)),
    "must_call": Kind("live", "the model calls {tool} {args}", ("tool",)),
    "must_not_call": Kind("live", "the model does not call {tool} {args}", ("tool",)),
    "says": Kind("live", "the model says {text!r}", ("text",)),
    "says_not": Kind("live", "the model does not say {text!r}", ("text",)),
    "asks_first": Kind("live", "the model asks before it calls {tool}", ("tool",)),
    "rubric": Kind("live", "a judge agrees: {text}", ("text",)),
}


def holds(expectation: Expectation, run: Run) -> bool | None:
    """Whether it holds in `run`; None where the run has no such move or it cannot be told.

    A predicate, `PREDICATES[kind](expectation, run, move)`, says yes, no, or None where it cannot be told offline.
    """
    move = run.moves.get(Place.parse(expectation.at))
    return None if move is None else PREDICATES[expectation.expect](expectation, run, move)


def intended(move: Move) -> bool:
    """Whether what happened at a move was decided by a policy that worked, not by a fault."""
    return not any(d.fault for d in move.decisions)


def _by_policy(verdict: str) -> Callable[[Expectation, Run, Move], bool]:
    def decided(e: Expectation, run: Run, move: Move) -> bool:
        return any(d.verdict == verdict and not d.fault and e.policy in ("", d.policy) for d in move.decisions)

    return decided


def _rewritten(e: Expectation, run: Run, move: Move) -> bool:
    """Whether the policy made something else of it: a rewrite to the same is none."""
    return any(
        d.verdict == "rewrite" and e.policy in ("", d.policy) and not same(d.to, _given(move, d.stand))
        for d in move.decisions
    )


def _given(move: Move, stand: str) -> Any:
    """What the policies at a stand were given first."""
    if stand == "before":
        return move.call.args if move.call else None
    if stand == "after":
        return move.result.value if move.result else None
    if stand == "reply":
        return move.answer.text if move.answer else None
    return move.message.text if move.message else None


def _not_executed(e: Expectation, run: Run, move: Move) -> bool:
    return move.effect in ("blocked", "escalated") and intended(move) and not move.executed


def _executed(e: Expectation, run: Run, move: Move) -> bool:
    # decided before a result is asked of the tape: that it may run is the point
    return move.call is not None and move.effect in ("allowed", "rewritten")


def _allowed(e: Expectation, run: Run, move: Move) -> bool:
    return move.effect == "allowed" and move.after_effect == "allowed"


def _rejected(e: Expectation, run: Run, move: Move) -> bool:
    return move.effect == "rejected"


def _redacted(e: Expectation, run: Run, move: Move) -> bool | None:
    """No where the text is to be seen; where it is not, it takes a policy to have taken it out."""
    if any(says(text, e.text) for text in _shown(move)):
        return False
    if move.result is not None and move.result.outcome == "missing":
        return None  # nobody has seen what the tool gives then
    if any(d.verdict == "rewrite" and not d.fault for d in move.decisions):
        return True
    return None if (move.effect, move.after_effect) == ("allowed", "allowed") else False


def _shown(move: Move) -> list[str]:
    """The texts that the model or the customer sees of a move: words as they are, never as JSON spells them."""
    after, message = move.rewritten("after"), move.rewritten("message")
    result = after if after is not None else (move.result.value if move.result else "")
    said = message if message is not None else (move.message.text if move.message else "")
    return [*_texts(result), str(move.reply.text) if move.reply else "", str(said)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, held in value.items() for text in (str(key), *_texts(held))]
    if isinstance(value, list):
        return [text for held in value for text in _texts(held)]
    return [value if isinstance(value, str) else msgspec.json.encode(value).decode()]


def _ordered(e: Expectation, run: Run, move: Move) -> bool:
    """Whether they were let through in this order; or this call was rightly held back: its turn had not come."""
    left = list(e.order)
    for m in run.moves.values():
        if left and m.call and m.place <= move.place and m.call.tool == left[0] and _executed(e, run, m):
            del left[0]
    if move.call is not None and _not_executed(e, run, move):
        return move.call.tool in left[1:] and move.call.tool != left[0]
    return not left


def _called_with(e: Expectation, run: Run, move: Move) -> bool:
    return _executed(e, run, move) and fits(e, move.args)


def fits(e: Expectation, args: dict[str, Any]) -> bool:
    """Whether arguments fit the expectation's, each as it is to be compared."""
    if e.match == "exact" and args.keys() - e.args.keys():
        return False
    return all(_fits(e.how(k), want, args.get(k, _ABSENT)) for k, want in e.args.items())


def relaxed(e: Expectation, fields: dict[str, Match]) -> Expectation:
    """The expectation with arguments compared otherwise. Raises TranscriptError for one it has not."""
    for field, how in fields.items():
        if how not in MATCHES:
            raise TranscriptError(f"{field}={how}: arguments are compared as {', '.join(MATCHES)}")
    made = msgspec.structs.replace(e, fields={**e.fields, **fields})
    made.check(e.at)
    return made


def next_relaxation(e: Expectation) -> Expectation:
    """One argument more ignored, in their order, but never all; then none again."""
    ignored = [k for k in e.args if e.how(k) == "ignore"]
    left = [k for k in e.args if k not in ignored]
    more: list[str] = [*ignored, left[0]] if len(left) > 1 else []
    return msgspec.structs.replace(e, fields=dict.fromkeys(more, "ignore"))


_ABSENT = object()


def _fits(how: Match, want: Any, have: Any) -> bool:
    if how == "ignore":
        return True
    if have is _ABSENT:
        return False
    if how == "regex":
        return re.search(str(want), str(have)) is not None
    return same(want, have) if how == "exact" else _within(want, have)


def _within(want: Any, have: Any) -> bool:
    """Whether all of `want` is in `have`: keys of objects, items of lists in any place, other values equal."""
    if isinstance(want, dict) and isinstance(have, dict):
        return all(k in have and _within(v, have[k]) for k, v in want.items())
    if isinstance(want, list) and isinstance(have, list):
        return all(any(_within(one, other) for other in have) for one in want)
    return same(want, have)


def says(words: str, text: str) -> bool:
    """Whether `text` stands in `words`, wherever their lines break."""
    return text in words or " ".join(text.split()) in " ".join(words.split())


def _prompt_text(run: Run, move: Move) -> str | None:
    """The whole prompt at a move; None where the record does not hold all of it."""
    prompt = run.trace.prompt_at(move.place)
    if prompt is None:
        return None
    spans = [run.trace.exhibits.get(key) for key in prompt.spans]
    texts = [span["text"] for span in spans if isinstance(span, dict) and isinstance(span.get("text"), str)]
    return "\n".join(texts) if len(texts) == len(spans) else None


def _prompt_contains(e: Expectation, run: Run, move: Move) -> bool | None:
    text = _prompt_text(run, move)
    return None if text is None else says(text, e.text)


def _prompt_lacks(e: Expectation, run: Run, move: Move) -> bool | None:
    text = _prompt_text(run, move)
    return None if text is None else not says(text, e.text)


def _sent(move: Move) -> str | None:
    """The reply as sent; "" where an intended decision held it back; None where it cannot be told."""
    if move.reply is not None:
        return str(move.reply.text)
    return "" if move.effect in ("blocked", "escalated") and intended(move) else None


def _reply_contains(e: Expectation, run: Run, move: Move) -> bool | None:
    sent = _sent(move)
    return None if sent is None else says(sent, e.text)


def _reply_lacks(e: Expectation, run: Run, move: Move) -> bool | None:
    sent = _sent(move)
    return None if sent is None else not says(sent, e.text)


def _result_is(e: Expectation, run: Run, move: Move) -> bool | None:
    if move.result is None:
        return None
    if move.result.outcome not in ("ok", "error"):
        return False  # what a policy says of a call, or how a tool breaks, is nothing that it gives
    value = move.result.value
    return e.text in str(value) and (fits(e, value) if isinstance(value, dict) else not e.args)


def _final_world(e: Expectation, run: Run, move: Move) -> bool | None:
    if run.world is None:
        return None
    return fits(e, {path: _at(run.world, path.split(".")) for path in e.args})


def _at(value: Any, way: list[str]) -> Any:
    """What stands at a path such as Shop.orders.OL-1.status, or None; a key may hold dots itself."""
    if not way:
        return value
    for length in range(1, len(way) + 1):
        key = ".".join(way[:length])
        if isinstance(value, dict) and key in value:
            return _at(value[key], way[length:])
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            return _at(value[int(key)], way[length:])
    return None


def _same_turn_calls(run: Run, move: Move) -> list[Move]:
    return [m for m in run.moves.values() if m.call and m.place.turn == move.place.turn and m.place >= move.place]


def _must_call(e: Expectation, run: Run, move: Move) -> bool:
    return any(m.call and m.call.tool == e.tool and fits(e, m.args) for m in _same_turn_calls(run, move))


def _must_not_call(e: Expectation, run: Run, move: Move) -> bool:
    return not _must_call(e, run, move)


def _says(e: Expectation, run: Run, move: Move) -> bool:
    return any(m.reply and says(str(m.reply.text), e.text) for m in run.moves.values() if m.place >= move.place)


def _says_not(e: Expectation, run: Run, move: Move) -> bool:
    return move.reply is None or not says(str(move.reply.text), e.text)


def _unknown(e: Expectation, run: Run, move: Move) -> None:
    return None


PREDICATES: dict[str, Callable[[Expectation, Run, Move], bool | None]] = {
    "blocked": _by_policy("block"),
    "rewritten": _rewritten,
    "escalated": _by_policy("escalate"),
    "not_executed": _not_executed,
    "allowed": _allowed,
    "executed": _executed,
    "rejected": _rejected,
    "redacted": _redacted,
    "order": _ordered,
    "called_with": _called_with,
    "prompt_contains": _prompt_contains,
    "prompt_lacks": _prompt_lacks,
    "reply_contains": _reply_contains,
    "reply_lacks": _reply_lacks,
    "result": _result_is,
    "final_world": _final_world,
    "must_call": _must_call,
    "must_not_call": _must_not_call,
    "says": _says,
    "says_not": _says_not,
    "asks_first": _unknown,
    "rubric": _unknown,
}


def suggest(move: Move, policies: list[str] | None = None) -> list[Expectation]:
    """What a mark at `move` could expect, likeliest first; `policies` are those that may stand at it."""
    at = str(move.place)
    if move.call is not None:
        tool = move.call.tool
        if move.executed:
            named = [Expectation("blocked", at, policy=p) for p in policies or []]
            return [
                Expectation("not_executed", at, tool=tool),
                *named,
                Expectation("escalated", at),
                Expectation("must_not_call", at, tool=tool),
                *([Expectation("must_not_call", at, tool=tool, args=move.args)] if move.args else []),
                Expectation("result", at, tool=tool),
            ]
        if move.effect in ("blocked", "escalated", "rejected", "absent"):
            return [Expectation("executed", at, tool=tool), Expectation("allowed", at)]
    if move.message is not None and move.call is None:
        return [
            Expectation("rewritten", at),
            Expectation("blocked", at),
            Expectation("escalated", at),
        ]
    words = str(move.reply.text) if move.reply else (move.answer.text if move.answer else "")
    if move.reply is not None:
        first = words.strip().split("\n")[0][:80]
        return [
            Expectation("blocked", at),
            Expectation("rewritten", at),
            Expectation("reply_lacks", at, text=first),
            Expectation("says_not", at, text=first),
            Expectation("rubric", at, text="(say what a good reply does)"),
        ]
    return [Expectation("allowed", at)]
