"""The code of an agent: the loaded version, and the workers that run it.

Conversations borrow a worker for a request and return it. After a save, workers
of the previous version are closed when they are returned. While the code on disk
does not load, the last good version stays in use.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from ..engine.model_params import ModelParams
from ..errors import JourneyError, UsageError, WorkerCrashed
from ..replay.verdict import ReplayResult
from ..runtime.protocol import AgentInfo, Worker, WorkerFactory
from .permission import CodePermission

MAX_IDLE = 2  # idle workers: one for the conversation, one for its rerun


@dataclass(frozen=True)
class CodeStatus:
    """The state of the code behind the screen.

    `ready`: the code on disk is loaded. `loading`: a save is being loaded.
    `broken`: the code on disk does not load; the last good version stays in use
    (`usable` False: there is none). `not run`: it may not be loaded yet.
    `note` describes the last rerun of a conversation.
    """

    state: Literal["not run", "loading", "ready", "broken"] = "loading"
    error: str = ""
    where: str = ""
    hint: str = ""
    usable: bool = False
    seconds: float = 0.0
    at: float = 0.0
    note: str = ""


class CodeListener(Protocol):
    """Receives changes of the code status."""

    def code_changed(self) -> None: ...


class CodeService:
    """One agent's code and its model; `agent_info` describes the loaded version, None before the first load."""

    def __init__(
        self,
        host: WorkerFactory,
        agent: str,
        model: str,
        permission: CodePermission | None = None,
        params: ModelParams | None = None,
    ) -> None:
        self.host = host
        self.agent = agent
        self.model = model
        self.params = params or ModelParams()
        self.permission = permission or CodePermission()
        self.agent_info: AgentInfo | None = None
        self.code = CodeStatus("loading" if self.permission.granted else "not run")
        self.listeners: weakref.WeakSet[CodeListener] = weakref.WeakSet()
        self._idle: list[Worker] = []
        self._borrowed = 0
        self._version = 0  # counts successful loads
        self._loads = 0  # counts requested loads

    def _notify(self, code: CodeStatus) -> None:
        self.code = code
        for one in list(self.listeners):
            one.code_changed()

    async def reload(self) -> bool:
        """Load the code on disk in a new worker and use it. Returns True if it has changed.

        A load that is overtaken by a later one is discarded. Without the permission nothing is loaded.
        """
        if not self.permission.granted:
            return False
        self._loads += 1
        number, began = self._loads, time.monotonic()
        self._notify(replace(self.code, state="loading"))
        try:
            worker = await self._start_worker()
        except (JourneyError, WorkerCrashed) as error:
            if number == self._loads:
                self._load_failed(error)
            return False
        if number != self._loads:
            worker.close()
            return False
        changed = self.agent_info is not None and self.agent_info.code != worker.agent_info.code
        self._version += 1
        for old in self._idle:
            old.close()
        self._idle = [worker]
        self.agent_info = worker.agent_info
        self._notify(CodeStatus("ready", usable=True, seconds=time.monotonic() - began, at=time.time()))
        return changed

    async def replay(self, data: bytes) -> ReplayResult:
        """Replay an encoded transcript like `workbench replay`. Raises UsageError without the permission."""
        self.permission.require()
        return await self.host.replay(data)

    async def _start_worker(self) -> Worker:
        """Start a worker: with `replay` the only way to journey code. Raises UsageError without the permission."""
        self.permission.require()
        return await self.host.start(self.agent, self.model, self.params)

    def _load_failed(self, error: JourneyError | WorkerCrashed) -> None:
        usable = bool(self._idle or self._borrowed)
        self._notify(CodeStatus("broken", error.message, error.where, error.hint, usable, at=time.time()))

    @asynccontextmanager
    async def borrow_worker(self) -> AsyncIterator[Worker]:
        """Borrow a worker with the current code; starts one if none is idle.

        Raises UsageError if no code is loaded. A worker that crashed, or was returned
        in the middle of a request, is not reused.
        """
        worker = self._take_idle()
        while worker is None:
            worker = await self._start_another()
        version, done = self._version, False
        self._borrowed += 1
        try:
            yield worker
            done = True
        except (JourneyError, UsageError):
            done = True  # it reported an error and is ready for the next request
            raise
        finally:
            self._borrowed -= 1
            if done and version == self._version and len(self._idle) < MAX_IDLE:
                self._idle.append(worker)
            else:
                worker.close()

    def _take_idle(self) -> Worker | None:
        self._idle = [idle for idle in self._idle if idle.alive]
        return self._idle.pop() if self._idle else None

    async def _start_another(self) -> Worker | None:
        """Start another worker; returns None if a later load came first, because it may hold an older version."""
        version = self._version
        if self._borrowed and self.code.state == "broken":
            raise UsageError(
                "the code on disk does not load, and the last good version is busy in another conversation",
                where=self.code.where,
                hint="wait for its answer, or fix the code and save",
            )
        try:
            worker = await self._start_worker()
        except (JourneyError, WorkerCrashed) as error:
            self._load_failed(error)
            raise UsageError(
                f"no code is loaded: {error.message}",
                where=error.where,
                hint=error.hint or "fix the code and save",
            ) from None
        if version != self._version:
            worker.close()
            return self._take_idle()
        if (
            self.agent_info is None
            or self.agent_info.code != worker.agent_info.code
            or self.code.state == "broken"
        ):
            self._version += 1  # borrowed workers have other code
            self.agent_info = worker.agent_info
            self._notify(replace(self.code, state="ready", usable=True, error="", where="", hint=""))
        return worker

    async def ensure_worker(self) -> None:
        """Start a worker if none is left after a crash: the code on disk may have caused it."""
        if not self._idle:
            try:
                async with self.borrow_worker():
                    pass
            except UsageError:
                pass  # the status shows the error

    def close(self) -> None:
        """Close the idle workers; a borrowed one is closed by its borrower."""
        for worker in self._idle:
            worker.close()
        self._idle.clear()
