"""Saving the conversation as a transcript, with the expectation that its annotation suggests."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from ...errors import WorkbenchError
from ...trace.describe import describe_step
from ...trace.step_id import StepId
from ...trace.steps import Step
from ...transcripts.expectation import EXPECTATION_KINDS, Expectation
from ...transcripts.matching import ignore_one_more
from ...transcripts.suggestions import suggest
from ...workspace.saving import SaveResult
from ...workspace.session import Session
from ..view.text import Line, Span, clean, fit, one_line
from ..widgets.choice import Choice
from ..widgets.list import ListPane
from .form import Form, FormLine

DECIDED = {  # a short text for the list, a full one for the selection
    "offline": ("decided offline", "good", "decided offline, in every replay"),
    "world": ("needs the tool", "warn", "needs the tool to run: workbench replay --tools=sandbox"),
    "live": ("needs a model", "warn", "needs a live model: workbench trial"),
}
WORDS = 15  # cells of the short words
PLACEHOLDERS = {"rubric": "describe a good reply"}  # of the text, by kind of expectation
TEXT = "the words to look for"  # the placeholder of the others
VERDICT_WORDS = {
    "PASS": "today's code meets the expectation",
    "FAIL": "today's code still makes the mistake; fix it and this becomes PASS",
    "GOLDEN": "a replay differs: does it depend on an earlier conversation, randomness or a variable?",
    "NEEDS_TOOLS": "cannot be decided without running the tools: workbench replay --tools=sandbox",
    "NEEDS_LIVE": "cannot be decided without a live model: workbench trial",
    "DIVERGED": "today's code diverges before the annotated step",
}


class Expectations(ListPane):
    """Lists the suggestions, each with how it is decided. → ignores one more argument of the selected one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("right", "relax", "ignore an argument", show=False)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.choices: list[Expectation] = []

    @property
    def count(self) -> int:
        return len(self.choices)

    def line(self, index: int, width: int) -> Line:
        e = self.choices[index]
        words, role, _ = DECIDED[e.decided_by]
        dot = "(•) " if index == self.cursor else "( ) "
        sentence = one_line(e.description, 200) + (" …" if needs_text(e) and not e.text else "")
        left = fit([Span(dot, "accent"), Span(sentence)], width - WORDS - 2)
        return (*left, Span("  "), *fit([Span(words, role)], WORDS))

    def action_relax(self) -> None:
        if self.choices:
            self.choices[self.cursor] = ignore_one_more(self.choices[self.cursor])
            self.redraw()

    @property
    def chosen(self) -> Expectation | None:
        return self.choices[self.cursor] if self.choices else None


