"""Review: select lines of the list, tag them, and mark them as reviewed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ...workspace.library import Entry
from ..actions import key
from .group import ActionGroup
from .queue import EMPTY_LIST

if TYPE_CHECKING:
    from ..screens.review import Review


class ListGroup(ActionGroup):
    """Acts on the list, which must not be empty."""

    screen: Review

    def why_not(self, id: str) -> str:
        return "" if self.screen.queue.found.numbers else EMPTY_LIST


class ChooseGroup(ListGroup):
    """Selects lines, and tags the selected ones."""

    def do_select(self) -> None:
        listed = self.screen.list
        if listed.entry is None:
            return
        listed.chosen ^= {listed.entry.row_id}
        listed.redraw()
        listed.action_scroll_down()
        self.screen.queue.show_count()

    def do_select_all(self) -> None:
        listed, all = self.screen.list, set(self.screen.queue.found.numbers)
        listed.chosen = set() if listed.chosen == all else all
        listed.redraw()
        self.screen.queue.show_count()

    def do_tag(self) -> None:
        from ..dialogs.tags import TagScreen

        listed = self.screen.list
        numbers = sorted(listed.chosen) or [e.row_id for e in [listed.entry] if e is not None]
        tags = listed.entry.tags if listed.entry is not None and len(numbers) == 1 else ()
        known = [tag for tag, _ in self.app.library.complete_filter("tag", "")]

        async def done(words: list[str] | None) -> None:
            if words:
                await self._tag(numbers, {word.removeprefix("-"): not word.startswith("-") for word in words})

        self.screen.open_form(TagScreen(len(numbers), tags, known), done)

    async def _tag(self, numbers: list[int], tags: dict[str, bool]) -> None:
        change = await asyncio.to_thread(self.app.library.tag, numbers, tags)
        if change is None:
            self.screen.notify_user("nothing to change: all of them have these tags already")
            return
        self.app.history.add(change)
        self.screen.list.forget()
        self.screen.notify_user(f"{change.what} · {key('undo')} undoes it", "good")


class ReviewedGroup(ListGroup):
    """Marks conversations as reviewed in this queue, and goes to those that are not."""

    def do_reviewed(self) -> None:
        entry = self.screen.list.entry
        if entry is not None:
            self.set_reviewed(entry, entry.row_id not in self.screen.queue.found.reviewed)
            self.screen.list.action_scroll_down()

    def set_reviewed(self, entry: Entry, reviewed: bool = True) -> None:
        """Mark a conversation as reviewed in this queue, or as not reviewed."""
        queue = self.screen.queue
        self.app.library.set_reviewed(queue.query, entry, reviewed)
        (queue.found.reviewed.add if reviewed else queue.found.reviewed.discard)(entry.row_id)
        self.screen.list.redraw()
        queue.show_count()

    async def do_next_unreviewed(self) -> None:
        await self._go(True)

    async def do_previous_unreviewed(self) -> None:
        await self._go(False)

    async def _go(self, forward: bool) -> None:
        """Mark the conversation on view as reviewed, and open the next unreviewed one."""
        here, shown = self.screen.list.entry, self.screen.entries.entry
        if here is not None and shown is not None and here.ref == shown.ref:
            self.set_reviewed(here)
        at = self._next(forward)
        if at is not None:
            self.screen.list.move(at)
            await self.screen.entries.open_entry()
            return
        found = self.screen.queue.found
        left = len(found.numbers) - len(found.reviewed)
        other, side = ("before", "after") if forward else ("after", "before")
        rest = f"; {left:,} {other} it" if left else ": all are reviewed"
        self.screen.notify_user(f"no unreviewed conversation {side} this one{rest}", "" if left else "good")

    def _next(self, forward: bool) -> int | None:
        """Return the next, or the previous, line that is not reviewed."""
        found, at = self.screen.queue.found, self.screen.list.cursor
        lines = range(at + 1, len(found.numbers)) if forward else range(at - 1, -1, -1)
        return next((i for i in lines if found.numbers[i] not in found.reviewed), None)
