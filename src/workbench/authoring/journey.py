"""Journey: one goal a customer may have, with its manual, tools and policies."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from ..trace.blobs import PromptSection
from .declarations import Declarations
from .knowledge import read_sections
from .tool import Condition


class Journey(Declarations):
    """One goal a customer may have: its manual, tools and policies.

    `manual` is a Markdown file next to the code. `when` is a condition
    `(conversation) -> bool`: the journey is available while it returns True.
    """

    def __init__(self, name: str, *, goal: str, manual: str = "manual.md", when: Condition | None = None) -> None:
        super().__init__(name)
        self.goal = goal
        self.manual = manual
        self.when = when

    @cached_property
    def sections(self) -> tuple[PromptSection, ...]:
        """Return the sections of the manual."""
        return tuple(read_sections(Path(self.folder, self.manual), self.file, self.source, f"{self.name} manual"))
