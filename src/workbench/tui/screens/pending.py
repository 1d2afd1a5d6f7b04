"""Runs recorded anew: beside their record in Compare, accepted, rejected or skipped with one key each."""

from __future__ import annotations

import asyncio

from ...workspace.comparison import Side, ensure_comparable
from ...workspace.library import StoredConversation
from ..view.text import one_line
from .base import BaseScreen

DECISIONS = ("accept", "reject", "skip")


class Pending(BaseScreen):
    """What Review and Compare have in common of them."""

    async def show_waiting(self, after: str = "") -> bool:
        """Compare the run that waits after another with its record; False where none waits there."""
        app = self.bench_app
        ids = await asyncio.to_thread(app.library.pending)
        later = [id for id in ids if id > after]
        if not later:
            return False
        id = later[0]
        record, run = await asyncio.to_thread(app.library.waiting, id)
        title = one_line(id, 200)
        left, right = _side(id, "the record", title, record), _side(f"{id} anew", "the new run", "anew", run)
        ensure_comparable(left, right)
        app.compare(left, right)
        app.waiting = id
        return True


def _side(id: str, name: str, title: str, record: StoredConversation) -> Side:
    said = f"{title} · {one_line(record.model, 40)}" if record.model else title
    return Side(id, name, said, record.setup, record.trace)


class PendingDecision(Pending):
    """Compare, where what is on view waits for a person's word."""

    def why_not(self, id: str) -> str:
        if id in DECISIONS and not self.bench_app.waiting:
            return (
                "nothing here waits for your word: in Review the runs recorded anew are shown beside their records"
            )
        return super().why_not(id)

    def footer(self) -> list[tuple[str, str]]:
        """The three decisions stand first where there is one to take."""
        keys = super().footer()
        return sorted(keys, key=lambda one: one[1] not in DECISIONS)

    async def do_accept(self) -> None:
        await self._decide(True, "accepted: it is the record now; review the change and commit it")

    async def do_reject(self) -> None:
        await self._decide(False, "rejected: the record stays as it was")

    async def do_skip(self) -> None:
        await self._go_on(f"{one_line(self.bench_app.waiting, 80)} waits on")

    async def _decide(self, accept: bool, told: str) -> None:
        app, id = self.bench_app, self.bench_app.waiting
        back = await asyncio.to_thread(app.library.decide, id, accept)
        app.undos.append((f"{'accepting' if accept else 'rejecting'} the new run of {id}", back))
        await self._go_on(f"{told} · undo in Review")

    async def _go_on(self, told: str) -> None:
        """To the next that waits, or back to where one came from."""
        app = self.bench_app
        if not await self.show_waiting(after=app.waiting):
            app.waiting = ""
            app.switch_mode(app.came_from)
            told += "; nothing else waits after it"
        app.screen.tell(told, "good")
