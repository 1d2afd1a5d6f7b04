"""Saving the conversation as a transcript, with the expectation that its annotation suggests."""

from __future__ import annotations

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static, TextArea

from ...errors import WorkbenchError
from ...trace.describe import describe_step
from ...trace.step_id import StepId
from ...trace.steps import Step
from ...transcripts.expectation import Expectation
from ...transcripts.redaction import describe_redaction
from ...workspace.saving import SaveResult
from ...workspace.session import Session
from ..view.text import clean, one_line
from ..widgets.choice import Choice
from ..widgets.list import ListPane
from .expectations import DECIDED, Expectations, needs_text, of_golden, of_mistake
from .form import Form, FormLine

PLACEHOLDERS = {"rubric": "describe a good reply"}  # of the text, by kind of expectation
TEXT = "the words to look for"  # the placeholder of the others
KIND_HINTS = {
    "mistake": "replay fails until the expectation holds, and whenever it stops holding",
    "golden": "replay fails when any decision in it changes",
}
VERDICT_WORDS = {
    "PASS": "today's code meets the expectation",
    "FAIL": "today's code still makes the mistake; fix it and this becomes PASS",
    "GOLDEN": "a replay differs: does it depend on an earlier conversation, randomness or a variable?",
    "NEEDS_TOOLS": "cannot be decided without running the tools: workbench replay --tools=sandbox",
    "NEEDS_LIVE": "cannot be decided without a live model: workbench trial",
    "DIVERGED": "today's code diverges before the annotated step",
}


class SaveScreen(Form[None]):
    """Asks for the details, saves, then shows the result."""

    TITLE_TEXT = "Save this conversation as a transcript"

    def __init__(self, session: Session, step_id: StepId | None) -> None:
        self.step_id = annotated_step_id(session, step_id)
        super().__init__(f"save {session.id} {self.step_id}")
        self.session = session
        self.step = session.step_at(self.step_id) if self.step_id else None
        self._suggested_title = ""
        self.saved: SaveResult | None = None
        self.saving = False

    def fields(self) -> ComposeResult:
        annotated = self.step_id is not None and str(self.step_id) in self.session.annotations
        yield self.field("kind", Choice(["mistake", "golden"], "mistake" if annotated else "golden", id="kind"))
        yield Static("", id="hint", classes="hint", markup=False)
        yield self.field("title", FormLine(id="title", placeholder="what it is about, in a few words"))
        yield Static("", id="at", classes="label", markup=False)
        yield Expectations(id="expectations")
        yield Static("", id="decided", classes="hint", markup=False)
        yield self.field("words", FormLine(id="text", placeholder=TEXT))

    def on_mount(self) -> None:
        self._show_kind()
        self.query_one("#title").focus()
        self.query_one("#title", FormLine).select_all()
        self.recall()

    def written(self) -> dict[str, str]:
        picked = ",".join(map(str, sorted(self.listed.picked)))
        return super().written() | {"picked": picked}

    def write(self, fields: dict[str, str]) -> None:
        text = fields.pop("text", "")
        self.query_one("#kind", Choice).choose(fields.get("kind", self.kind))
        self._show_kind()
        super().write(fields)
        self.listed.picked = {int(index) for index in fields.get("picked", "").split(",") if index}
        self.listed.write_text(text)
        self._show_words()

    @property
    def listed(self) -> Expectations:
        return self.query_one(Expectations)

    @property
    def kind(self) -> str:
        return self.query_one("#kind", Choice).value

    @on(Choice.Changed, "#kind")
    def _show_kind(self) -> None:
        mistake = self.kind == "mistake"
        self.query_one("#hint", Static).update(KIND_HINTS[self.kind])
        trace, step = self.session.trace, self.step
        if mistake:
            offered = of_mistake(trace, step, policies_of(self.session, step)) if step is not None else []
            self.listed.offer(offered, many=False)
        else:
            self.listed.offer(of_golden(trace), many=True)
        self.query_one("#at", Static).update(Content(self._heading()))
        self._show_expectation()

    def _heading(self) -> str:
        """Say what the expectations are about, and how to choose them."""
        if self.kind == "golden":
            return "Expected too, if you choose it (↓ goes there, space chooses):"
        if self.step is None:
            return "annotate a step first: a mistake needs a step"
        return (
            f"at {self.step_id}: {clean(describe_step(self.step), 300)}\nExpected there from now on (↑ ↓ select):"
        )

    @on(ListPane.Moved)
    def _show_expectation(self) -> None:
        self._suggest_title()
        self._show_words()

    def _suggest_title(self) -> None:
        """Fill in a title, unless the user wrote one."""
        title, suggested = self.query_one("#title", FormLine), one_line(self._title(), 120).strip()
        if title.text == self._suggested_title:
            title.text = suggested
            title.select_all()
        self._suggested_title = suggested

    def _title(self) -> str:
        """Return the note of the annotation or the expectation; of a golden transcript its name or first words."""
        if self.kind == "golden":
            return self.session.name or self.session.first_words()
        annotation = self.session.annotations.get(str(self.step_id))
        selected = self.listed.selected
        expected = (annotation.note or annotation.expected) if annotation else ""
        return expected or (selected.description if selected else "")

    def _show_words(self) -> None:
        selected = self.listed.selected
        line = self.query_one("#text", FormLine)
        self.field_of("text").display = selected is not None and needs_text(selected)
        if selected is None:
            self.query_one("#decided", Static).update("")
            return
        line.placeholder = PLACEHOLDERS.get(selected.kind, TEXT)
        if line.text != selected.text:
            line.text = selected.text
        relax = "; → ignores one more of its arguments" if len(selected.args) > 1 else ""
        self.query_one("#decided", Static).update(f"    {DECIDED[selected.decided_by][2]}{relax}")

    @on(TextArea.Changed, "#text")
    def _text_changed(self) -> None:
        if self.field_of("text").display:
            self.listed.write_text(self.query_one("#text", FormLine).text)

    def action_next(self) -> None:
        """Go to the next field; the title of a golden transcript is all that it needs."""
        if self.kind == "golden" and self.focused is self.query_one("#title"):
            self.accept()
        else:
            super().action_next()

    def done(self) -> None:
        if self.saved is not None:
            self.dismiss(None)
            return
        title = self.query_one("#title", FormLine).text.strip()
        if self.saving:
            return
        if not title:
            self.notify_user("give it a title: it becomes the file name", bad=True)
            self.query_one("#title").focus()
            return
        listed = self.listed
        if self.kind == "mistake" and not listed.chosen:
            self.notify_user("a mistake needs a step: leave with esc, select the step and annotate it", bad=True)
            return
        for index in listed.chosen:
            if needs_text(listed.choices[index]) and not listed.choices[index].text.strip():
                listed.move(index)
                self._show_words()
                self.notify_user("write the words to look for", bad=True)
                self.query_one("#text").focus()
                return
        chosen = [listed.choices[index] for index in listed.chosen]
        self.saving = True
        self.notify_user("replaying once, then writing …")
        self.run_worker(self._save(title, [msgspec.structs.replace(e, text=e.text.strip()) for e in chosen]))

    async def _save(self, title: str, expectations: list[Expectation]) -> None:
        try:
            self.saved = await self.session.saving.save(self.kind, title, expectations)  # type: ignore[arg-type]
        except WorkbenchError as error:
            self.show_error(error)
            return
        finally:
            self.saving = False
        self.notify_user(save_report(self.saved))
        form = self.query_one("#form")
        form.border_title = Content("Saved")
        form.border_subtitle = Content("enter close · then press u to undo the save")
        for widget in form.children:
            widget.display = widget.id == "message"
        self.set_focus(None)


