"""The queue of Review: a query and its result."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ...transcripts.query import Query
from ...workspace.library import Entry, IndexProgress, SearchResult
from ..actions import key
from ..widgets.library_list import EMPTY, READING
from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.review import Review

SAMPLE = 50  # conversations of a sample
REFRESH = 1.0  # seconds at least between two searches while the index grows


class QueueGroup(ActionGroup):
    """Searches the library in a thread, and shows the result in the list."""

    screen: Review

    def __init__(self, screen: Review) -> None:
        super().__init__(screen)
        self.query = Query()  # the query of the list
        self.found = SearchResult()
        self.progress = IndexProgress()
        self.complete = False  # whether everything was read once
        self._wanted = Query()  # the last query asked for
        self._due = False  # whether that search has yet to start
        self._searching = False
        self._searched_at = 0.0

    # the index

    async def listen(self) -> None:
        """Follow the progress of the index, and search again when it has changed."""
        async for progress in self.app.library.news():
            if progress.note and progress.note != self.progress.note:
                self.screen.notify_user(progress.note, "warn")
            self.progress = progress
            self.complete |= progress.complete
            if not self.complete or progress.complete:
                self._show_progress()
            if progress.changed and (not progress.total or time.monotonic() - self._searched_at > REFRESH):
                self.refresh()
            self.screen.update_status()

    def _show_progress(self) -> None:
        """Show in an empty list how far the index is."""
        listed = self.screen.list
        if not len(self.found.numbers):
            listed.hints = self._hints()
            listed.redraw()
            self.show_count()

    @property
    def indexing(self) -> str:
        return f"indexing {self.progress.done:,} of {self.progress.total:,}" if self.progress.total else ""

    # searching

    def ask(self, query: Query) -> None:
        """Show a query in its line, and its result in the list."""
        self.screen.box.line.text = str(query)
        self.screen.set_class(bool(query), "queried")
        self.search(query)

    def search(self, query: Query) -> None:
        """Search in a thread; of several pending queries only the last is run."""
        self._wanted, self._due = query, True
        if not self._searching:
            self.screen.run_in_background(self._search, group="look")

    def refresh(self) -> None:
        """Repeat the last search."""
        self.search(self._wanted)

    async def _search(self) -> None:
        if self._searching:
            return
        self._searching = True
        try:
            while self._due:
                self._due, query = False, self._wanted
                self._searched_at = time.monotonic()
                found = await asyncio.to_thread(self.app.library.search, query)
                if not self._due:
                    self._show(query, found)
        finally:
            self._searching = False

    def _show(self, query: Query, found: SearchResult) -> None:
        listed = self.screen.list
        cursor, entry = listed.cursor if query == self.query else 0, listed.entry
        self.query, self.found = query, found
        if entry is not None and len(found.numbers):
            cursor = self._line_of(entry, cursor)
        listed.hints = self._hints()
        listed.show(found, cursor)
        self.show_count()
        self.screen.update_status()
        self.screen.list_changed()

    def _line_of(self, entry: Entry, otherwise: int) -> int:
        """Return the line of an entry in the result."""
        for number in (entry.row_id, self.app.library.row_id(entry.ref)):
            try:
                return self.found.numbers.index(number)
            except ValueError:
                continue
        return otherwise

    def _hints(self) -> list[str]:
        """Return what an empty list shows."""
        if not self.complete or self.indexing:
            return [reading(self.progress)]
        if not self.query or not self.found.total:
            return [EMPTY]
        none = f"None of {self.found.total:,} matches: {self.query.description}."
        hints = [none if self.query.terms else "The sample is empty."]
        hints += [f"{term} alone: {count:,}" for term, count in self.found.per_term]
        return [*hints, f"{key('find')} edits the query · {key('back')} shows all"]

    def show_count(self) -> None:
        """Show in the title where the cursor is, and how many entries are reviewed and selected."""
        listed = self.screen.list
        parts = [f"{listed.cursor + 1:,} of {len(self.found.numbers):,}" if self.found.numbers else self._none]
        if listed.chosen:
            parts.append(f"{len(listed.chosen):,} selected")
        if self.found.reviewed:
            parts.append(f"{len(self.found.reviewed):,} reviewed")
        listed.border_title = f"0 List {' · '.join(parts)}"

    @property
    def _none(self) -> str:
        return "none" if self.complete and not self.indexing else "reading…"

    # actions

    def clear(self) -> None:
        """Clear the selected lines; without any, the query."""
        listed = self.screen.list
        if listed.chosen:
            listed.chosen = set()
            listed.redraw()
            self.show_count()
        elif self.query:
            self.ask(Query())

    def do_list(self) -> None:
        self.screen.zoomer.zoom("")
        self.screen.remove_class("opened")
        self.screen.list.focus()

    def do_sample(self) -> None:
        sample = self.query.next_sample(SAMPLE)
        self.ask(sample)
        how = "four fifths by risk, the rest at random" if sample.sort == "suspicious" else "at random"
        again, all = key("sample"), key("back")
        self.screen.notify_user(f"a sample of {sample.sample}, {how} · {again} draws another · {all} shows all")

    def do_queue(self) -> None:
        from ..dialogs.saved_queries import SavedQueriesDialog

        library = self.app.library
        queues = dict(library.queues)

        def done(chosen: tuple[str, str] | None) -> None:
            if chosen is None:
                return
            name, query = chosen
            if query == queues.get(name):
                self.ask(Query.parse(query, queues))
                return
            change = library.save_queue(name, query)
            self.app.history.add(change)
            self.screen.notify_user(f"{change.what} · {key('undo')} undoes it", "good")

        self.screen.open_form(SavedQueriesDialog(queues, str(self.query)), done)

    def why_not(self, id: str) -> str:
        return EMPTY_LIST if id == "sample" and not self.found.numbers else ""


def reading(progress: IndexProgress) -> str:
    """Return what the list shows while the conversations are read for the first time."""
    if progress.note and not progress.total:
        return progress.note
    if not progress.total:
        return READING
    done = f" {progress.done:,} done" if progress.done else ""
    return f"reading {progress.total:,} transcripts and conversations…{done}"


EMPTY_LIST = "the list is empty"
