"""Re-recorded transcripts: compare each new run with its recording; accept, reject or skip it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ...workspace.comparison import Side
from ...workspace.library import StoredConversation
from ..view.text import one_line
from .group import ActionGroup

if TYPE_CHECKING:
    from ..app import WorkbenchApp
    from ..screens.compare import Compare
    from ..screens.review import Review

DECISIONS = ("accept", "reject", "skip")


async def show_pending(app: WorkbenchApp, after: str = "") -> bool:
    """Compare the next re-recorded transcript with its recording. Returns False if none is left."""
    ids = await asyncio.to_thread(app.library.pending)
    later = [id for id in ids if id > after]
    if not later:
        return False
    id = later[0]
    record, run = await asyncio.to_thread(app.library.open_pending, id)
    title = one_line(id, 200)
    left, right = _side(id, "the recording", title, record), _side(f"{id} new", "the new run", "re-recorded", run)
    app.navigation.compare(left, right)
    app.navigation.pending_id = id
    return True


def _side(id: str, name: str, title: str, record: StoredConversation) -> Side:
    full = f"{title} · {one_line(record.model, 40)}" if record.model else title
    return Side(id, name, full, record.setup, record.trace)


class PendingGroup(ActionGroup):
    """Opens the first re-recorded transcript from Review."""

    screen: Review

    def __init__(self, screen: Review) -> None:
        super().__init__(screen)
        self.count = 0  # re-recorded transcripts, at the last count

    async def look(self) -> None:
        """Count the re-recorded transcripts."""
        self.count = len(await asyncio.to_thread(self.app.library.pending))
        self.screen.offer_keys()

    async def do_pending(self) -> None:
        if not await show_pending(self.app):
            self.screen.notify_user("nothing was re-recorded: `workbench rerecord FILE` re-records a transcript")


class DecisionGroup(ActionGroup):
    """Accepts, rejects or skips the re-recorded transcript on view in Compare."""

    screen: Compare

    async def do_accept(self) -> None:
        await self._decide(True, "accepted: it replaces the recording; review the change and commit it")

    async def do_reject(self) -> None:
        await self._decide(False, "rejected: the recording is unchanged")

    async def do_skip(self) -> None:
        await self._next(f"skipped: {one_line(self.app.navigation.pending_id, 80)} stays pending")

    async def _decide(self, accept: bool, message: str) -> None:
        id = self.app.navigation.pending_id
        change = await asyncio.to_thread(self.app.library.resolve_pending, id, accept)
        self.app.history.add(change)
        await self._next(f"{message} · undo in Review")

    async def _next(self, message: str) -> None:
        """Show the next one, or return to the screen before."""
        navigation = self.app.navigation
        if not await show_pending(self.app, after=navigation.pending_id):
            navigation.pending_id = ""
            navigation.leave_compare()
            message += "; no more are pending"
        self.app.notify_user(message, "good")

    def why_not(self, id: str) -> str:
        if not self.app.navigation.pending_id:
            return "nothing to decide here: in Review, re-recorded transcripts are compared with their recordings"
        return ""