class SaveScreen(Form[None]):
    """Asks for the details, saves, then shows the result."""

    TITLE_TEXT = "Save this conversation as a transcript"

    def __init__(self, session: Session, step_id: StepId | None) -> None:
        self.step_id = annotated_step_id(session, step_id)
        super().__init__(f"save {session.id} {self.step_id}")
        self.session = session
        self._words: dict[int, str] = {}  # the text of each expectation
        self._chosen = 0
        self._suggested_title = ""
        self.saved: SaveResult | None = None
        self.saving = False

    def fields(self) -> ComposeResult:
        s = self.session
        annotation = s.annotations.get(str(self.step_id)) if self.step_id else None
        yield self.field("kind", Choice(["mistake", "golden"], "mistake" if annotation else "golden", id="kind"))
        yield Static("", id="hint", classes="hint", markup=False)
        title = FormLine(id="title", placeholder="what it is about, in a few words")
        title.text = one_line((annotation.note or annotation.expected) if annotation else "", 120)
        yield self.field("title", title)
        yield Static("", id="at", classes="label", markup=False)
        yield Expectations(id="expectations")
        yield Static("", id="decided", classes="hint", markup=False)
        text = FormLine(id="text", placeholder=TEXT)
        yield self.field("words", text)

    def on_mount(self) -> None:
        step = self.session.step_at(self.step_id) if self.step_id else None
        found: list[Expectation] = []
        if step is not None:
            found = [e for e in suggest(step, policies_of(self.session, step)) if fillable(e, step)]
        choices = self.query_one(Expectations)
        choices.choices = found
        self._words = {i: e.text for i, e in enumerate(found)}
        choices.styles.height = max(len(found), 1)
        choices.redraw()
        at = (
            f"at {self.step_id}: {clean(describe_step(step), 300)}"
            if step
            else "annotate a step first: a mistake needs a step"
        )
        self.query_one("#at", Static).update(Content(f"{at}\nExpected there from now on (↑ ↓ select):"))
        self._show_kind()
        self.query_one("#title").focus()
        self.recall()

    def write(self, fields: dict[str, str]) -> None:
        super().write(fields)
        self._chosen = self.query_one(Expectations).cursor
        self._words[self._chosen] = fields.get("text", "")

    @on(Choice.Changed, "#kind")
    def _show_kind(self) -> None:
        mistake = self.kind == "mistake"
        hints = {
            True: "mistake: replay fails until the expectation below holds, and whenever it breaks again",
            False: "golden: replay fails if anything the agent does here changes",
        }
        self.query_one("#hint", Static).update(hints[mistake])
        for id in ("#at", "#expectations", "#decided"):
            self.query_one(id).display = mistake
        self._show_expectation()

    @on(ListPane.Moved)
    def _show_expectation(self) -> None:
        self._suggest_title()
        self._show_words()

    def _suggest_title(self) -> None:
        """Fill the title of a mistake with its expectation, unless the user or a note gave it one."""
        chosen, title = self.query_one(Expectations).chosen, self.query_one("#title", FormLine)
        suggested = one_line(chosen.description, 120).strip() if chosen and self.kind == "mistake" else ""
        if title.text == self._suggested_title:
            title.text = suggested
            title.select_all()
        self._suggested_title = suggested

    def _show_words(self) -> None:
        listed = self.query_one(Expectations)
        chosen = listed.chosen
        line = self.query_one("#text", FormLine)
        self._words[self._chosen], self._chosen = line.text or self._words.get(self._chosen, ""), listed.cursor
        wanted = self.kind == "mistake" and chosen is not None and needs_text(chosen)
        assert line.parent is not None
        line.parent.display = wanted
        line.text = self._words.get(self._chosen, "") if wanted else ""
        if chosen is not None:
            line.placeholder = PLACEHOLDERS.get(chosen.kind, TEXT)
            hint = "; → ignores one more of its arguments" if len(chosen.args) > 1 else ""
            self.query_one("#decided", Static).update(f"    {DECIDED[chosen.decided_by][2]}{hint}")

    @property
    def kind(self) -> str:
        return self.query_one("#kind", Choice).value

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
        expectation = None
        if self.kind == "mistake":
            expectation = self.query_one(Expectations).chosen
            if expectation is None:
                self.notify_user(
                    "a mistake needs a step: leave with esc, select the step and annotate it", bad=True
                )
                return
            if needs_text(expectation):
                words = self.query_one("#text", FormLine)
                if not words.text.strip():
                    self.notify_user("write the words to look for", bad=True)
                    words.focus()
                    return
                expectation = msgspec.structs.replace(expectation, text=words.text.strip())
        self.saving = True
        self.notify_user("replaying once, then writing …")
        self.run_worker(self._save(title, expectation))

    async def _save(self, title: str, expectation: Expectation | None) -> None:
        try:
            self.saved = await self.session.saving.save(self.kind, title, expectation)  # type: ignore[arg-type]
        except WorkbenchError as error:
            self.show_error(error)
            return
        finally:
            self.saving = False
        self.notify_user(save_report(self.saved))
        form = self.query_one("#form")
        form.border_title = Content("Saved")
        form.border_subtitle = Content("enter closes this · u then undoes the save")
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


def save_report(saved: SaveResult) -> str:
    """Describe the result of saving: the path, today's verdict, and the redacted values."""
    changed = saved.transcript.kind == "golden" and saved.verdict == "FAIL"
    words = VERDICT_WORDS.get("GOLDEN" if changed else saved.verdict, "")
    why = clean(saved.why, 600)
    lines = [f"✓ {saved.path}", "", f"Replayed on today's code: {saved.verdict}" + (f": {words}" if words else "")]
    if why:
        lines.append(f"  {why}")
    if saved.replaced:
        lines += ["", f"Redacted everywhere in it ({len(saved.replaced)}):"]
        lines += [f"  {kind} → {one_line(made, 120)}" for kind, made in saved.replaced[:8]]
        if len(saved.replaced) > 8:
            lines.append(f"  … {len(saved.replaced) - 8} more")
    else:
        lines += ["", "Nothing was redacted: no secrets or personal data were found."]
    return "\n".join(lines)
