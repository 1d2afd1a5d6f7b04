"""The parts of a rehearsal: intents, slots, and scripts that yield actions.

A script is a generator that reads like its conversation. It runs from its start
for every answer: an answered question returns its answer, a finished call returns
its recorded result, and the first action that is not done yet is the next one. It
has no state between answers, and the same conversation always leads to the same
action.

    returns.rehearsal = script = Rehearsal()
    ORDER = Slot("order number", r"OL-\\d{4}", ask="Which order is it?")

    @script.intent("I want to return my shoes", "send them back")
    def give_back(scene):
        number = yield Ask(ORDER)
        order = yield Call(find_order, order_number=number)
        yield Say(f"Order {order.number} came on {order.delivered}.", why="found it")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ..plain import fill_defaults, to_plain
from ..trace.state import PastCall
from .phrases import normalize, stems, tokenize, yes_or_no
from .tool import Tool
from .views import Conversation

INSIST = "just do it anyway"  # the message that makes a script make a mistake on purpose


# actions of a script


class Say(msgspec.Struct, frozen=True):
    """Send text to the customer and wait for the next message; `why` is the reasoning shown with it."""

    text: str
    why: str = ""


class Call:
    """Call a tool: `order = yield Call(find_order, order_number=number)`.

    The yield returns the result in the declared type of the tool, or raises CallFailed.
    Yield a list to make several calls in one answer. Yielding the same call twice in
    one run makes two calls.
    """

    def __init__(self, tool: Tool | str, why: str = "", **args: Any) -> None:
        self.tool = tool
        self.name = tool if isinstance(tool, str) else tool.name
        self.why = why or self.name.replace("_", " ")
        self.args: dict[str, Any] = to_plain(fill_defaults(args))


class Slot(msgspec.Struct, frozen=True):
    """A value the customer may state, and how to recognize it.

    `pattern` is a regular expression, a dict of values to phrases, or int. `format`
    normalizes a match: with `r"OL-?(\\d{4})"` and `format="OL-{}"`, "ol1001" is
    OL-1001. A match of an expression is valid for the whole conversation and the
    latest one counts; a value from a dict is valid only in its scene.
    """

    name: str
    pattern: str | type[int] | Mapping[Any, Iterable[str]]
    ask: str = ""
    format: str = ""
    bare_pattern: str = ""

    def find(self, text: str, asked: bool = False) -> Any:
        """Return its value in `text`, or None; `asked` means that the text answers its question."""
        if isinstance(self.pattern, Mapping):
            low = " ".join(tokenize(text))
            hits = [
                (-len(p), v)
                for v, ps in self.pattern.items()
                for p in map(normalize, ps)
                if f" {p} " in f" {low} "
            ]
            return min(hits, key=lambda hit: hit[0])[1] if hits else None
        if not isinstance(self.pattern, str):
            found = re.findall(r"-?\d+", text)
            return int(found[-1]) if found else None
        matches = list(re.finditer(self.pattern, text, re.IGNORECASE))
        if not matches and asked and self.bare_pattern:
            matches = list(re.finditer(self.bare_pattern, text, re.IGNORECASE))
        if not matches:
            return None
        match = matches[-1]
        value = match.group(1) if match.groups() else match.group()
        return self.format.format(value) if self.format else value.upper()


class Ask(msgspec.Struct, frozen=True):
    """Return the value of a slot; ask for it if the customer has not stated it."""

    fact: Slot
    question: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        return self.question or self.fact.ask or f"What is the {self.fact.name}?"


class Confirm(msgspec.Struct, frozen=True):
    """Ask a yes/no question; returns True or False.

    `yes` and `no` are additional words for it: `yes="on lit", no="off dark"`.
    """

    text: str
    why: str = ""
    yes: str = ""
    no: str = ""

    def find(self, text: str) -> bool | None:
        """Return the answer in `text`, or None."""
        return yes_or_no(text, self.yes, self.no)


class HandOff(msgspec.Struct, frozen=True):
    """Hand the conversation off to a human."""

    reason: str
    why: str = ""


ScriptAction = Say | Call | Ask | Confirm | HandOff | Sequence[Call]


class CallFailed(Exception):
    """A failed call, or a reply that a policy blocked. Raised at the `yield`.

    `outcome` is that of the ToolResult. If it is not caught, the customer gets a plain message.
    """

    def __init__(self, tool: str, outcome: str, reason: str) -> None:
        super().__init__(f"{tool}: {reason}")
        self.tool = tool
        self.outcome = outcome
        self.reason = reason


class DialogueTurn(msgspec.Struct, frozen=True):
    """One customer message, and the calls and texts of the agent that follow it."""

    said: str
    replies: list[str] = []
    calls: list[tuple[dict[str, Any], PastCall]] = []  # with the arguments the model requested
    blocked_replies: dict[str, str] = {}  # blocked replies, with the reason


class Scene:
    """The part of the conversation that a script may read: since its intent was matched."""

    def __init__(self, conversation: Conversation, turns: list[DialogueTurn], start: int) -> None:
        self.conversation = conversation
        self.all_turns = turns
        self.turns = turns[start:]

    @property
    def customer(self) -> dict[str, Any]:
        return self.conversation.customer

    @property
    def now(self) -> datetime:
        return self.conversation.now

    @property
    def insists(self) -> bool:
        """Return whether the customer wrote "just do it anyway": make the mistake, to see a policy block it."""
        return self.matched_intents(INSIST)

    def matched_intents(self, *phrases: str) -> bool:
        """Return whether one of `phrases` was written verbatim in this scene."""
        return any(f" {normalize(p)} " in f" {normalize(t.said)} " for t in self.turns for p in phrases)

    def slot(self, fact: Slot) -> Any:
        """Return the latest value of a slot without asking, or None."""
        turns = self.turns if isinstance(fact.pattern, Mapping) else self.all_turns
        for number in reversed(range(len(turns))):
            asked = number > 0 and any(fact.ask in reply for reply in turns[number - 1].replies)
            value = fact.find(turns[number].said, asked)
            if value is not None:
                return value
        return None

    # the result of an action: its value, PENDING, or CallFailed

    def result_of(self, use: Call, nth: int) -> Any:
        made = [c for t in self.turns for asked, c in t.calls if c.tool == use.name and asked == use.args]
        if nth >= len(made):
            return PENDING
        call = made[nth]
        if not call.ok:
            reason = str(call.value or "").removeprefix("blocked by policy: ")
            if reason.startswith("the policy failed"):
                return CallFailed(use.name, "fault", "something on our side went wrong")
            return CallFailed(use.name, call.outcome, reason)
        return call.value if isinstance(use.tool, str) else use.tool.decode_result(call.value)

    def answer_to(self, question: Confirm, nth: int) -> Any:
        answers, is_open = [], False
        for turn in self.turns:
            if is_open and (said := question.find(turn.said)) is not None:
                answers.append(said)
                is_open = False
            is_open = is_open or any(question.text in reply for reply in turn.replies)
        return answers[nth] if nth < len(answers) else PENDING

    def reply_status(self, say: Say) -> Any:
        reason = next((t.blocked_replies[say.text] for t in self.turns if say.text in t.blocked_replies), None)
        return PENDING if reason is None else CallFailed("reply", "blocked", reason)

    def was_asked(self, text: str) -> bool:
        return any(text in reply for turn in self.turns for reply in turn.replies)


PENDING = object()

Script = Callable[[Scene], Generator[ScriptAction, Any, None]]


class Intent(msgspec.Struct, frozen=True):
    """An intent: example phrases, its script, and its journey ("" for the whole agent)."""

    examples: tuple[frozenset[str], ...]
    script: Script
    journey: str = ""


class Rehearsal:
    """The scripts of one journey (or, set on the agent, of the whole agent), one per intent."""

    def __init__(self) -> None:
        self.intents: list[Intent] = []
        self.phrases: list[str] = []  # one per intent, as suggestions

    def intent(self, *examples: str) -> Callable[[Script], Script]:
        """Register a script with example phrases.

        A message matches if it contains most of the significant words of a phrase.
        """

        def declare(script: Script) -> Script:
            self.phrases += examples[:1]
            self.intents.append(Intent(tuple(filter(None, map(stems, examples))), script))
            return script

        return declare
