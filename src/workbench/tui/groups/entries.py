"""Review: open the conversation of a line, continue it, and return to the list."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.timer import Timer

from ...errors import UsageError, WorkbenchError
from ...workspace.history import History, redo_latest, undo_latest
from ...workspace.library import Entry, StoredConversation
from ...workspace.session import Session
from ..actions import key
from ..view.text import one_line
from .annotating import AnnotateGroup, nothing_to
from .group import ActionGroup
from .reading import LeaveGroup

if TYPE_CHECKING:
    from ..screens.review import Review


class EntryGroup(ActionGroup):
    """Shows the conversation of the cursor: its line `entry` and its stored contents `record`."""

    screen: Review

    def __init__(self, screen: Review) -> None:
        super().__init__(screen)
        self.entry: Entry | None = None
        self.record: StoredConversation | None = None
        self._timer: Timer | None = None

    def open_soon(self, delay: float) -> None:
        """Open the conversation of the cursor once the cursor has rested for `delay` seconds."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.screen.set_timer(
            delay, lambda: self.screen.run_in_background(self.open_entry, group="peek", exclusive=True)
        )

    async def open_entry(self) -> bool:
        """Show the conversation of the cursor. Returns False if there is none, or it cannot be read."""
        screen, entry = self.screen, self.screen.list.entry
        if entry is None:
            return False
        if entry.error:
            screen.notify_user(entry.error, "bad")
            return False
        if self.entry is not None and (entry.ref, entry.when) == (self.entry.ref, self.entry.when):
            self.entry = entry
            return True
        try:
            record = await asyncio.to_thread(self.app.library.open, entry)
        except WorkbenchError as error:
            screen.show_error(error)
            return False
        if screen.list.entry is None or screen.list.entry.ref != entry.ref:
            return False  # the cursor has moved meanwhile
        self.entry, self.record = entry, record
        screen.show_record(self.app.navigation.read_only_session(entry, record), record)
        return True

    async def load_code(self, session: Session) -> None:
        """Load the agent's code if it is not loaded yet. Raises UsageError if it does not load."""
        if session.agent_info is not None:
            return
        name = one_line(session.agent, 60)
        self.screen.notify_user(f"loading {name} …")
        await session.code_service.reload()
        code = session.code_service.code
        if session.agent_info is None:
            raise UsageError(f"{name} does not load: {code.error}", where=code.where, hint=code.hint)

    async def do_continue(self) -> None:
        if not await self.open_entry():
            return
        entry, record, chosen = self.entry, self.record, self.screen.session
        if entry is None or record is None or chosen is None:
            return
        await self.load_code(chosen)
        if chosen not in self.app.conversations.open:
            annotations = list(chosen.annotations.values())
            chosen = self.app.navigation.continued_session(entry, replace(record, annotations=annotations))
        self.screen.session, self.entry = None, None
        self.app.navigation.switch(chosen)

    def why_not(self, id: str) -> str:
        if id != "continue":
            return ""
        busy = "the agent is still answering in Develop: wait for it" if self.app.session.busy else ""
        return busy or self.code_not_run()


class ReviewLeaveGroup(LeaveGroup):
    """Opens the line of the list; goes back to the list, and clears it there."""

    screen: Review

    async def do_open(self) -> None:
        review = self.screen
        if review.focused not in (review.list, None):
            super().do_open()
        elif await review.entries.open_entry():
            assert review.entries.entry is not None
            review.reviewed.set_reviewed(review.entries.entry)
            review.add_class("opened")
            review.steps.focus()

    def do_back(self) -> None:
        review = self.screen
        if review.zoomer.zoomed or review.search_bar.is_open:
            super().do_back()
        elif review.focused is review.list:
            review.queue.clear()
        elif not review.search.clear():
            review.queue.do_list()


class ReviewAnnotateGroup(AnnotateGroup):
    """Saves the conversation on view, after loading the code of its agent; undoes actions on any conversation."""

    screen: Review

    async def do_save(self) -> Any:
        if self.screen.session is not None:
            await self.screen.entries.load_code(self.screen.session)
        super().do_save()

    def histories(self) -> list[History]:
        session = self.screen.session
        live = session is not None and session in self.app.conversations.open
        return [self.app.history, *([session.history] if session is not None and live else [])]

    async def do_undo(self) -> None:
        await self._show(f"undone: {undo_latest(self.histories())} · {key('redo')} redoes it")

    async def do_redo(self) -> None:
        await self._show(f"redone: {redo_latest(self.histories())} · {key('undo')} undoes it")

    async def _show(self, message: str) -> None:
        review = self.screen
        review.notify_user(message, "good")
        review.list.forget()
        entry, session = review.entries.entry, review.session
        if entry is None or session is None or session in self.app.conversations.open:
            return
        record = await asyncio.to_thread(self.app.library.open, entry)
        # the undone annotation may belong to another reading of this conversation
        session.annotations = {annotation.step: annotation for annotation in record.annotations}
        review.update()

    def why_not(self, id: str) -> str:
        if id in ("undo", "redo"):
            return nothing_to(id, self.histories())
        return super().why_not(id) or (self.code_not_run() if id == "save" else "")