def annotated_step_id(session: Session, step_id: StepId | None) -> StepId | None:
    """Return the step of a mistake: the selected or else the last annotated one, else the selected."""
    if step_id is not None and str(step_id) in session.annotations:
        return step_id
    if session.annotations:
        return StepId.parse(list(session.annotations)[-1])
    return step_id


def policies_of(session: Session, step: Step) -> list[str]:
    """Return the policies that may apply to the call of a step: those of the agent and of the journey."""
    agent_info = session.agent_info
    if agent_info is None or step.call is None:
        return []
    tool = step.call.tool
    prompt = session.trace.prompt_at(step.step_id)
    journey = next((t.journey for t in agent_info.tools if t.name == tool), "")
    journeys = [journey] if journey else prompt.journeys if prompt else []
    names = [p.name for p in agent_info.policies_at(tool)]
    return [name for name in names if "." not in name or name.split(".")[0] in journeys]


def save_report(saved: SaveResult) -> str:
    """Describe the result of saving: the path, today's verdict, and the redacted values."""
    changed = saved.transcript.kind == "golden" and saved.verdict == "FAIL"
    words = VERDICT_WORDS.get("GOLDEN" if changed else saved.verdict, "")
    why = clean(saved.why, 600)
    lines = [f"✓ {saved.path}", "", f"Replayed on today's code: {saved.verdict}" + (f": {words}" if words else "")]
    if why:
        lines.append(f"  {why}")
    lines += ["", describe_redaction(saved.replaced_kinds)]
    if saved.replaced:
        lines += [f"  {kind} → {one_line(made, 120)}" for kind, made in saved.replaced[:8]]
        if len(saved.replaced) > 8:
            lines.append(f"  … {len(saved.replaced) - 8} more")
    return "\n".join(lines)
