"""The rehearsal: a script written beside a journey that stands in for the model.

A script is a generator that reads like the talk it rehearses. It runs from its
top for every answer: a question that was answered gives its answer, a call that
was made gives its recorded result, and the first thing that is not done yet is
the next move. So it keeps nothing between answers, and the same conversation
always gets the same move.

    returns.rehearsal = script = Rehearsal()
    ORDER = Fact("order number", r"OL-\\d{4}", ask="Which order is it?")

    @script.intent("I want to return my shoes", "send them back")
    def give_back(scene):
        number = yield Ask(ORDER)
        order = yield Use(find_order, order_number=number)
        yield Say(f"Order {order.number} came on {order.delivered}.", why="found it")

What no script takes (a person is wanted, a question of knowledge, words it does
not understand) the model answers by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from .errors import ModelStopped
from .journey import ENTER, HAND_OFF, LOOK_UP, Agent
from .model import Delta, ModelAnswer, ModelRequest
from .runner import CODE_ERRORS, describe
from .source import fault_place, source_of
from .steps import plain
from .talk import Happened, Talk
from .tool import Tool

INSIST = "just do it anyway"  # the customer's words that make a script do what it knows is wrong


# what a script may yield


@dataclass(frozen=True)
class Say:
    """Tell the customer, and wait. `why` is the reasoning that is shown with it."""

    text: str
    why: str = ""


class Use:
    """Call a tool: `order = yield Use(find_order, order_number=number)`.

    The yield gives back the result as the type the tool declares, or raises
    Refused. Yield a list of them to make several calls in one answer. The same
    call yielded twice in one run is two calls.
    """

    def __init__(self, tool: Tool | str, why: str = "", **args: Any) -> None:
        self.tool = tool
        self.name = tool if isinstance(tool, str) else tool.name
        self.why = why or self.name.replace("_", " ")
        self.args: dict[str, Any] = plain(args)


@dataclass(frozen=True)
class Fact:
    """Something the customer may say, and how it is told from other words.

    `kind`: a regular expression; or a dict of values to the phrases that mean
    them; or int. `form` gives a match the spelling the tools know: with
    `r"OL-?(\\d{4})"` and `form="OL-{}"`, "ol1001" is OL-1001. A match of an
    expression holds for the whole conversation, the latest one counts; a value
    from a dict only for its scene.
    """

    name: str
    kind: str | type[int] | Mapping[Any, Iterable[str]]
    ask: str = ""
    form: str = ""

    def find(self, text: str) -> Any:
        """Its value in `text`, or None."""
        if isinstance(self.kind, Mapping):
            low = " ".join(_words(text))
            hits = [
                (-len(p), v) for v, ps in self.kind.items() for p in map(_plainly, ps) if f" {p} " in f" {low} "
            ]
            return min(hits, key=lambda hit: hit[0])[1] if hits else None
        if not isinstance(self.kind, str):
            found = re.findall(r"-?\d+", text)
            return int(found[-1]) if found else None
        matches = list(re.finditer(self.kind, text, re.IGNORECASE))
        if not matches:
            return None
        match = matches[-1]
        value = match.group(1) if match.groups() else match.group()
        return self.form.format(value) if self.form else value.upper()


@dataclass(frozen=True)
class Ask:
    """Give back a fact; ask for it where it was not said yet."""

    fact: Fact
    question: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        return self.question or self.fact.ask or f"What is the {self.fact.name}?"


@dataclass(frozen=True)
class Confirm:
    """Ask a question that is answered by yes or no; gives back True or False."""

    text: str
    why: str = ""


@dataclass(frozen=True)
class HandOff:
    """Give the conversation to a person."""

    reason: str
    why: str = ""


Move = Say | Use | Ask | Confirm | HandOff | Sequence[Use]


class Refused(Exception):
    """A call that came to nothing, or a reply that a policy stopped. Raised at the yield.

    `outcome` as in Result. Uncaught, the customer is told plainly.
    """

    def __init__(self, tool: str, outcome: str, reason: str) -> None:
        super().__init__(f"{tool}: {reason}")
        self.tool = tool
        self.outcome = outcome
        self.reason = reason


@dataclass(frozen=True)
class _Turn:
    said: str
    replies: list[str] = field(default_factory=list)
    calls: list[tuple[dict[str, Any], Happened]] = field(default_factory=list)  # with the arguments asked for


class Scene:
    """What a script may read: one stretch of the conversation, since its intent was heard."""

    def __init__(self, talk: Talk, turns: list[_Turn], start: int) -> None:
        self.talk = talk
        self._all = turns
        self._turns = turns[start:]

    @property
    def customer(self) -> dict[str, Any]:
        return self.talk.customer

    @property
    def now(self) -> datetime:
        return self.talk.now

    @property
    def insists(self) -> bool:
        """The customer wrote "just do it anyway": make the mistake, so that a policy can be seen at work."""
        return self.heard(INSIST)

    def heard(self, *phrases: str) -> bool:
        """Whether one of `phrases` was written, word for word, in this scene."""
        return any(f" {_plainly(p)} " in f" {_plainly(t.said)} " for t in self._turns for p in phrases)

    def fact(self, fact: Fact) -> Any:
        """The latest value of a fact, or None, without asking."""
        turns = self._turns if isinstance(fact.kind, Mapping) else self._all
        return next((v for t in reversed(turns) if (v := fact.find(t.said)) is not None), None)

    def calls(self, tool: Tool | str) -> list[Happened]:
        """The calls of `tool` in the whole conversation, the refused ones included."""
        name = tool if isinstance(tool, str) else tool.name
        return [call for t in self._all for _, call in t.calls if call.tool == name]

    # what became of a move: its value, _NOT_YET, or Refused

    def _made(self, use: Use, nth: int) -> Any:
        made = [c for t in self._turns for asked, c in t.calls if c.tool == use.name and asked == use.args]
        if nth >= len(made):
            return _NOT_YET
        call = made[nth]
        if not call.ok:
            return Refused(use.name, call.outcome, str(call.value or "").removeprefix("blocked by policy: "))
        return call.value if isinstance(use.tool, str) else use.tool.decode(call.value)

    def _confirmed(self, question: str, nth: int) -> Any:
        answers, is_open = [], False
        for turn in self._turns:
            if is_open and (said := yes_or_no(turn.said)) is not None:
                answers.append(said)
                is_open = False
            is_open = is_open or any(question in reply for reply in turn.replies)
        return answers[nth] if nth < len(answers) else _NOT_YET

    def _was_said(self, text: str) -> bool:
        return any(text in reply for turn in self._turns for reply in turn.replies)


_NOT_YET = object()

Script = Callable[[Scene], Generator[Move, Any, None]]


@dataclass(frozen=True)
class Intent:
    """Something a customer may want, told by example phrases; its script; its journey, "" for the whole agent."""

    examples: tuple[frozenset[str], ...]
    script: Script
    journey: str = ""


class Rehearsal:
    """The scripts of one journey (or, set on the agent, of all of them), an intent each."""

    def __init__(self) -> None:
        self.intents: list[Intent] = []

    def intent(self, *examples: str) -> Callable[[Script], Script]:
        """Declare a script, and phrases with which a customer starts it.

        A phrase is heard where most of its telling words are in the message.
        """

        def declare(script: Script) -> Script:
            self.intents.append(Intent(tuple(filter(None, map(_stems, examples))), script))
            return script

        return declare


# words


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", re.sub(r"['’]", "", text.lower()))


def _plainly(text: str) -> str:
    return " ".join(_words(text))


_STOP = frozenset(
    _words(
        "a about am an and any are as at be been but by can could did do does for from get give got had has have"
        " hello help hi how i if i'm in is it its i've i'd just let like may me mine my need of off oh on one or our"
        " please so some something than that the their them then there these they this those to too us want was we"
        " were what when where which who why will with would you your"
    )
)
_NO = frozenset(
    _words("no nope not never nothing still don't doesn't didn't isn't won't can't haven't wasn't neither nah")
)
_YES = frozenset(
    _words("yes yeah yep yup sure ok okay right correct works working plays playing fine great ahead")
)
_BRIEFLY_YES = frozenset(_words("please do go done good"))
_HUMAN = re.compile(
    r"\b(a|an|to|real)\s+(human|person|colleague|agent|someone|manager|supervisor|operator)\b"
    r"|\b(real (human|person|agent)|human being|somebody real)\b|^\W*(human|agent|person|operator)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^\W*(what|when|where|which|who|how (long|much|many|soon|fast|far|often|big)|do you)\b",
    re.IGNORECASE,
)
_SMALL_TALK = {
    "You are welcome. Is there anything else?": "thanks thank thx cheers",
    "Goodbye, and thank you for coming by.": "bye goodbye ciao",
    "Hello!": "hello hi hey morning evening afternoon",
}


def _stems(text: str) -> frozenset[str]:
    """The telling words of `text`, endings off."""
    return frozenset(re.sub(r"(?<=\w{3})(ing|ed|es|s|e)$", "", w) for w in _words(text) if w not in _STOP)


def yes_or_no(text: str) -> bool | None:
    """Whether `text` says yes, no, or neither; a no in it wins."""
    words = set(_words(text))
    if words & _NO:
        return False
    if words & _YES or (len(words) <= 3 and words & _BRIEFLY_YES):
        return True
    return None


class Heard(NamedTuple):
    intent: Intent
    weight: float
    full: bool  # every telling word of an example, at least two


class RehearsalModel:
    """The Model that plays an agent's rehearsals."""

    name = "rehearsal"

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.params: dict[str, Any] = {}
        own = agent.rehearsal.intents if agent.rehearsal else []
        theirs = [
            Intent(intent.examples, intent.script, journey.name)
            for journey in agent.journeys.values()
            for intent in (journey.rehearsal.intents if journey.rehearsal else ())
        ]
        self.intents: list[Intent] = [*own, *theirs]

    async def answer(self, request: ModelRequest) -> AsyncIterator[Delta | ModelAnswer]:
        move = self.next_move(request)
        uses = move if isinstance(move, Sequence) else [move] if isinstance(move, Use) else []
        why = "; ".join(dict.fromkeys(u.why for u in uses)) if uses else getattr(move, "why", "")
        blocks: list[dict[str, Any]] = []
        if why:
            blocks.append({"type": "thinking", "thinking": why})
            yield Delta("thinking", why)
        for number, use in enumerate(uses, 1):
            call_id = f"call_{request.turn}_{request.answer}_{number}"
            blocks.append({"type": "tool_use", "id": call_id, "name": use.name, "input": use.args})
            yield Delta("tool", use.name)
        if isinstance(move, Say):
            blocks.append({"type": "text", "text": move.text})
            for chunk in re.findall(r"(?:\S+\s*){1,4}", move.text):
                yield Delta("text", chunk)
        yield ModelAnswer(blocks, "tool_use" if uses else "end_turn", self.name)

    def next_move(self, request: ModelRequest) -> Say | Use | Sequence[Use]:
        """The one move that follows from the conversation: words, or calls."""
        talk: Talk = request.talk
        if not self.intents:
            return Say(
                f"The agent {self.agent.name} has no rehearsal. Start with a real model (--model claude),"
                " or write a rehearsal.py beside its journey.",
                why="no rehearsal to play",
            )
        turns = _turns(request)
        unsent = _unsent(request)
        move = self._settled(self._decide(request, turns), Scene(talk, turns, len(turns) - 1))
        if isinstance(move, Say) and move.text in unsent:
            reason = unsent[move.text]
            move = Say(
                f"There is something I cannot tell you here: {reason}.", why=f"my reply was stopped: {reason}"
            )
            if len(unsent) > 1:
                return self._hand_off("policies keep stopping my reply", "two replies stopped: give up")
        return move

    def _settled(self, move: Move, now: Scene) -> Say | Use | Sequence[Use]:
        """Questions become words, a hand-off becomes its call."""
        if isinstance(move, Ask):
            return Say(move.text, why=move.why or f"{move.fact.name} missing: ask")
        if isinstance(move, Confirm):
            return Say(move.text, why=move.why or "ask before going on")
        if isinstance(move, HandOff):
            return self._hand_off(
                move.reason, move.why, refused=bool(now._turns[-1].calls and _failed(now, HAND_OFF))
            )
        return move

    def _hand_off(self, reason: str, why: str = "", refused: bool = False) -> Say | Use:
        if refused or not self.agent.hands_off:
            return Say("I am sorry: I cannot pass you on to a colleague from here.", why="no hand-off on offer")
        return Use(HAND_OFF, why=why or reason, reason=reason)

    # which scene the conversation is in

    def _decide(self, request: ModelRequest, turns: list[_Turn]) -> Move:
        talk: Talk = request.talk
        last = len(turns) - 1
        said = turns[last].said
        if _HUMAN.search(said):
            return HandOff("the customer asks for a person")
        now = Scene(talk, turns, last)
        intent, start = self._scene(talk, turns)
        move = None
        if intent is not None:
            move = self._play(intent, Scene(talk, turns, start), _unsent(request))
            acted = any(call.tool != LOOK_UP for _, call in turns[last].calls)
            new = start == last or acted or not self._at_rest(move, Scene(talk, turns[:last], start))
            if new and move is not None:
                return self._enter(intent, now) or move
        return self._aside(request, now, move)

    def _scene(self, talk: Talk, turns: list[_Turn]) -> tuple[Intent | None, int]:
        """The intent that is being played, and the turn in which it was heard."""
        intent: Intent | None = None
        start = 0
        for number, turn in enumerate(turns):
            heard = self._hear(turn.said)
            if heard is None or _HUMAN.search(turn.said):
                continue
            if intent is not None:
                question = self._play(intent, Scene(talk, turns[:number], start))
                if isinstance(question, Ask | Confirm):
                    if heard.intent is intent:
                        continue
                    if not heard.full and self._answers(question, turn.said):
                        continue
            intent, start = heard.intent, number
        return intent, start

    def _hear(self, text: str) -> Heard | None:
        """The intent whose examples are nearest to `text`; the first declared wins a tie."""
        if self.agent.knowledge and _QUESTION.match(text):
            return None
        words = _stems(text)
        best: Heard | None = None
        for intent in self.intents:
            for example in intent.examples:
                shared = len(words & example)
                weight = shared * shared / len(example)
                if shared / len(example) >= 0.6 and (best is None or weight > best.weight):
                    best = Heard(intent, weight, shared == len(example) > 1)
        return best

    @staticmethod
    def _answers(question: Ask | Confirm, text: str) -> bool:
        found = yes_or_no(text) if isinstance(question, Confirm) else question.fact.find(text)
        return found is not None

    @staticmethod
    def _at_rest(move: Move | None, before: Scene) -> bool:
        """Whether `move` only repeats what was said before."""
        return move is None or (isinstance(move, Say | Ask | Confirm) and before._was_said(move.text))

    # what a scene comes to

    def _play(self, intent: Intent, scene: Scene, unsent: Mapping[str, str] | None = None) -> Move | None:
        """Run a script up to the first move that is not made yet; None where it has no more."""
        done: Counter[str] = Counter()
        script = intent.script(scene)
        try:
            move = next(script)
            while True:
                became = self._became(move, scene, done, unsent or {})
                if became is _NOT_YET:
                    return move
                move = script.throw(became) if isinstance(became, Refused) else script.send(became)
        except StopIteration:
            return None
        except Refused as no:
            return _sorry(no)
        except CODE_ERRORS as error:
            where, _ = fault_place(error, source_of(intent.script))
            raise ModelStopped("model_error", f"the rehearsal failed: {describe(error)}", where=where) from error

    @staticmethod
    def _became(move: Move, scene: Scene, done: Counter[str], unsent: Mapping[str, str]) -> Any:
        def nth(key: str) -> int:
            done[key] += 1
            return done[key] - 1

        match move:
            case Say():
                return Refused("reply", "blocked", unsent[move.text]) if move.text in unsent else _NOT_YET
            case Ask():
                value = scene.fact(move.fact)
                return _NOT_YET if value is None else value
            case Confirm():
                return scene._confirmed(move.text, nth(move.text))
            case HandOff():
                return _NOT_YET
            case Use():
                return scene._made(move, nth(f"{move.name} {move.args}"))
        values = [scene._made(use, nth(f"{use.name} {use.args}")) for use in move]
        if _NOT_YET in values:
            return _NOT_YET
        return next((v for v in values if isinstance(v, Refused)), values)

    def _enter(self, intent: Intent, now: Scene) -> Move | None:
        """The call that enters the intent's journey; None where it is entered."""
        if not intent.journey or intent.journey == now.talk.journey or len(self.agent.journeys) < 2:
            return None
        goal = self.agent.journeys[intent.journey].goal
        if _failed(now, ENTER):
            return Say(
                f"I am sorry, I cannot help with this at the moment: {goal}.", why="that journey is not open"
            )
        return Use(ENTER, why=f"the customer wants: {goal}", journey=intent.journey)

    # what no script takes

    def _aside(self, request: ModelRequest, now: Scene, pending: Move | None) -> Move:
        """Small talk, a question of knowledge, or words not understood; then back to an open question."""
        said = now._turns[-1].said
        back = f"\n\n{pending.text}" if isinstance(pending, Ask | Confirm) else ""
        if self.agent.knowledge and ("?" in said or _QUESTION.match(said)):
            found = now._made(Use(LOOK_UP, question=said), 0)
            if found is _NOT_YET:
                return Use(LOOK_UP, why="a question: look it up, do not guess", question=said)
            if found and not isinstance(found, Refused):
                best = found[0]
                return Say(f"{_quote(best['text'])}\n(from {best['source']}){back}", why=f"quote {best['source']}")
        small = next((t for t, ws in _SMALL_TALK.items() if set(_words(said)) & set(ws.split())), "")
        if small:
            more = "" if back or not small.startswith("Hello") else f" {self._can_do(request)}"
            return Say(f"{small}{more}{back}", why="small talk")
        if back and now._all[-3:-1] and all(pending.text in "".join(t.replies) for t in now._all[-3:-1]):  # type: ignore[union-attr]
            return HandOff(
                "I could not follow the customer", why="asked twice, not understood: a person is better"
            )
        if back:
            return Say(f"Sorry, I did not follow that.{back}", why="not understood: ask again")
        return Say(
            f"Sorry, I did not follow that. {self._can_do(request)}", why="not understood: say what I can do"
        )

    def _can_do(self, request: ModelRequest) -> str:
        """The goals on offer now."""
        enter = next((t for t in request.tools if t["name"] == ENTER), None)
        others = enter["input_schema"]["properties"]["journey"]["enum"] if enter else list(self.agent.journeys)
        goals = [j.goal for j in self.agent.journeys.values() if j.name in (*others, request.talk.journey)]
        lines = ["I can help you with:", *(f"- {goal}" for goal in goals)]
        if self.agent.hands_off:
            lines.append("Or write “a human, please”.")
        return "\n".join(lines)


