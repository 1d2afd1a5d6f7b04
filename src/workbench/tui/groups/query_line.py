"""Edit the query below the list of Review."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ...errors import UsageError
from ...transcripts.query import FILTERS, Query
from ..widgets.query_line import filters
from .search import SearchGroup

if TYPE_CHECKING:
    from ..screens.review import Review


class ReviewSearchGroup(SearchGroup):
    """Finds by a query in the list, by words in the other panes."""

    screen: Review

    def __init__(self, screen: Review) -> None:
        super().__init__(screen)
        self._before = ""  # the query before it was edited

    async def do_find(self) -> None:
        if self.screen.pane is not self.screen.list:
            super().do_find()
            return
        line = self.screen.box.line
        self._before = str(self.screen.queue.query)
        self.screen.add_class("querying")
        line.focus()
        line.move_cursor(line.document.end)
        await self._hint()

    async def query_typed(self) -> None:
        """Search for the query as it is typed."""
        box = self.screen.box
        if self.screen.focused is not box.line:
            return
        try:
            query = Query.parse(box.line.text, self.app.library.queues)
        except UsageError as error:
            box.hint(error.message, bad=True)
            return
        self.screen.queue.search(query)
        await self._hint()

    async def _hint(self) -> None:
        """Show what can be typed next."""
        box = self.screen.box
        filter, start = box.line.term
        if filter in FILTERS and (values := await self._values(filter, start)):
            box.hint(" ".join(f"{value} {count:,} " if count else f"{value} " for value, count in values))
        elif filter in FILTERS:
            box.hint(FILTERS[filter])
        else:
            names = filters(start) if start else list(FILTERS)
            box.hint(" ".join(f"{name}:" for name in names))

    async def _values(self, filter: str, start: str) -> list[tuple[str, int]]:
        library = self.app.library
        if filter == "queue":
            return [(name, 0) for name in sorted(library.queues) if name.startswith(start)]
        return await asyncio.to_thread(library.complete_filter, filter, start)

    async def complete_query(self) -> None:
        """Complete the filter or the value that is being typed."""
        line = self.screen.box.line
        filter, start = line.term
        line.complete([v for v, _ in await self._values(filter, start)] if filter else filters(start))

    def leave_query(self, back: bool) -> None:
        """Go to the list; with `back`, restore the query as it was before."""
        if back:
            self.screen.queue.ask(Query.parse(self._before, self.app.library.queues))
        self.screen.set_class(bool(self.screen.box.line.text.strip()), "queried")
        self.screen.remove_class("querying")
        self.screen.list.focus()
