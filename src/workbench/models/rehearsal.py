"""The rehearsal: the Model that plays the scripts next to the journeys.

It finds the customer's intent, enters its journey and plays its script. It answers
by itself what no script handles: a request for a human, a knowledge question,
words it does not understand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..authoring.agent import Agent
from ..authoring.builtin import ENTER, HAND_OFF, LOOK_UP
from ..authoring.rehearsal import Ask, Call, Confirm, DialogueTurn, HandOff, Intent, Say, Scene, ScriptAction
from ..authoring.views import Conversation
from ..engine.model import Delta, DeltaSink, ModelAnswer, ModelRequest
from .intents import Intents, wants_human
from .script import play
from .small_talk import aside


class RehearsalModel:
    """The Model that plays an agent's rehearsals."""

    name = "rehearsal"

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.params: dict[str, Any] = {}
        self.intents = Intents(agent)

    async def answer(self, request: ModelRequest, show: DeltaSink) -> ModelAnswer:
        move = self.next_action(request)
        uses = move if isinstance(move, Sequence) else [move] if isinstance(move, Call) else []
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

    def next_action(self, request: ModelRequest) -> Say | Call | Sequence[Call]:
        """Return the next action for the conversation: text or calls."""
        conversation: Conversation = request.conversation
        if not self.intents.all:
            return Say(
                f"The agent {self.agent.name} has no rehearsal. Start with a real model (--model claude),"
                " or write a rehearsal.py beside its journey.",
                why="no rehearsal to play",
            )
        turns = _turns(request)
        unsent = turns[-1].blocked_replies
        move = self._settled(self._decide(request, turns), Scene(conversation, turns, len(turns) - 1))
        if not isinstance(move, Say) or move.text not in unsent:
            return move
        if len(unsent) > 1:
            return self._hand_off("policies keep stopping my reply", "two replies stopped: give up")
        reason = unsent[move.text]
        return Say(f"There is something I cannot tell you here: {reason}.", why=f"my reply was stopped: {reason}")

    def _settled(self, step: ScriptAction, now: Scene) -> Say | Call | Sequence[Call]:
        """Turn questions into text and a hand-off into its call."""
        if isinstance(step, Say) and not step.why:
            return Say(step.text, why="all is known: tell the customer")
        if isinstance(step, Ask):
            return Say(step.text, why=step.why or f"{step.fact.name} missing: ask")
        if isinstance(step, Confirm):
            return Say(step.text, why=step.why or "ask before going on")
        if isinstance(step, HandOff):
            return self._hand_off(step.reason, step.why, refused=_failed(now, HAND_OFF))
        return step

    def _hand_off(self, reason: str, why: str = "", refused: bool = False) -> Say | Call:
        if refused or not self.agent.allow_handoff:
            return Say(
                "I am sorry: I cannot pass you on to a colleague from here.", why="hand-off is not available"
            )
        return Call(HAND_OFF, why=why or reason, reason=reason)

    def _decide(self, request: ModelRequest, turns: list[DialogueTurn]) -> ScriptAction:
        conversation: Conversation = request.conversation
        last = len(turns) - 1
        said = turns[last].said
        if wants_human(said):
            return HandOff("the customer asks for a person")
        now = Scene(conversation, turns, last)
        intent, start = self.intents.scene(conversation, turns)
        step = None
        if intent is not None:
            step = play(intent, Scene(conversation, turns, start))
            acted = any(call.tool != LOOK_UP for _, call in turns[last].calls)
            new = start == last or acted or not _at_rest(step, Scene(conversation, turns[:last], start))
            if new and step is not None:
                return self._enter(intent, now) or step
        return aside(self.agent, request, now, step)

    def _enter(self, intent: Intent, now: Scene) -> ScriptAction | None:
        """Return the call that enters the intent's journey; None if it is already entered."""
        if not intent.journey or intent.journey == now.conversation.journey or len(self.agent.journeys) < 2:
            return None
        goal = self.agent.journeys[intent.journey].goal
        if _failed(now, ENTER):
            return Say(f"I am sorry, I cannot help with this at the moment: {goal}.", why="that journey is closed")
        return Call(ENTER, why=f"the customer wants: {goal}", journey=intent.journey)


def _at_rest(step: ScriptAction | None, before: Scene) -> bool:
    """Return whether the action only repeats what was said before."""
    return step is None or (isinstance(step, Say | Ask | Confirm) and before.was_asked(step.text))


def _failed(now: Scene, tool: str) -> bool:
    """Return whether `tool` was called in this turn and failed."""
    return any(call.tool == tool and not call.ok for _, call in now.turns[-1].calls)


def _turns(request: ModelRequest) -> list[DialogueTurn]:
    """Return the conversation by turns, each call with the arguments that were requested."""
    conversation: Conversation = request.conversation
    turns: list[DialogueTurn] = []
    for who, text in conversation.messages:
        if who == "user":
            turns.append(DialogueTurn(text))
        elif turns:
            turns[-1].replies.append(text)
    asked = _read(request.messages, turns)
    for call in conversation.calls:
        step_id = call.step_id
        args = asked.get(f"call_{step_id.turn}_{step_id.answer}_{step_id.call}")  # a policy may have changed them
        turns[step_id.turn - 1].calls.append((call.args if args is None else args, call))
    return turns


_NOT_SENT = "(Your reply was not sent. Policy: "


def _read(messages: list[dict[str, Any]], turns: list[DialogueTurn]) -> dict[str, dict[str, Any]]:
    """Collect what only the messages contain: requested arguments by call id, and blocked replies."""
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
                turns[turn].blocked_replies[words] = text.removeprefix(_NOT_SENT).removesuffix(")")
            elif block.get("type") == "text":
                turn += 1
    return asked
