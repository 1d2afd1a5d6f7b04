"""Saving the conversation as a transcript, with the expectation that its mark suggests."""

from __future__ import annotations

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ...errors import WorkbenchError
from ...expectation import Expectation, suggest
from ...replay import tell as tell_move
from ...session import Saved, Session
from ...steps import Place
from ..present.text import Bit, Line, clean, one_line
from ..widgets.choice import Choice
from ..widgets.lines import LineList
from .form import Form, FormLine

DECIDED = {
    "offline": ("decided offline, in every replay", "good"),
    "world": ("needs a run of the tool to be decided, which replay does not do yet", "warn"),
    "live": ("needs a live model to be decided, which replay does not do yet", "warn"),
}
VERDICT_WORDS = {
    "PASS": "today's code does it right",
    "FAIL": "today's code still does it; mend it and this becomes PASS",
    "NEEDS_WORLD": "only a run of the tools can say, which replay does not do yet",
    "NEEDS_LIVE": "only a live model can say",
    "DIVERGED": "today's code leaves the record before the marked step",
}


class Expectations(LineList):
    """The suggestions, each with how it can be decided."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.choices: list[Expectation] = []

    @property
    def count(self) -> int:
        return len(self.choices)

    def line(self, index: int, width: int) -> Line:
        e = self.choices[index]
        words, role = DECIDED[e.decided]
        dot = "(•) " if index == self.cursor else "( ) "
        return (Bit(dot, "accent"), Bit(one_line(e.sentence, 200)), Bit(f"  {words}", role))

    @property
    def chosen(self) -> Expectation | None:
        return self.choices[self.cursor] if self.choices else None


class SaveScreen(Form[None]):
    """Asks, saves, then shows what saving did."""

    TITLE_TEXT = "Save this conversation as a transcript"
    KEYS = "tab next field · ← → ↑ ↓ choose · enter saves · esc leaves"

    def __init__(self, session: Session, place: Place | None) -> None:
        super().__init__()
        self.session = session
        self.place = marked_place(session, place)
        self.saved: Saved | None = None
        self.saving = False

    def fields(self) -> ComposeResult:
        s = self.session
        mark = s.marks.get(str(self.place)) if self.place else None
        yield self.field("kind", Choice(["mistake", "guard"], "mistake" if mark else "guard", id="kind"))
        yield Static("", id="hint", classes="hint", markup=False)
        title = FormLine(id="title", placeholder="what it is about, in a few words")
        title.text = one_line((mark.note or mark.should) if mark else "", 120)
        yield self.field("title", title)
        yield Static("", id="at", classes="label", markup=False)
        yield Expectations(id="expectations")
        text = FormLine(id="text", placeholder="the words it is about")
        yield self.field("words", text)

    def on_mount(self) -> None:
        move = self.session.move_at(self.place) if self.place else None
        found: list[Expectation] = []
        if move is not None:
            card = self.session.card
            names = [p.name for p in card.policies_at(move.call.tool)] if card and move.call else []
            found = suggest(move, names)
        choices = self.query_one(Expectations)
        choices.choices = found
        choices.styles.height = max(len(found), 1)
        choices.redraw()
        at = (
            f"at {self.place}: {clean(tell_move(move), 300)}"
            if move
            else "mark a step first: a mistake needs its place"
        )
        self.query_one("#at", Static).update(Content(f"{at}\nWhat must hold there from now on (↑ ↓ choose):"))
        self._show_kind()
        self._show_words()
        self.query_one("#title").focus()

    @on(Choice.Changed, "#kind")
    def _show_kind(self) -> None:
        mistake = self.kind == "mistake"
        hints = {
            True: "a mistake: replays fail until what you choose below holds, and for ever after",
            False: "a guard: a good conversation; replays fail when any deed in it newly changes",
        }
        self.query_one("#hint", Static).update(hints[mistake])
        for id in ("#at", "#expectations"):
            self.query_one(id).display = mistake
        self._show_words()

    @on(LineList.Moved)
    def _show_words(self) -> None:
        chosen = self.query_one(Expectations).chosen
        line = self.query_one("#text", FormLine)
        wanted = (
            self.kind == "mistake"
            and chosen is not None
            and "text" in msgspec.structs.asdict(chosen)
            and bool(chosen.text)
        )
        assert line.parent is not None
        line.parent.display = wanted
        if wanted and chosen is not None:
            line.text = chosen.text

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
            self.tell("give it a title: it becomes the name of the file", bad=True)
            self.query_one("#title").focus()
            return
        expectation = None
        if self.kind == "mistake":
            expectation = self.query_one(Expectations).chosen
            if expectation is None:
                self.tell("a mistake needs a step: leave with esc, choose the step and mark it with a", bad=True)
                return
            words = self.query_one("#text", FormLine)
            if expectation.text:
                expectation = msgspec.structs.replace(expectation, text=words.text.strip() or expectation.text)
        self.saving = True
        self.tell("replaying it once, then writing …")
        self.run_worker(self._save(title, expectation))

    async def _save(self, title: str, expectation: Expectation | None) -> None:
        try:
            self.saved = await self.session.save(self.kind, title, expectation)  # type: ignore[arg-type]
        except WorkbenchError as error:
            self.tell(error.message + (f"\nnext: {error.next}" if error.next else ""), bad=True)
            return
        finally:
            self.saving = False
        self.tell(told(self.saved))
        form = self.query_one("#form")
        form.border_title = Content("Saved")
        form.border_subtitle = Content("enter closes this · u then takes the save back")
        for widget in form.children:
            widget.display = widget.id == "told"
        self.set_focus(None)


def marked_place(session: Session, place: Place | None) -> Place | None:
    """The place a mistake is about: the chosen step where it is marked, else the last mark, else the step."""
    if place is not None and str(place) in session.marks:
        return place
    if session.marks:
        return Place.parse(list(session.marks)[-1])
    return place


def told(saved: Saved) -> str:
    """What saving did, in words: where, the verdict of today, what was replaced."""
    words = VERDICT_WORDS.get(saved.verdict, "")
    why = clean(saved.why, 600)
    lines = [f"✓ {saved.path}", "", f"Replayed on today's code: {saved.verdict}" + (f": {words}" if words else "")]
    if why:
        lines.append(f"  {why}")
    if saved.replaced:
        lines += ["", f"Replaced in it, everywhere ({len(saved.replaced)}):"]
        lines += [f"  {kind} → {one_line(made, 120)}" for kind, made in saved.replaced[:8]]
        if len(saved.replaced) > 8:
            lines.append(f"  … {len(saved.replaced) - 8} more")
    else:
        lines += ["", "Nothing in it had to be replaced: no secrets or personal data were found."]
    return "\n".join(lines)
