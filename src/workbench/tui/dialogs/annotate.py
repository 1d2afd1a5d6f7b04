"""Marking a step: whose fault, how bad, which kind, what should have happened."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ...errors import WorkbenchError
from ...trace.describe import tell as tell_move
from ...trace.steps import Move
from ...transcripts.transcript import FAULTS, MARK_KINDS, SEVERITIES, Mark, MarkFault, MarkKind
from ...workspace.session import Session
from ..view.text import clean
from ..widgets.choice import Choice
from .form import Form, FormLine

FAULT_HINTS = {
    "agent": "the agent did or said what it should not; this makes a regression",
    "policy": "a policy decided wrongly or is missing; this makes a regression",
    "tool": "a tool gave or did the wrong thing; this makes a regression",
    "user": "the customer; kept as a note, it makes no regression",
    "world": "the data; kept as a note, it makes no regression",
    "test": "the test itself; kept as a note, it makes no regression",
}


class MarkScreen(Form[Mark]):
    """Gives back the mark that was made, or None. One that cannot be kept is not lost: the form stays."""

    TITLE_TEXT = "Mark this step"

    def __init__(self, move: Move, session: Session, draft: str = "") -> None:
        super().__init__(draft)
        self.move = move
        self.session = session
        self.mark = session.marks.get(str(move.place)) or fresh_mark(move)

    def fields(self) -> ComposeResult:
        yield Static(Content(f"{self.mark.at}  {clean(tell_move(self.move), 400)}"), classes="label")
        yield self.field("fault", Choice(list(FAULTS), self.mark.fault, id="fault"))
        yield Static(FAULT_HINTS[self.mark.fault], id="hint", classes="hint", markup=False)
        yield self.field("severity", Choice(list(SEVERITIES), self.mark.severity, id="severity"))
        yield self.field("kind", Choice(list(MARK_KINDS), self.mark.kind, id="kind"))
        note = FormLine(id="note", placeholder="what went wrong")
        note.text = self.mark.note
        yield self.field("note", note)
        should = FormLine(id="should", placeholder="what should have happened, in a sentence")
        should.text = self.mark.should
        yield self.field("should", should)

    def on_mount(self) -> None:
        self.recall()

    @on(Choice.Changed, "#fault")
    def _hint(self, event: Choice.Changed) -> None:
        self.query_one("#hint", Static).update(FAULT_HINTS[event.value])

    def done(self) -> None:
        chosen = {c.id: c.value for c in self.query(Choice)}
        written = {line.id: line.text.strip() for line in self.query(FormLine)}
        mark = Mark(self.mark.at, **chosen, **written)  # type: ignore[arg-type]
        try:
            self.session.mark(mark)
        except WorkbenchError as error:
            self.tell_error(error)
        else:
            self.dismiss(mark)


def fresh_mark(move: Move) -> Mark:
    """A mark of a move as it is likeliest meant."""
    return Mark(str(move.place), _likely_fault(move), kind=_likely_kind(move))


def _likely_fault(move: Move) -> MarkFault:
    if move.result is not None and move.result.outcome == "fault":
        return "tool"
    return "policy" if move.effect in ("blocked", "escalated", "rewritten") else "agent"


def _likely_kind(move: Move) -> MarkKind:
    if move.effect == "rejected":
        return "tool_call_schema_error"
    if move.call is not None:
        return "guideline_violation" if move.executed else "other"
    return "other"