def _failed(now: Scene, tool: str) -> bool:
    """Whether `tool` was tried in this turn and did not work."""
    return any(call.tool == tool and not call.ok for _, call in now._turns[-1].calls)


def _sorry(no: Refused) -> Say:
    reason = no.reason.rstrip(".")
    if no.outcome == "blocked":
        return Say(
            f"I am sorry, I am not allowed to do that: {reason}.", why=f"a policy blocked {no.tool}: say so"
        )
    if no.outcome == "error" and reason:
        return Say(f"That did not work: {reason}.", why=f"{no.tool} said no: tell the customer")
    return Say(
        "Something went wrong on our side. Write “a human, please” and a colleague takes over.",
        why=f"{no.tool}: {no.outcome}",
    )


def _quote(text: str) -> str:
    """A section without its heading, as a quotation."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
    return f"“{body.split(chr(10) * 2)[0]}”"


def _turns(request: ModelRequest) -> list[_Turn]:
    """The conversation a turn an item, each call with the arguments that were asked for."""
    talk: Talk = request.talk
    asked = {
        block.get("id"): block.get("input")
        for message in request.messages
        if message["role"] == "assistant"
        for block in message["content"]
        if block.get("type") == "tool_use"
    }
    turns: list[_Turn] = []
    for who, text in talk.dialogue:
        if who == "user":
            turns.append(_Turn(text))
        elif turns:
            turns[-1].replies.append(text)
    for call in talk.calls:
        place = call.place
        args = asked.get(f"call_{place.turn}_{place.answer}_{place.call}")  # a policy may have run it with others
        turns[place.turn - 1].calls.append((args if isinstance(args, dict) else call.args, call))
    return turns


_NOT_SENT = "(Your reply was not sent. Policy: "


def _unsent(request: ModelRequest) -> dict[str, str]:
    """The replies of this turn that a policy stopped, and why."""
    stopped: dict[str, str] = {}
    words = ""
    for message in request.messages:
        for block in message["content"]:
            text = str(block.get("text") or "")
            if message["role"] == "assistant":
                words = text or words
            elif text.startswith(_NOT_SENT):
                stopped[words] = text.removeprefix(_NOT_SENT).removesuffix(")")
            elif block.get("type") == "text":
                stopped = {}
    return stopped
