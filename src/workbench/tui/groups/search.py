"""Find and filter, in the pane of the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..actions import key
from ..view.find import SearchPhrase
from ..view.row_filter import KINDS, Filter, UnknownKind
from ..widgets.pane import Pane
from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen

FIND, FILTER = "/", "&"


class SearchGroup(ActionGroup):
    """Shows matches in all panes, and moves in the pane that the search began in."""

    screen: ConversationScreen

    def __init__(self, screen: ConversationScreen) -> None:
        super().__init__(screen)
        self.words = SearchPhrase()
        self._pane: Pane | None = None  # the pane that the search bar is about
        self._position: Any = None  # its position when the search began

    # the search bar

    def do_find(self) -> Any:
        self._ask(FIND, self.screen.pane, "", "find words, names, arguments, results or reasons")

    def do_filter(self) -> None:
        kinds = " ".join(f":{kind}" for kind in KINDS)
        steps = self.screen.steps
        self._ask(FILTER, steps, str(steps.shown.filter), f"words, and {kinds}")

    def _ask(self, sign: str, pane: Pane, text: str, placeholder: str) -> None:
        self._pane, self._position = pane, pane.position
        self.screen.search_bar.open(sign, text, placeholder)

    def changed(self, text: str, kept: bool) -> None:
        """Apply the text of the search bar; `kept` when enter was pressed."""
        if self.screen.search_bar.sign == FIND:
            self._find_from_position(text, kept)
        elif self.screen.search_bar.sign == FILTER:
            self._filter(text, kept)

    def focus_moved(self) -> None:
        """Close the search bar when the focus leaves it; the matches stay."""
        bar = self.screen.search_bar
        if bar.is_open and self.screen.focused is not bar.line:
            self._close()

    def _close(self) -> None:
        pane, self._pane = self._pane, None
        self.screen.search_bar.close()
        if pane is not None and self.screen.focused in (None, self.screen.search_bar.line):
            pane.focus()

    def clear(self) -> bool:
        """Remove the search bar, the matches or the filter, one at a time. Returns False if there is none."""
        steps = self.screen.steps
        if self.screen.search_bar.is_open:
            self._cancel()
        elif self.words:
            self._highlight(SearchPhrase())
        elif steps.shown.filter and self.screen.pane is steps:
            steps.only(Filter())
            self.screen.notify_user("all steps are shown again")
        else:
            return False
        return True

    def _cancel(self) -> None:
        pane, position, sign = self._pane, self._position, self.screen.search_bar.sign
        self._close()
        if sign == FILTER:
            self.screen.steps.only(Filter())
        else:
            self._highlight(SearchPhrase())
        if pane is not None:
            pane.restore_position(position)

    # find

    def _highlight(self, words: SearchPhrase) -> None:
        self.words = words
        for pane in (self.screen.chat, self.screen.steps, self.screen.detail):
            pane.highlight_words(words)

    def _find_from_position(self, text: str, kept: bool) -> None:
        """Find the typed text, always from the position before the search."""
        pane = self._pane
        if pane is None:
            return
        self._highlight(SearchPhrase(text))
        pane.restore_position(self._position)
        message, found = self._go(pane, pane.here, 1, stay=True) if self.words else ("", True)
        self.screen.search_bar.show_result(message, bad=not found)
        if kept:
            self._close()
            if message:
                self.screen.notify_user(message, "" if found else "warn")

    def _go(self, pane: Pane, start: int, by: int, stay: bool = False) -> tuple[str, bool]:
        """Go to the next match (`by` 1) or the previous one (-1); with `stay`, `start` itself may match."""
        hits = pane.hits(self.words)
        if not hits:
            return f"no match for “{self.words.folded.strip()}” here", False
        order = range(len(hits)) if by > 0 else range(len(hits) - 1, -1, -1)
        beyond = next((i for i in order if (hits[i] - start) * by > 0 or (stay and hits[i] == start)), None)
        at = order[0] if beyond is None else beyond
        pane.show_hit(hits[at])
        if pane is self.screen.steps:
            self.screen.call_after_refresh(self._show_in_detail)
        wrapped = "" if beyond is not None else f" · continued at the {'first' if by > 0 else 'last'}"
        return f"{at + 1} of {len(hits):,}{wrapped}", True

    def _show_in_detail(self) -> None:
        """Scroll the detail to the first match in it."""
        detail = self.screen.detail
        hits = detail.hits(self.words) if self.words else []
        if hits:
            detail.show_hit(hits[0])

    def do_find_next(self) -> None:
        self._repeat(1)

    def do_find_previous(self) -> None:
        self._repeat(-1)

    def _repeat(self, by: int) -> None:
        pane = self._pane or self.screen.pane
        message, found = self._go(pane, pane.here, by)
        self.screen.notify_user(message, "" if found else "warn")

    # filter

    def _filter(self, text: str, kept: bool) -> None:
        steps, bar = self.screen.steps, self.screen.search_bar
        try:
            wanted = Filter.parse(text)
        except UnknownKind as error:
            bar.show_result(str(error), bad=kept or error.impossible)
            return
        steps.only(wanted)
        shown, all = len(steps.rows), len(steps.row_model.rows)
        bar.show_result(f"{shown:,} of {all:,}" if wanted else "", bad=bool(wanted) and not shown)
        if kept:
            self._close()
            if wanted:
                self.screen.notify_user(
                    f"{shown:,} of {all:,} steps are shown · {key('back')} shows all steps", "warn"
                )

    def why_not(self, id: str) -> str:
        if id in ("find_next", "find_previous") and not self.words:
            return f"nothing was searched for yet: {key('find')} finds"
        if id == "filter" and not self.screen.steps.row_model.rows:
            return "there are no steps yet"
        return ""
