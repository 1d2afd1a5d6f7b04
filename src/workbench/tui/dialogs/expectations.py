"""The list of the expectations that a transcript may get."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType

from ...trace.steps import Step
from ...trace.trace import Trace
from ...transcripts.expectation import EXPECTATION_KINDS, Expectation
from ...transcripts.matching import ignore_one_more
from ...transcripts.predicates import JudgedRun, holds
from ...transcripts.suggestions import suggest, suggest_golden
from ..view.text import Line, Span, fit, one_line
from ..widgets.list import ListPane

DECIDED = {  # a short text for the list, a full one for the selection
    "offline": ("offline", "good", "checked in every replay"),
    "world": ("needs the tool", "warn", "checked only if the tool runs: workbench replay --tools=sandbox"),
    "live": ("needs a model", "warn", "checked only with a live model: workbench trial"),
}
WORDS = 15  # cells of the short words


class Expectations(ListPane):
    """Lists suggestions: of a mistake exactly one is chosen, of a golden transcript any number.

    Space chooses another one for a golden transcript; → ignores one more argument of the selected one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "relax", "ignore an argument", show=False),
        Binding("space", "choose", "choose", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.choices: list[Expectation] = []
        self.many = False
        self.picked: set[int] = set()

    @property
    def count(self) -> int:
        return len(self.choices)

    def line(self, index: int, width: int) -> Line:
        e = self.choices[index]
        words, role, _ = DECIDED[e.decided_by]
        box = ("[x] " if index in self.picked else "[ ] ") if self.many else "( ) "
        if not self.many and index == self.cursor:
            box = "(•) "
        step = f"{e.step}  " if self.many else ""
        sentence = one_line(e.description, 200) + (" …" if needs_text(e) and not e.text else "")
        left = fit([Span(box, "accent"), Span(step, "dim"), Span(sentence)], width - WORDS - 2)
        return (*left, Span("  "), *fit([Span(words, role)], WORDS))

    def offer(self, choices: list[Expectation], many: bool) -> None:
        """List other suggestions."""
        self.choices, self.many, self.picked, self.cursor = choices, many, set(), 0
        self.styles.height = min(max(len(choices), 1), 8)
        self.redraw()

    def action_relax(self) -> None:
        if self.choices:
            self.choices[self.cursor] = ignore_one_more(self.choices[self.cursor])
            self.redraw()

    def action_choose(self) -> None:
        if self.many and self.choices:
            self.picked ^= {self.cursor}
            self.redraw()

    def write_text(self, text: str) -> None:
        """Set the text of the selected expectation; a text that was written chooses it."""
        chosen = self.selected
        if chosen is None or chosen.text == text:
            return
        self.choices[self.cursor] = msgspec.structs.replace(chosen, text=text)
        if self.many and text:
            self.picked.add(self.cursor)
        self.redraw()

    @property
    def selected(self) -> Expectation | None:
        """Return the expectation of the cursor."""
        return self.choices[self.cursor] if self.choices else None

    @property
    def chosen(self) -> list[int]:
        """Return the indexes of the chosen expectations."""
        return sorted(self.picked) if self.many else [self.cursor] if self.choices else []


def of_mistake(trace: Trace, step: Step, policies: list[str]) -> list[Expectation]:
    """Return the suggestions for a mistake that the form can complete, and that the recording does not meet."""
    run = JudgedRun(trace)
    return [e for e in suggest(step, policies) if fillable(e, step) and (needs_text(e) or not holds(e, run))]


def of_golden(trace: Trace) -> list[Expectation]:
    """Return the suggestions for a golden transcript, the last steps first."""
    return suggest_golden(trace)[::-1]


def needs_text(expectation: Expectation) -> bool:
    """Return whether the user must give the text of an expectation."""
    return "{text" in EXPECTATION_KINDS[expectation.kind].description


def fillable(expectation: Expectation, step: Step) -> bool:
    """Return whether the form can ask for all that an expectation needs: text, but no arguments and no order."""
    if expectation.kind == "result" and step.result is not None and isinstance(step.result.value, dict):
        return False
    return all(
        field == "text" or getattr(expectation, field) for field in EXPECTATION_KINDS[expectation.kind].needs
    )
