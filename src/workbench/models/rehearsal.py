"""The rehearsal: the Model that plays the scripts written beside the journeys.

It finds which intent the customer has, enters its journey and plays its script.
What no script takes (a person is wanted, a question of knowledge, words it does
not understand) it answers by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..authoring.agent import Agent
from ..authoring.builtin import ENTER, HAND_OFF, LOOK_UP
from ..authoring.phrases import stems, words_of
from ..authoring.rehearsal import NOT_YET, Ask, Confirm, HandOff, Intent, Move, Refused, Say, Scene, Turn, Use
from ..authoring.views import Talk
from ..engine.faults import CODE_ERRORS, describe
from ..engine.model import Delta, ModelAnswer, ModelRequest, Show
from ..errors import ModelStopped
from ..source import fault_place, source_of

_HUMAN = re.compile(
    r"\b(a|an|to|real)\s+(human|person|colleague|agent|someone|manager|supervisor|operator)\b"
    r"|\b(real (human|person|agent)|human being|somebody real)\b|^\W*(human|agent|person|operator)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^\W*(what|when|where|which|who|how (long|much|many|soon|fast|far|often|big)|do you)\b",
    re.IGNORECASE,
)
_NEVER_MIND = re.compile(
    r"\b(never ?mind|forget (it|about it)|don['’]?t want to|do not want to|stop it)\b", re.IGNORECASE
)
_SORRY = "Sorry, I did not follow that."
_SMALL_TALK = {
    "You are welcome. Is there anything else?": "thanks thank thx ty cheers",
    "Goodbye, and thank you for coming by.": "bye goodbye ciao",
    "Hello!": "hello hi hey morning evening afternoon",
}


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

    async def answer(self, request: ModelRequest, show: Show) -> ModelAnswer:
        move = self.next_move(request)
        uses = move if isinstance(move, Sequence) else [move] if isinstance(move, Use) else []
        why = "; ".join(dict.fromkeys(u.why for u in uses)) if uses else getattr(move, "why", "")
        blocks: list[dict[str, Any]] = []
        if why:
            blocks.append({"type": "thinking", "thinking": why})
            show(Delta("thinking", why))
        for number, use in enumerate(uses, 1):
            call_id = f"call_{request.turn}_{request.answer}_{number}"
            blocks.append({"type": "tool_use", "id": call_id, "name": use.name, "input": use.args})
            show(Delta("tool", use.name))
        if isinstance(move, Say):
            blocks.append({"type": "text", "text": move.text})
            for chunk in re.findall(r"(?:\S+\s*){1,4}", move.text):
                show(Delta("text", chunk))
        return ModelAnswer(blocks, "tool_use" if uses else "end_turn", self.name)

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
        unsent = turns[-1].unsent
        move = self._settled(self._decide(request, turns), Scene(talk, turns, len(turns) - 1))
        if not isinstance(move, Say) or move.text not in unsent:
            return move
        if len(unsent) > 1:
            return self._hand_off("policies keep stopping my reply", "two replies stopped: give up")
        reason = unsent[move.text]
        return Say(f"There is something I cannot tell you here: {reason}.", why=f"my reply was stopped: {reason}")

    def _settled(self, move: Move, now: Scene) -> Say | Use | Sequence[Use]:
        """Questions become words, a hand-off becomes its call."""
        if isinstance(move, Say) and not move.why:
            return Say(move.text, why="all is known: tell the customer")
        if isinstance(move, Ask):
            return Say(move.text, why=move.why or f"{move.fact.name} missing: ask")
        if isinstance(move, Confirm):
            return Say(move.text, why=move.why or "ask before going on")
        if isinstance(move, HandOff):
            return self._hand_off(move.reason, move.why, refused=_failed(now, HAND_OFF))
        return move

    def _hand_off(self, reason: str, why: str = "", refused: bool = False) -> Say | Use:
        if refused or not self.agent.hands_off:
            return Say("I am sorry: I cannot pass you on to a colleague from here.", why="no hand-off on offer")
        return Use(HAND_OFF, why=why or reason, reason=reason)

    # which scene the conversation is in

    def _decide(self, request: ModelRequest, turns: list[Turn]) -> Move:
        talk: Talk = request.talk
        last = len(turns) - 1
        said = turns[last].said
        if _HUMAN.search(said):
            return HandOff("the customer asks for a person")
        now = Scene(talk, turns, last)
        intent, start = self._scene(talk, turns)
        move = None
        if intent is not None:
            move = self._play(intent, Scene(talk, turns, start))
            acted = any(call.tool != LOOK_UP for _, call in turns[last].calls)
            new = start == last or acted or not self._at_rest(move, Scene(talk, turns[:last], start))
            if new and move is not None:
                return self._enter(intent, now) or move
        return self._aside(request, now, move)

    def _scene(self, talk: Talk, turns: list[Turn]) -> tuple[Intent | None, int]:
        """The intent that is being played, and the turn in which it was heard."""
        intent: Intent | None = None
        start = 0
        for number, turn in enumerate(turns):
            if _NEVER_MIND.search(turn.said):
                intent = None
                continue
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
        words = stems(text)
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
        found = question.find(text) if isinstance(question, Confirm) else question.fact.find(text, asked=True)
        return found is not None

    @staticmethod
    def _at_rest(move: Move | None, before: Scene) -> bool:
        """Whether `move` only repeats what was said before."""
        return move is None or (isinstance(move, Say | Ask | Confirm) and before.was_said(move.text))

    # what a scene comes to

    def _play(self, intent: Intent, scene: Scene) -> Move | None:
        """Run a script up to the first move that is not made yet; None where it has no more."""
        done: Counter[str] = Counter()
        script = intent.script(scene)
        try:
            move = next(script)
            while True:
                became = self._became(move, scene, done)
                if became is NOT_YET:
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
    def _became(move: Move, scene: Scene, done: Counter[str]) -> Any:
        def nth(key: str) -> int:
            done[key] += 1
            return done[key] - 1

        match move:
            case Say():
                return scene.said(move)
            case Ask():
                value = scene.fact(move.fact)
                return NOT_YET if value is None else value
            case Confirm():
                return scene.confirmed(move, nth(move.text))
            case HandOff():
                return NOT_YET
            case Use():
                return scene.made(move, nth(f"{move.name} {move.args}"))
        values = [scene.made(use, nth(f"{use.name} {use.args}")) for use in move]
        if NOT_YET in values:
            return NOT_YET
        return next((v for v in values if isinstance(v, Refused)), values)

    def _enter(self, intent: Intent, now: Scene) -> Move | None:
        """The call that enters the intent's journey; None where it is entered."""
        if not intent.journey or intent.journey == now.talk.journey or len(self.agent.journeys) < 2:
            return None
        goal = self.agent.journeys[intent.journey].goal
        if _failed(now, ENTER):
            return Say(f"I am sorry, I cannot help with this at the moment: {goal}.", why="that journey is closed")
        return Use(ENTER, why=f"the customer wants: {goal}", journey=intent.journey)

    # what no script takes

    def _aside(self, request: ModelRequest, now: Scene, pending: Move | None) -> Move:
        """Small talk, a question of knowledge, or words not understood; then back to an open question."""
        said = now.turns[-1].said
        back = f"\n\n{pending.text}" if isinstance(pending, Ask | Confirm) else ""
        if self.agent.knowledge and ("?" in said or _QUESTION.match(said)):
            found = now.made(Use(LOOK_UP, question=said), 0)
            if found is NOT_YET:
                return Use(LOOK_UP, why="a question: look it up, do not guess", question=said)
            if section := _telling(found, said):
                return Say(
                    f"{_quote(section['text'])}\n(from {section['source']}){back}", f"quote {section['source']}"
                )
            nothing = "I find nothing about that in what we have written down."
            return Say(f"{nothing}{back or ' ' + self._can_do(request)}", why="no source: say so, do not guess")
        if _NEVER_MIND.search(said):
            return Say(
                "All right, we leave it. Is there anything else?", why="the customer does not want it any more"
            )
        small = next((t for t, ws in _SMALL_TALK.items() if set(words_of(said)) & set(ws.split())), "")
        if small:
            more = "" if back or not small.startswith("Hello") else f" {self._can_do(request)}"
            return Say(f"{small}{more}{back}", why="small talk")
        if not back:
            return Say(f"{_SORRY} {self._can_do(request)}", why="not understood: say what I can do")
        if all(any(r.startswith(_SORRY) for r in t.replies) for t in now.all_turns[-3:-1]):
            return HandOff("I could not follow the customer", why="not understood three times: a person is better")
        return Say(f"{_SORRY}{back}", why="not understood: ask again")

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
    return any(call.tool == tool and not call.ok for _, call in now.turns[-1].calls)


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


