"""The whole world at a step: read it, search it, save it as a fixture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from ...errors import WorkbenchError
from ...text import pluralize
from ..view.find import SearchPhrase
from ..view.text import Line
from ..view.world import world_lines
from ..widgets.input import InputLine
from ..widgets.pane import Pane
from .form import Form, FormLine

LOOKED_FOR = "no keys, cards, IBANs, e-mail addresses or phone numbers found; names are not looked for"
SaveFixture = Callable[[str, dict[str, Any]], tuple[str, list[tuple[str, str]]]]


class WorldPane(Pane):
    """Shows the lines of a world."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: list[Line] = []

    @property
    def count(self) -> int:
        return len(self.lines)

    def line(self, index: int, width: int) -> Line:
        return self.lines[index]


class WorldDialog(Form[str]):
    """Shows a world. Saving returns the message about the new fixture.

    `save` writes a fixture with a name, and returns its path and what was redacted.
    """

    KEYS = "/ finds · n N next, previous · ctrl+s saves it as a fixture · esc closes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "find", show=False),
        Binding("n", "hit(1)", "next match", show=False),
        Binding("N", "hit(-1)", "previous match", show=False),
        Binding("j", "scroll(1)", "down", show=False),
        Binding("k", "scroll(-1)", "up", show=False),
        Binding("g", "end(False)", "top", show=False),
        Binding("G", "end(True)", "end", show=False),
    ]

    def __init__(self, title: str, world: dict[str, Any], save: SaveFixture) -> None:
        super().__init__()
        self.TITLE_TEXT = title
        self.world = world
        self.save = save
        self.words = SearchPhrase()

    def fields(self) -> ComposeResult:
        yield WorldPane(id="world")
        yield self.field(
            "find", FormLine(id="words", placeholder="a name or a value; enter goes to the next match")
        )
        yield self.field("save as", FormLine(id="name", placeholder="the name of a new fixture"))

    async def on_mount(self) -> None:
        self.query_one("#form").add_class("tall")
        self.pane = self.query_one(WorldPane)
        self.pane.focus()
        self.pane.lines = await asyncio.to_thread(world_lines, self.world)  # a large world takes seconds
        self.pane.redraw()

    # search

    @on(TextArea.Changed, "#words")
    def _typed(self, event: TextArea.Changed) -> None:
        self.words = SearchPhrase(event.text_area.text)
        self.pane.highlight_words(self.words)
        self._go(1, stay=True)

    def on_input_line_sent(self, event: InputLine.Sent) -> None:
        event.stop()
        if self.focused is not None and self.focused.id == "words":
            self._go(1)
        else:
            self.done()

    def _go(self, by: int, stay: bool = False) -> None:
        """Go to the next or previous match."""
        hits = self.pane.hits(self.words) if self.words else []
        if not hits:
            self.notify_user(
                f"no match for “{self.words.folded.strip()}”" if self.words else "", bad=bool(self.words)
            )
            return
        here = self.pane.here
        beyond = [hit for hit in hits if (hit - here) * by > 0 or (stay and hit == here)]
        hit = (beyond[0] if by > 0 else beyond[-1]) if beyond else hits[0 if by > 0 else -1]
        self.pane.show_hit(hit)
        self.notify_user(f"{hits.index(hit) + 1} of {len(hits):,}")

    def action_find(self) -> None:
        self.query_one("#words").focus()

    def action_hit(self, by: int) -> None:
        self._go(by)

    # moving

    def action_next(self) -> None:
        if self.focused is not self.pane:
            super().action_next()

    def action_scroll(self, by: int) -> None:
        self.pane.scroll_by(by)

    def action_end(self, last: bool) -> None:
        self.pane.go(self.pane.count if last else 0)

    # saving

    def done(self) -> None:
        name = self.query_one("#name", FormLine)
        if not name.text.strip():
            name.focus()
            self.notify_user("name the fixture, then enter")
            return
        try:
            path, replaced = self.save(name.text.strip(), self.world)
        except WorkbenchError as error:
            name.focus()
            self.show_error(error)
            return
        what = f"{pluralize(len(replaced), 'secret')} replaced" if replaced else LOOKED_FOR
        self.dismiss(f"saved {path}: {what}")
