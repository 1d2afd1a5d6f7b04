"""Annotate a step: cause, severity, kind, expected behaviour."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ...errors import WorkbenchError
from ...trace.describe import describe_step
from ...trace.steps import Step
from ...transcripts.transcript import CAUSES, ERROR_KINDS, SEVERITIES, Annotation, Cause, ErrorKind
from ...workspace.session import Session
from ..view.text import clean
from ..widgets.choice import Choice
from .form import Form, FormLine

CAUSE_HINTS = {
    "agent": "the agent did or said something wrong; saved, this becomes a regression test",
    "policy": "a policy decided wrongly or is missing; saved, this becomes a regression test",
    "tool": "a tool returned or did something wrong; saved, this becomes a regression test",
    "user": "the customer's fault; kept as a note only",
    "world": "the data; a note only",
    "test": "the test itself; a note only",
}


class AnnotateDialog(Form[Annotation]):
    """Returns the annotation, or None. If it cannot be stored, the dialog stays open."""

    TITLE_TEXT = "Annotate this step"

    def __init__(self, step: Step, session: Session, draft: str = "") -> None:
        super().__init__(draft)
        self.step = step
        self.session = session
        self.annotation = session.annotations.get(str(step.step_id)) or suggested_annotation(step)

    def fields(self) -> ComposeResult:
        yield Static(Content(f"{self.annotation.step}  {clean(describe_step(self.step), 400)}"), classes="label")
        yield self.field("cause", Choice(list(CAUSES), self.annotation.cause, id="cause"))
        yield Static(CAUSE_HINTS[self.annotation.cause], id="hint", classes="hint", markup=False)
        yield self.field("severity", Choice(list(SEVERITIES), self.annotation.severity, id="severity"))
        yield self.field("kind", Choice(list(ERROR_KINDS), self.annotation.kind, id="kind"))
        note = FormLine(id="note", placeholder="what went wrong")
        note.text = self.annotation.note
        yield self.field("note", note)
        expected = FormLine(id="expected", placeholder="what should have happened, in one sentence")
        expected.text = self.annotation.expected
        yield self.field("expected", expected)

    def on_mount(self) -> None:
        self.recall()

    @on(Choice.Changed, "#cause")
    def _hint(self, event: Choice.Changed) -> None:
        self.query_one("#hint", Static).update(CAUSE_HINTS[event.value])

    def done(self) -> None:
        chosen = {c.id: c.value for c in self.query(Choice)}
        written = {line.id: line.text.strip() for line in self.query(FormLine)}
        annotation = Annotation(self.annotation.step, **chosen, **written)  # type: ignore[arg-type]
        try:
            self.session.annotate(annotation)
        except WorkbenchError as error:
            self.show_error(error)
        else:
            self.dismiss(annotation)


def suggested_annotation(step: Step) -> Annotation:
    """Return the annotation that a step most likely needs."""
    return Annotation(str(step.step_id), _likely_cause(step), kind=_likely_kind(step))


def _likely_cause(step: Step) -> Cause:
    if step.result is not None and step.result.outcome == "fault":
        return "tool"
    return "policy" if step.effect in ("blocked", "escalated", "rewritten") else "agent"


def _likely_kind(step: Step) -> ErrorKind:
    if step.effect == "rejected":
        return "tool_call_schema_error"
    if step.call is not None:
        return "guideline_violation" if step.executed else "other"
    return "other"
