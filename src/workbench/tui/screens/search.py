"""Find, filter and fold: what is looked for, in which pane, and how one comes back."""

from __future__ import annotations

from typing import Any

from textual import events, on

from ..actions import key
from ..view.find import SearchPhrase
from ..view.row_filter import KINDS, Filter, UnknownKind
from ..widgets.pane import Pane
from ..widgets.search_bar import SearchBar
from ..widgets.steps import StepsPane
from .conversation import ConversationScreen

FIND, FILTER = "/", "&"


class SearchActions(ConversationScreen):
    """What is found is shown in all panes and gone to in the one that find was begun in."""

    def __init__(self) -> None:
        super().__init__()
        self.words = SearchPhrase()
        self._looking: Pane | None = None  # the pane that the line at the foot is about
        self._spot: Any = None  # where one stood in it

    # the line at the foot

    def do_find(self) -> Any:
        self._ask(FIND, self.pane, "", "what to find: words, names, arguments, results, reasons")

    def do_filter(self) -> None:
        kinds = " ".join(f":{kind}" for kind in KINDS)
        self._ask(FILTER, self.steps, str(self.steps.shown.filter), f"words, and {kinds}")

    def _ask(self, sign: str, pane: Pane, text: str, placeholder: str) -> None:
        self._looking, self._spot = pane, pane.position
        self.foot.open(sign, text, placeholder)

    @on(SearchBar.Changed, "#foot")
    def _typed(self, event: SearchBar.Changed) -> None:
        if self.foot.sign == FIND:
            self._find_from_spot(event.text, event.kept)
        elif self.foot.sign == FILTER:
            self._filter(event.text, event.kept)

    def _close(self) -> None:
        pane, self._looking = self._looking, None
        self.foot.close()
        if pane is not None and self.focused in (None, self.foot.line):
            pane.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Who goes elsewhere keeps what was found."""
        if self.foot.is_open and self.focused is not self.foot.line:
            self._close()

    def clear_search(self) -> bool:
        """Take one thing away: the line at the foot, what was found, the filter. False where there is none."""
        if self.foot.is_open:
            pane, spot, sign = self._looking, self._spot, self.foot.sign
            self._close()
            if sign == FILTER:
                self.steps.only(Filter())
            else:
                self._light(SearchPhrase())
            if pane is not None:
                pane.restore_position(spot)
        elif self.words:
            self._light(SearchPhrase())
        elif self.steps.shown.filter and self.pane is self.steps:
            self.steps.only(Filter())
            self.notify_user("all steps are shown again")
        else:
            return False
        return True

    # find

    def _light(self, words: SearchPhrase) -> None:
        self.words = words
        for pane in (self.chat, self.steps, self.detail):
            pane.highlight_words(words)

    def _find_from_spot(self, text: str, kept: bool) -> None:
        """Follow what is typed: always from where one stood before."""
        pane = self._looking
        if pane is None:
            return
        self._light(SearchPhrase(text))
        pane.restore_position(self._spot)
        told, found = self._go(pane, pane.here, 1, stay=True) if self.words else ("", True)
        self.foot.tell(told, bad=not found)
        if kept:
            self._close()
            if told:
                self.notify_user(told, "" if found else "warn")

    def _go(self, pane: Pane, start: int, by: int, stay: bool = False) -> tuple[str, bool]:
        """To the next place (`by` 1) or the last (-1), with `stay` also to `start` itself; what to say of it."""
        hits = pane.hits(self.words)
        if not hits:
            return f"nothing here has “{self.words.folded.strip()}”", False
        order = range(len(hits)) if by > 0 else range(len(hits) - 1, -1, -1)
        beyond = next((i for i in order if (hits[i] - start) * by > 0 or (stay and hits[i] == start)), None)
        at = order[0] if beyond is None else beyond
        pane.show_hit(hits[at])
        if pane is self.steps:
            self.call_after_refresh(self._show_in_detail)
        wrapped = "" if beyond is not None else " · from the top again" if by > 0 else " · from the end again"
        return f"{at + 1} of {len(hits):,}{wrapped}", True

    def _show_in_detail(self) -> None:
        """What was found in a step, brought into sight in its detail where that has it."""
        hits = self.detail.hits(self.words) if self.words else []
        if hits:
            self.detail.show_hit(hits[0])

    def _again(self, by: int) -> None:
        pane = self._looking or self.pane
        told, found = self._go(pane, pane.here, by)
        self.notify_user(told, "" if found else "warn")

    def do_find_next(self) -> None:
        self._again(1)

    def do_find_last(self) -> None:
        self._again(-1)

    # filter

    def _filter(self, text: str, kept: bool) -> None:
        try:
            wanted = Filter.parse(text)
        except UnknownKind as error:
            self.foot.tell(str(error), bad=kept or "no kind" in str(error))
            return
        self.steps.only(wanted)
        shown, whole = len(self.steps.rows), len(self.steps.book.rows)
        self.foot.tell(f"{shown:,} of {whole:,}" if wanted else "", bad=bool(wanted) and not shown)
        if kept:
            self._close()
            if wanted:
                self.notify_user(f"{shown:,} of {whole:,} steps are shown · {key('back')} shows all", "warn")

    @on(StepsPane.Unfiltered)
    def _unfiltered(self) -> None:
        self.notify_user("the filter is off: it hid the step to go to", "warn")

    # folds: in the detail the same keys turn the tabs

    def _fold(self, fold: bool, all: bool = False) -> None:
        if self.focused is self.detail and not all:
            self.detail.turn_tab(-1 if fold else 1)
            return
        steps = self.steps
        if all:
            steps.fold({turn.turn for turn in steps.book.turns}, fold)
        elif steps.row is not None:
            steps.fold({steps.row.step_id.turn}, fold)

    def do_fold(self) -> None:
        self._fold(True)

    def do_unfold(self) -> None:
        self._fold(False)

    def do_fold_all(self) -> None:
        self._fold(True, all=True)

    def do_unfold_all(self) -> None:
        self._fold(False, all=True)

    def why_not(self, id: str) -> str:
        folding = id in ("fold", "unfold", "fold_all", "unfold_all")
        if id in ("find_next", "find_last") and not self.words:
            return "nothing was looked for yet"
        if id == "filter" and not self.steps.book.rows:
            return "there are no steps yet"
        if folding and not (self.focused is self.detail and not id.endswith("all")):
            if self.steps.shown.filter:
                return f"nothing folds while a filter is on: {key('back')} shows all steps"
            if not self.steps.book.rows:
                return "there are no steps yet"
        return super().why_not(id)
