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

    `manual` is a Markdown file beside the code; `when` a condition
    `(conversation) -> bool` under which the journey is on offer.
    """

    def __init__(self, name: str, *, goal: str, manual: str = "manual.md", when: Condition | None = None) -> None:
        super().__init__(name)
        self.goal = goal
        self.manual = manual
        self.when = when

    @cached_property
    def sections(self) -> tuple[PromptSection, ...]:
        """The manual, a span a section."""
        return tuple(read_sections(Path(self.folder, self.manual), self.file, self.source, f"{self.name} manual"))