def _telling(found: Any, question: str) -> dict[str, Any] | None:
    """The best section that shares at least half of the question's telling words."""
    asked = stems(question)
    if isinstance(found, Refused) or not asked:
        return None
    telling = (s for s in found if 2 * len(asked & stems(f"{s['title']} {s['text']}")) >= len(asked))
    return next(telling, None)


def _quote(text: str) -> str:
    """A section without its heading, as a quotation."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()
    return f"“{body.split(chr(10) * 2)[0]}”"


def _turns(request: ModelRequest) -> list[Turn]:
    """The conversation a turn an item, each call with the arguments that were asked for."""
    talk: Talk = request.talk
    turns: list[Turn] = []
    for who, text in talk.dialogue:
        if who == "user":
            turns.append(Turn(text))
        elif turns:
            turns[-1].replies.append(text)
    asked = _read(request.messages, turns)
    for call in talk.calls:
        place = call.place
        args = asked.get(f"call_{place.turn}_{place.answer}_{place.call}")  # a policy may have run it with others
        turns[place.turn - 1].calls.append((call.args if args is None else args, call))
    return turns


_NOT_SENT = "(Your reply was not sent. Policy: "


def _read(messages: list[dict[str, Any]], turns: list[Turn]) -> dict[str, dict[str, Any]]:
    """What only the messages tell: the arguments asked for, by call id, and the replies that were stopped."""
    asked: dict[str, dict[str, Any]] = {}
    words, turn = "", -1
    for message in messages:
        for block in message["content"]:
            text = str(block.get("text") or "")
            if block.get("type") == "tool_use":
                asked[str(block.get("id"))] = block.get("input") or {}
            elif message["role"] == "assistant":
                words = text or words
            elif text.startswith(_NOT_SENT):
                turns[turn].unsent[words] = text.removeprefix(_NOT_SENT).removesuffix(")")
            elif block.get("type") == "text":
                turn += 1
    return asked
