"""An agent's code as it serves: which version, and the workers that hold it.

Conversations borrow a worker for a request and give it back. A save makes the
workers of the version before it leave as they are given back; while what is on
disk does not load, the last good ones go on.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from ..errors import JourneyError, UsageError, WorkerCrashed
from ..runtime.protocol import AgentInfo, Worker, WorkerFactory

MAX_IDLE = 2  # idle workers kept: one that talks, one that runs again beside it


@dataclass(frozen=True)
class CodeStatus:
    """The state of the code behind the screen.

    `ready`: what is on disk serves. `loading`: a save is being loaded.
    `broken`: what is on disk does not load; the last good code goes on
    serving (`serving` False: nothing serves). `note` says what a re-run of one conversation found.
    """

    state: Literal["loading", "ready", "broken"] = "loading"
    error: str = ""
    where: str = ""
    next: str = ""
    serving: bool = False
    seconds: float = 0.0
    at: float = 0.0
    note: str = ""


class CodeListener(Protocol):
    def code_changed(self) -> None: ...


class CodeService:
    """One agent's code. `card` describes the version that serves; None before the first load."""

    def __init__(self, host: WorkerFactory, agent: str, model: str) -> None:
        self.host = host
        self.agent = agent
        self.model = model
        self.card: AgentInfo | None = None
        self.code = CodeStatus()
        self.listeners: weakref.WeakSet[CodeListener] = weakref.WeakSet()
        self._idle: list[Worker] = []
        self._lent = 0
        self._version = 0  # counts the loads that serve
        self._loads = 0  # and those that were asked for

    def _tell(self, code: CodeStatus) -> None:
        self.code = code
        for one in list(self.listeners):
            one.code_changed()

    async def reload(self) -> bool:
        """Load what is on disk now, in a new worker, and let it serve. True where it is other code than before.

        A load that is overtaken by a later one is thrown away.
        """
        self._loads += 1
        number, began = self._loads, time.monotonic()
        self._tell(replace(self.code, state="loading"))
        try:
            worker = await self.host.start(self.agent, self.model)
        except (JourneyError, WorkerCrashed) as error:
            if number == self._loads:
                self._broken(error)
            return False
        if number != self._loads:
            worker.close()
            return False
        changed = self.card is not None and self.card.code != worker.card.code
        self._version += 1
        for old in self._idle:
            old.close()
        self._idle = [worker]
        self.card = worker.card
        self._tell(CodeStatus("ready", serving=True, seconds=time.monotonic() - began, at=time.time()))
        return changed

    def _broken(self, error: JourneyError | WorkerCrashed) -> None:
        serving = bool(self._idle or self._lent)
        self._tell(CodeStatus("broken", error.message, error.where, error.hint, serving, at=time.time()))

    @asynccontextmanager
    async def borrow_worker(self) -> AsyncIterator[Worker]:
        """Borrow a worker of the code that serves, or of what is on disk now where none is free.

        Raises UsageError where there is no code to serve. A worker that died, or
        was left in the middle of a request, is not taken back.
        """
        worker = self._waiting()
        while worker is None:
            worker = await self._another()
        version, done = self._version, False
        self._lent += 1
        try:
            yield worker
            done = True
        except (JourneyError, UsageError):
            done = True  # it said why it could not, and is ready for the next
            raise
        finally:
            self._lent -= 1
            if done and version == self._version and len(self._idle) < MAX_IDLE:
                self._idle.append(worker)
            else:
                worker.close()

    def _waiting(self) -> Worker | None:
        self._idle = [idle for idle in self._idle if idle.alive]
        return self._idle.pop() if self._idle else None

    async def _another(self) -> Worker | None:
        """Start one more; None where a later load has come before it: what it holds may be the code before."""
        version = self._version
        if self._lent and self.code.state == "broken":
            raise UsageError(
                "another conversation has the last good code, and what is on disk does not load",
                where=self.code.where,
                next="wait until it has answered, or mend and save",
            )
        try:
            worker = await self.host.start(self.agent, self.model)
        except (JourneyError, WorkerCrashed) as error:
            self._broken(error)
            raise UsageError(
                f"no code serves: {error.message}", where=error.where, next=error.hint or "mend and save"
            ) from None
        if version != self._version:
            worker.close()
            return self._waiting()
        if self.card is None or self.card.code != worker.card.code or self.code.state == "broken":
            self._version += 1  # those that are lent out hold other code
            self.card = worker.card
            self._tell(replace(self.code, state="ready", serving=True, error="", where="", next=""))
        return worker

    async def ensure_worker(self) -> None:
        """See to it that a worker waits, after one died: what is on disk may be what killed it."""
        if not self._idle:
            try:
                async with self.borrow_worker():
                    pass
            except UsageError:
                pass  # the state of the code says it

    def close(self) -> None:
        """End the workers that wait; one that is lent out ends with its host."""
        for worker in self._idle:
            worker.close()
        self._idle.clear()
