"""Agent: what an engineer writes, as a value the engine reads.

An agent lives in journeys/<agent>/agent.py, a journey in
journeys/<agent>/<journey>/journey.py. The decorators only collect; nothing runs
until a conversation does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ..errors import JourneyError
from ..trace.blobs import PromptSection
from .declarations import Declarations
from .journey import Journey
from .knowledge import best_sections, read_sections
from .policy import Policy
from .tool import Tool


class Limits(msgspec.Struct, frozen=True):
    """Per turn: answers of the model, tokens it wrote, seconds of wall clock. Past one, the turn ends.

    `code` is how many seconds a tool, policy or import may block without
    waiting on anything: past it the worker counts as stuck and is ended.
    """

    model_calls: int = 12
    tokens: int = 20_000
    turn_seconds: float = 120.0
    blocking_seconds: float = 10.0


class Agent(Declarations):
    """Persona and voice, journeys, the policies that hold everywhere, the world its tools act on.

    `persona` is a Markdown file beside the code; `knowledge` a folder of
    Markdown files the agent may look up and quote; `fixtures` a folder of JSON
    files a conversation's world can start from, `fixture` the one it starts
    from unless another is chosen. `hands_off` offers the model
    the built-in hand_off tool; `hand_off_text` is what the customer then reads.
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
        hands_off: bool = True,
        hand_off_text: str = "I am handing you over to a colleague, who will read this conversation first.",
        limits: Limits | None = None,
    ) -> None:
        super().__init__(name)
        self.allow_handoff = hands_off
        self.handoff_message = hand_off_text
        self.journeys: dict[str, Journey] = {}
        for journey in journeys:
            if journey.name in self.journeys:
                raise JourneyError(f"two journeys are named {journey.name!r}", where=self.source)
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
        """The knowledge, a span a section, sources included."""
        if not self.knowledge:
            return ()
        folder = Path(self.folder, self.knowledge)
        if not folder.is_dir():
            raise JourneyError(
                f"the knowledge folder {self.knowledge!r} is not there",
                where=self.source,
                next="make the folder, or take knowledge= away",
            )
        found: list[PromptSection] = []
        for path in sorted(folder.glob("**/*.md")):
            found += read_sections(path, self.file, self.source, path.stem)
        return tuple(found)

    def search_knowledge(self, question: str) -> list[dict[str, Any]]:
        """The two sections that share the most telling words with `question`, best first."""
        return best_sections(self.knowledge_sections, question)

    def all_tools(self) -> list[Tool]:
        return [*self.tools.values(), *(t for j in self.journeys.values() for t in j.tools.values())]

    def world_classes(self) -> dict[str, type[Any]]:
        """The classes of the world that tools are handed, by name; tools whose types cannot be read have none."""
        found: dict[str, type[Any]] = {}
        for tool in self.all_tools():
            with contextlib.suppress(JourneyError):
                found |= {k.__name__: k for k in tool.injected.values() if hasattr(k, "__workbench_world__")}
        return found

    def all_policies(self) -> list[Policy]:
        return [*self.policies, *(p for j in self.journeys.values() for p in j.policies)]
