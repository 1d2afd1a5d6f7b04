"""The queue of Review: a query, what it finds, and what a person does with many conversations at once."""

from __future__ import annotations

import asyncio
import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from ...errors import UsageError
from ...transcripts.query import FILTERS, Query
from ...workspace.library import Entry, IndexProgress, SearchResult
from ..widgets.library_list import EMPTY, LEGEND, LibraryList
from ..widgets.query_line import KEYS, QueryBox, QueryLine, filters
from .compare_actions import CompareActions

SAMPLE = 50  # conversations of a sample
OFTEN = 1.0  # seconds at least between two looks while the index grows


class ReviewList(CompareActions):
    """The list and its query. What is opened, and how, subclasses say."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Query()  # what the list shows
        self.found = SearchResult()
        self.news = IndexProgress()
        self._before = ""  # the text of the query before it was changed
        self._wanted = Query()  # what was asked last
        self._due = False  # whether it is still to be looked for
        self._searching = False
        self._looked = 0.0

    def compose_list(self) -> ComposeResult:
        with Vertical(id="listing"):
            yield LibraryList(self.bench_app.library.page, id="list")
            yield QueryBox(id="ask-box")

    def begin(self) -> None:
        super().begin()
        self.shelf = self.query_one(LibraryList)
        self.box = self.query_one(QueryBox)
        self.shelf.border_subtitle = LEGEND
        self.shelf.followed = self.list_moved
        self.call_after_refresh(self.run_in_background, self._listen, "news")

    # the index

    async def _listen(self) -> None:
        """Hear how far the index is, and look again where it has changed."""
        async for news in self.bench_app.library.news():
            if news.note and news.note != self.news.note:
                self.notify_user(news.note, "warn")
            self.news = news
            if news.changed and (not news.total or time.monotonic() - self._looked > OFTEN):
                self.look_again()
            self.tell_status()

    @property
    def indexing(self) -> str:
        return f"indexing {self.news.done:,} of {self.news.total:,}" if self.news.total else ""

    # looking

    def look(self, query: Query) -> None:
        """Find what is asked, in a thread; of what is asked meanwhile only the last is looked for."""
        self._wanted, self._due = query, True
        if not self._searching:
            self.run_in_background(self._look, group="look")

    def look_again(self) -> None:
        """What was asked last may find other things now."""
        self.look(self._wanted)

    async def _look(self) -> None:
        if self._searching:
            return
        self._searching = True
        try:
            while self._due:
                self._due, query = False, self._wanted
                self._looked = time.monotonic()
                found = await asyncio.to_thread(self.bench_app.library.search, query)
                if not self._due:
                    self._show(query, found)
        finally:
            self._searching = False

    def _show(self, query: Query, found: SearchResult) -> None:
        same, entry = query == self.asked, self.shelf.entry
        self.asked, self.found = query, found
        cursor = self.shelf.cursor if same else 0
        if entry is not None and len(found.numbers):
            cursor = self._where(entry, found, cursor)
        self.shelf.hints = self._hints(query, found)
        self.shelf.show(found, cursor)
        self.tell_count()
        self.tell_status()
        self.showed()

    def _where(self, entry: Entry, found: SearchResult, otherwise: int) -> int:
        """The line on which a conversation stands now."""
        for number in (entry.row_id, self.bench_app.library.number(entry.ref)):
            try:
                return found.numbers.index(number)
            except ValueError:
                continue
        return otherwise

    def _hints(self, query: Query, found: SearchResult) -> list[str]:
        """What to do where there is nothing."""
        if self.indexing:
            return [f"{self.indexing} …"]
        if not query or not found.total:
            return [EMPTY]
        hints = [f"None of {found.total:,} has: {query.description}." if query.terms else "Nothing was drawn."]
        hints += [f"{term} alone: {count:,}" for term, count in found.per_term]
        return [*hints, "/ changes what is asked · esc shows all"]

    def showed(self) -> None:
        """The list shows something else."""

    def tell_count(self) -> None:
        """n of N, how many are seen, how many are chosen."""
        parts = [f"{self.shelf.cursor + 1:,} of {len(self.found.numbers):,}" if self.found.numbers else "none"]
        if self.shelf.chosen:
            parts.append(f"{len(self.shelf.chosen):,} chosen")
        if self.found.reviewed:
            parts.append(f"{len(self.found.reviewed):,} seen")
        self.shelf.border_title = f"0 List {' · '.join(parts)}"

    def list_moved(self, by_hand: bool) -> None:
        """The cursor stands on another line of the list."""
        self.tell_count()

    # the line at the foot of the list

    @property
    def asking(self) -> bool:
        """Whether a person is typing what to look for."""
        return self.focused is self.box.line

    def ask(self, query: Query) -> None:
        """Show a query in the line, and what it finds."""
        self.box.line.text = str(query)
        self.set_class(bool(query), "queried")
        self.look(query)

    @on(QueryLine.Typed)
    async def _query_typed(self) -> None:
        if not self.asking:
            return
        try:
            query = Query.parse(self.box.line.text, self.bench_app.library.queues)
        except UsageError as error:
            self.box.hint(error.message, bad=True)
            return
        self.look(query)
        await self._hint()

    async def _hint(self) -> None:
        """What can be typed next."""
        filter, start = self.box.line.term
        if filter in FILTERS and (values := await self._values(filter, start)):
            self.box.hint(" ".join(f"{value} {count:,} " if count else f"{value} " for value, count in values))
        elif filter in FILTERS:
            self.box.hint(FILTERS[filter])
        else:
            self.box.hint(
                " ".join(f"{name}:" for name in filters(start)) if start else " ".join(f"{f}:" for f in FILTERS)
            )

    async def _values(self, filter: str, start: str) -> list[tuple[str, int]]:
        if filter == "queue":
            return [(name, 0) for name in sorted(self.bench_app.library.queues) if name.startswith(start)]
        found: list[tuple[str, int]] = await asyncio.to_thread(self.bench_app.library.values, filter, start)
        return found

    @on(QueryLine.Completed)
    async def _complete(self) -> None:
        filter, start = self.box.line.term
        self.box.line.complete([v for v, _ in await self._values(filter, start)] if filter else filters(start))

    @on(QueryLine.Left)
    def _left(self, event: QueryLine.Left) -> None:
        if event.back:
            self.ask(Query.parse(self._before, self.bench_app.library.queues))
        self.set_class(bool(self.box.line.text.strip()), "queried")
        self.remove_class("querying")
        self.shelf.focus()

    # doing

    async def do_find(self) -> None:
        """In the list it chooses what the list holds; elsewhere it finds in the pane."""
        if self.pane is not self.shelf:
            super().do_find()
            return
        self._before = str(self.asked)
        self.add_class("querying")
        self.box.line.focus()
        self.box.line.move_cursor(self.box.line.document.end)
        await self._hint()

    def do_list(self) -> None:
        self.shelf.focus()

    def do_sample(self) -> None:
        drawn = self.asked.next_sample(SAMPLE)
        self.ask(drawn)
        how = "the most suspicious, one in five by chance" if drawn.sort == "suspicious" else "by chance"
        self.notify_user(f"{drawn.sample} of them, {how} · s draws others · esc shows all")

    def clear(self) -> bool:
        """Take back the choice of lines, then the query. False where there was neither."""
        if self.shelf.chosen:
            self.shelf.chosen = set()
            self.shelf.redraw()
            self.tell_count()
        elif self.asked:
            self.ask(Query())
        else:
            return False
        return True

    def do_select(self) -> None:
        if self.shelf.entry is None:
            return
        self.shelf.chosen ^= {self.shelf.entry.row_id}
        self.shelf.redraw()
        self.shelf.action_scroll_down()
        self.tell_count()

    def do_select_all(self) -> None:
        everything = set(self.found.numbers)
        self.shelf.chosen = set() if self.shelf.chosen == everything else everything
        self.shelf.redraw()
        self.tell_count()

    def do_seen(self) -> None:
        entry = self.shelf.entry
        if entry is not None:
            self.see(entry, entry.row_id not in self.found.reviewed)
            self.shelf.action_scroll_down()

    def see(self, entry: Entry, seen: bool = True) -> None:
        """Check a conversation off in this queue, or not after all."""
        self.bench_app.library.see(self.asked, entry, seen)
        (self.found.reviewed.add if seen else self.found.reviewed.discard)(entry.row_id)
        self.shelf.redraw()
        self.tell_count()

    def unseen(self, forward: bool) -> int | None:
        """The next line, or the one before, that is not checked off."""
        numbers, at = self.found.numbers, self.shelf.cursor
        lines = range(at + 1, len(numbers)) if forward else range(at - 1, -1, -1)
        return next((i for i in lines if numbers[i] not in self.found.reviewed), None)

    def do_tag(self) -> None:
        from ..dialogs.tags import TagScreen

        numbers = sorted(self.shelf.chosen) or [e.row_id for e in [self.shelf.entry] if e is not None]
        tags = self.shelf.entry.tags if self.shelf.entry is not None and len(numbers) == 1 else ()
        known = [tag for tag, _ in self.bench_app.library.values("tag", "")]

        async def done(words: list[str] | None) -> None:
            for word in words or ():
                await self._tag(numbers, word.removeprefix("-"), not word.startswith("-"))

        self.open_form(TagScreen(len(numbers), tags, known), done)

    async def _tag(self, numbers: list[int], tag: str, on: bool) -> None:
        library = self.bench_app.library
        refs = await asyncio.to_thread(library.tag, numbers, tag, on)
        what = f"#{tag} {'on' if on else 'off'} {len(refs):,} conversation{'s' if len(refs) != 1 else ''}"
        if not refs:
            self.notify_user(f"all of them {'have' if on else 'lack'} #{tag} already")
            return
        self.bench_app.undos.append((what, lambda: library.tag_refs(refs, tag, not on)))
        self.shelf.forget()
        self.notify_user(f"{what} · u takes it back", "good")

    def do_queue(self) -> None:
        from ..dialogs.saved_queries import SavedQueriesDialog

        queues = dict(self.bench_app.library.queues)

        def done(chosen: tuple[str, str] | None) -> None:
            if chosen is None:
                return
            name, query = chosen
            if query == queues.get(name):
                self.ask(Query.parse(query, queues))
                return
            self.bench_app.library.keep_queue(name, query)
            self.notify_user(f"kept: queue:{name}" if query else f"queue:{name} is gone", "good")

        self.open_form(SavedQueriesDialog(queues, str(self.asked)), done)

    def offer_asking(self) -> bool:
        if self.asking:
            self.keys.offer(list(KEYS))
        return self.asking

    def why_not(self, id: str) -> str:
        nothing = {"select", "select_all", "seen", "tag", "sample", "next_unseen", "last_unseen"}
        if id in nothing and not self.found.numbers:
            return "there is nothing in the list"
        return super().why_not(id)
