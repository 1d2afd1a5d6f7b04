"""Agent: a value that the engineer declares and the engine reads.

An agent is defined in journeys/<agent>/agent.py, a journey in
journeys/<agent>/<journey>/journey.py. Decorators only register functions;
nothing runs before a conversation does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ..errors import JourneyError
from ..plain import escape_surrogates
from ..trace.blobs import PromptSection
from .declarations import Declarations
from .journey import Journey
from .knowledge import KnowledgeIndex, read_sections
from .policy import Escalate, Policy
from .tool import Tool


class Limits(msgspec.Struct, frozen=True):
    """Limits of one turn: model calls, output tokens, wall-clock seconds. Exceeding one ends the turn.

    `blocked_replies` is the number of replies that policies may block before the turn ends: the
    customer then gets the agent's `fallback`.
    `blocking_seconds` is how long a tool, policy or import may block; after that the
    worker counts as hung and is killed.
    """

    model_calls: int = 12
    tokens: int = 20_000
    turn_seconds: float = 120.0
    blocked_replies: int = 2
    blocking_seconds: float = 10.0


class Agent(Declarations):
    """An agent: its persona, its journeys, its agent-wide policies and tools, and its fixtures.

    `persona` is a Markdown file next to the code. `knowledge` is a folder of Markdown
    files that the agent may search and quote. `fixtures` is a folder of JSON files, each
    a starting state of the world; `fixture` is the default one. `allow_handoff` offers the
    model the built-in tool hand_off; `handoff_message` is then sent to the customer.
    `fallback` is sent when policies have blocked as many replies as `limits` allows; an
    `Escalate(reason, reply=...)` hands the conversation off instead, "" sends nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        journeys: Iterable[Journey] = (),
        persona: str = "persona.md",
        knowledge: str = "",
        fixtures: str = "fixtures",
        fixture: str = "",
        allow_handoff: bool = True,
        handoff_message: str = "I am handing you over to a colleague, who will read this conversation first.",
        fallback: str | Escalate = "I am sorry, I cannot answer that. Could you ask it in another way?",
        limits: Limits | None = None,
    ) -> None:
        super().__init__(name)
        if not isinstance(fallback, str | Escalate):
            raise JourneyError(
                f"fallback is {fallback!r:.60}",
                where=self.source,
                hint="use a text for the customer, or Escalate(reason, reply=...)",
            )
        self.fallback = escape_surrogates(fallback) if isinstance(fallback, str) else fallback
        self.allow_handoff = allow_handoff
        self.handoff_message = handoff_message
        self.journeys: dict[str, Journey] = {}
        for journey in journeys:
            if journey.name in self.journeys:
                raise JourneyError(f"duplicate journey name {journey.name!r}", where=self.source)
            self.journeys[journey.name] = journey
        self.persona = persona
        self.knowledge = knowledge
        self.fixtures = fixtures
        self.fixture = fixture
        self.limits = limits or Limits()

    @property
    def _scope(self) -> str:
        return ""

    @cached_property
    def persona_sections(self) -> tuple[PromptSection, ...]:
        return tuple(read_sections(Path(self.folder, self.persona), self.file, self.source, "persona"))

    @cached_property
    def knowledge_sections(self) -> tuple[PromptSection, ...]:
        """Return the sections of the knowledge files, with their sources."""
        if not self.knowledge:
            return ()
        folder = Path(self.folder, self.knowledge)
        if not folder.is_dir():
            raise JourneyError(
                f"the knowledge folder {self.knowledge!r} does not exist",
                where=self.source,
                hint="create the folder, or remove knowledge=",
            )
        found: list[PromptSection] = []
        for path in sorted(folder.glob("**/*.md")):
            found += read_sections(path, self.file, self.source, path.stem)
        return tuple(found)

    def search_knowledge(self, question: str) -> list[dict[str, Any]]:
        """Return the two sections that share the most significant words with `question`, best first."""
        return self._knowledge_index.search(question)

    @cached_property
    def _knowledge_index(self) -> KnowledgeIndex:
        return KnowledgeIndex(self.knowledge_sections)

    @property
    def only_journey(self) -> str:
        """Return the name of the journey if there is exactly one, else ""."""
        return next(iter(self.journeys)) if len(self.journeys) == 1 else ""

    def all_tools(self) -> list[Tool]:
        return [*self.tools.values(), *(t for j in self.journeys.values() for t in j.tools.values())]

    def world_classes(self) -> dict[str, type[Any]]:
        """Return the injected world classes by name; a tool with unreadable types contributes none.

        Raises JourneyError for two classes with one name, by which fixtures and changes refer to them.
        """
        found: dict[str, type[Any]] = {}
        for tool in self.all_tools():
            injected: Iterable[type[Any]] = ()
            with contextlib.suppress(JourneyError):
                injected = tool.injected.values()
            for kind in injected:
                if not hasattr(kind, "__workbench_world__"):
                    continue
                other = found.setdefault(kind.__name__, kind)
                if other is not kind:
                    from .world_types import class_location

                    raise JourneyError(
                        f"two world classes are named {kind.__name__}, here and at {class_location(other)}",
                        where=class_location(kind),
                        hint="rename one of them: fixtures and recorded changes refer to a class by its name",
                        code="world-name",
                    )
        return found

    def all_policies(self) -> list[Policy]:
        return [*self.policies, *(p for j in self.journeys.values() for p in j.policies)]
