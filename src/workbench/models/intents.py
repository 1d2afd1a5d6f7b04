"""Find the intent of the customer, and the turn in which it started."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..authoring.agent import Agent
from ..authoring.phrases import stems
from ..authoring.rehearsal import Ask, Confirm, DialogueTurn, Intent, Scene
from ..authoring.views import Conversation
from .script import play

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


def wants_human(text: str) -> bool:
    """Return whether the customer asks for a human."""
    return _HUMAN.search(text) is not None


def gives_up(text: str) -> bool:
    """Return whether the customer drops the current request."""
    return _NEVER_MIND.search(text) is not None


def is_question(text: str) -> bool:
    """Return whether the message starts like a knowledge question."""
    return _QUESTION.match(text) is not None


class IntentMatch(NamedTuple):
    """An intent that a message matches, and the quality of the match."""

    intent: Intent
    weight: float
    full: bool  # all significant words of an example, at least two


class Intents:
    """The intents of an agent and its journeys."""

    def __init__(self, agent: Agent) -> None:
        self.asks_knowledge = bool(agent.knowledge)
        own = agent.rehearsal.intents if agent.rehearsal else []
        theirs = [
            Intent(intent.examples, intent.script, journey.name)
            for journey in agent.journeys.values()
            for intent in (journey.rehearsal.intents if journey.rehearsal else ())
        ]
        self.all: list[Intent] = [*own, *theirs]

    def scene(self, conversation: Conversation, turns: list[DialogueTurn]) -> tuple[Intent | None, int]:
        """Return the current intent, and the turn in which it was matched."""
        intent: Intent | None = None
        start = 0
        for number, turn in enumerate(turns):
            if gives_up(turn.said):
                intent = None
                continue
            matched = self.match(turn.said)
            if matched is None or wants_human(turn.said):
                continue
            if intent is not None:
                question = play(intent, Scene(conversation, turns[:number], start))
                if isinstance(question, Ask | Confirm):
                    if matched.intent is intent:
                        continue
                    if not matched.full and _answers(question, turn.said):
                        continue
            intent, start = matched.intent, number
        return intent, start

    def match(self, text: str) -> IntentMatch | None:
        """Return the intent whose examples are closest to `text`; the first declared one wins a tie."""
        if self.asks_knowledge and is_question(text):
            return None
        words = stems(text)
        best: IntentMatch | None = None
        for intent in self.all:
            for example in intent.examples:
                shared = len(words & example)
                weight = shared * shared / len(example)
                if shared / len(example) >= 0.6 and (best is None or weight > best.weight):
                    best = IntentMatch(intent, weight, shared == len(example) > 1)
        return best


def _answers(question: Ask | Confirm, text: str) -> bool:
    found = question.find(text) if isinstance(question, Confirm) else question.fact.find(text, asked=True)
    return found is not None
