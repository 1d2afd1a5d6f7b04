"""Help and command palette: every action of this screen, searchable; enter runs it."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.widgets import TextArea

from .. import actions
from ..view.text import Line, Span, fit
from ..widgets.list import ListPane
from .form import FormLine
from .search_form import SearchForm

KEY_CELLS = 10
TITLE_CELLS = 26  # of the longest title, and a blank


class Results(ListPane):
    """Lists actions, by group."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.found: list[actions.Action] = []
        self.reasons: dict[str, str] = {}  # why an action is unavailable

    @property
    def count(self) -> int:
        return max(len(self.found), 1)

    def line(self, index: int, width: int) -> Line:
        if not self.found:
            return (Span("No action matches.", "dim"),)
        a = self.found[index]
        reason = self.reasons.get(a.id, "")
        first = index == 0 or self.found[index - 1].group != a.group
        return (
            *fit([Span(a.group if first else "", "label")], 9),
            *fit([Span(a.key_text, "dim" if reason else "key")], KEY_CELLS),
            *fit([Span(a.title, "dim" if reason else "bold")], TITLE_CELLS),
            *fit(
                [Span(f"unavailable: {reason}", "dim") if reason else Span(a.about)],
                max(width - 9 - KEY_CELLS - TITLE_CELLS, 1),
            ),
        )

    def line_style(self, index: int) -> str:
        return "cursor" if index == self.cursor and self.found else ""


class HelpScreen(SearchForm[str]):
    """Returns the id of the action to run, or None."""

    TITLE_TEXT = "Help: the actions of this screen"
    KEYS = "type to search · ↑ ↓ select · enter run · esc cancel"

    def __init__(self, where: str, why_not: Callable[[str], str] = lambda id: "") -> None:
        super().__init__()
        self.where = where
        self.reasons = {a.id: reason for a in actions.actions_on(where) if (reason := why_not(a.id))}

    def fields(self) -> ComposeResult:
        yield FormLine(id="search", placeholder="search, for example: retry, cost, delete")
        yield Results(id="results")

    def on_mount(self) -> None:
        self.results = self.query_one(Results)
        self.results.can_focus = False
        self.results.reasons = self.reasons
        self._fit()
        self._search("")
        self.query_one("#search").focus()

    @on(TextArea.Changed, "#search")
    def _changed(self, event: TextArea.Changed) -> None:
        self._search(event.text_area.text)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        self.query_one(Results).styles.height = max(self.app.size.height - 8, 4)

    def _search(self, words: str) -> None:
        self.results.found = actions.find(self.where, words)
        self.results.cursor = 0
        self.results.redraw()
        self.results.go(0)
        self._describe()

    @on(ListPane.Moved)
    def _describe(self) -> None:
        """Show the selected action in full: its line may be cut."""
        found = self.results.found
        chosen = found[self.results.cursor] if found else None
        reason = self.reasons.get(chosen.id) if chosen else None
        self.notify_user("" if chosen is None else f"unavailable now: {reason}" if reason else chosen.about)

    @on(ListPane.Opened)
    def done(self) -> None:
        found = self.results.found
        chosen = found[self.results.cursor].id if found else None
        if chosen in self.reasons:
            self.notify_user(f"unavailable now: {self.reasons[chosen]}", bad=True)
        else:
            self.dismiss(chosen)


class CommandsScreen(HelpScreen):
    """The same, opened to run a command."""

    TITLE_TEXT = "Commands"
