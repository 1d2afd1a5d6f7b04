"""Worker processes, which run journey code, and their deadlines.

A worker is forked from a warm server in milliseconds, and a spare one is ready for
the next save. A worker without a heartbeat is blocked by journey code: it dumps its
stack and is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import sys
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec

from ..engine.model_params import ModelParams
from ..errors import UsageError, WorkerCrashed
from ..machine import machine_error
from ..models.claude import PRELOAD as SDK
from ..replay.verdict import ReplayResult
from ..source import safe_path
from .descendants import Descendants
from .process import HangTimer, StackDump, start_method
from .protocol import (
    AgentInfo,
    CancelTurn,
    Done,
    Failed,
    FileWritten,
    Heartbeat,
    Load,
    Loaded,
    ModelAnswered,
    Request,
    RerunDone,
    RunTurn,
    WorkerEvent,
    WorldInspected,
    pack,
    request,
    unpack_event,
)
from .replay_job import HANG_TIMEOUT, ReplayJob
from .replay_server import ReplayServer
from .worker_main import OUT_OF_RESOURCES, main

LAST = (
    ModelAnswered,
    Done,
    Failed,
    Loaded,
    RerunDone,
    WorldInspected,
)  # the events that end a request
GRACE = 2.0  # seconds by which a turn may exceed its limit
STOP_SECONDS = 1.0  # the time in which an interrupted turn must end
LOAD_SECONDS = 10.0  # the time after which a load counts as blocked

_PRELOAD = ["workbench.runtime.worker_main", "workbench.models.rehearsal"]


def start_fork_server(model: str) -> None:
    """Start the warm server, with the SDK imported only for a live model. Raises UsageError.

    Call it once, before a screen opens: the server needs the real standard streams.
    """
    context = multiprocessing.get_context(start_method())
    if context.get_start_method() == "forkserver":
        sdk = SDK if model != "rehearsal" else ()
        context.set_forkserver_preload([*_PRELOAD, *sdk])
        try:
            with safe_path():
                forkserver.ensure_running()
        except (OSError, RuntimeError) as error:
            problem = machine_error(error)
            message = f"cannot start the fork server of the workers: {problem.message if problem else error}"
            hint = problem.hint if problem else "set TMPDIR to a writable folder with a short path"
            raise UsageError(message, hint=hint) from None


def start_process(process: BaseProcess) -> None:
    """Start a process of multiprocessing. Raises WorkerCrashed if the machine does not let it start."""
    try:
        # the stderr of a screen has no file descriptor
        with safe_path(), contextlib.redirect_stderr(sys.__stderr__):
            process.start()
    except (OSError, EOFError, RuntimeError) as error:
        problem = machine_error(error)
        why = problem.message if problem else "its process was killed"
        hint = problem.hint if problem else "try again; look whether memory is running out"
        raise WorkerCrashed(f"no worker can be started: {why}", hint=hint) from None


class WorkerProcess:
    """One worker. `ask()` yields the events of one request; requests do not overlap.

    `hang_timeout`: the seconds for which journey code may block; 0: the limit of the agent. `on_written` is
    called, in another thread, with each file below journeys/ that its code writes.
    """

    def __init__(self, hang_timeout: float = 0.0, on_written: Callable[[str], None] = lambda _: None) -> None:
        self._on_written = on_written
        context = multiprocessing.get_context(start_method())
        ours, theirs = context.Pipe()
        self._stacks = StackDump()
        self._connection: Connection = ours
        self._process: BaseProcess = context.Process(  # type: ignore[attr-defined]
            target=main, args=(theirs, self._stacks.name), daemon=True
        )
        try:
            start_process(self._process)
        except WorkerCrashed:
            self._stacks.remove()
            raise
        theirs.close()
        self._descendants = Descendants(self._process.pid or 0)
        self._events: asyncio.Queue[WorkerEvent | None] = asyncio.Queue()
        self._timer = HangTimer(LOAD_SECONDS)
        self._stopping = False  # whether the turn was interrupted
        self._busy = asyncio.Lock()
        self._closed = False
        self._decode_error = ""  # why an event cannot be decoded
        self._hang_timeout = hang_timeout
        self.root = Path()
        self.agent_info = AgentInfo(name="", code="", model="")
        loop = asyncio.get_running_loop()
        self._reader = threading.Thread(target=self._read, args=(loop,), daemon=True)
        self._reader.start()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed before the worker
            while True:
                try:
                    event: WorkerEvent | None = unpack_event(self._connection.recv_bytes())
                except (EOFError, OSError, TypeError):  # a TypeError: the connection was closed meanwhile
                    event = None
                except msgspec.DecodeError as error:
                    self._decode_error = str(error)
                    event = None
                self._timer.reset()
                if isinstance(event, FileWritten):
                    self._on_written(event.path)
                elif not isinstance(event, Heartbeat):
                    loop.call_soon_threadsafe(self._events.put_nowait, event)
                if event is None:
                    return

    @property
    def alive(self) -> bool:
        return not self._closed and self._process.is_alive()

    async def load(self, root: Path, agent: str, model: str, params: ModelParams | None = None) -> None:
        """Load an agent. Raises JourneyError with file and line, or WorkerCrashed."""
        self.root = root
        load = Load(str(root), agent, model, params or ModelParams())
        self.agent_info = (await request(self, load, Loaded)).agent_info
        threading.Thread(target=self._descendants.note, daemon=True).start()  # in case that it crashes

    async def ask(self, request: Request) -> AsyncIterator[WorkerEvent]:
        """Yield the events up to the last. Raises WorkerCrashed if the worker hangs, is too slow or has exited."""
        async with self._busy:
            self._send(request)
            began, self._stopping = time.monotonic(), False
            self._timer = HangTimer(
                self._hang_timeout or (self.agent_info.code_seconds if self.agent_info.name else LOAD_SECONDS)
            )
            limit = self.agent_info.turn_seconds + GRACE if isinstance(request, RunTurn) else None
            while True:
                event = await self._next(began, limit)
                if isinstance(event, LAST):
                    break
                yield event
        yield event  # after the lock is free: the caller may send the next request at the last event

    def _send(self, request: Request) -> None:
        try:
            self._connection.send_bytes(pack(request))
        except OSError:
            raise WorkerCrashed("the worker has exited", hint="the next message starts a new one") from None

    async def _next(self, began: float, limit: float | None) -> WorkerEvent:
        while True:
            try:
                async with asyncio.timeout(0.1):  # wait_for of Python 3.11 may swallow a cancellation
                    event = await self._events.get()
            except TimeoutError:
                if self._timer.expired:
                    raise self._stuck(self._hang_reason()) from None
                if limit is not None and time.monotonic() - began > limit:
                    raise self._stuck(f"the turn took more than {limit:g} s and was stopped") from None
                continue
            if event is None and self._decode_error:
                self.close()
                raise WorkerCrashed(
                    f"a value of journey code cannot be recorded: {self._decode_error}",
                    hint="look for a value of the wrong type in the last result",
                )
            if event is None:
                self._process.join(1)
                code = self._process.exitcode
                self.close()
                if code == OUT_OF_RESOURCES:
                    raise WorkerCrashed(
                        "the worker ran out of processes, open files or memory",
                        hint="end other programs, or raise the limits (ulimit -u, ulimit -n)",
                    )
                raise WorkerCrashed(
                    f"journey code ended its process (exit status {code})",
                    hint="look for os._exit, a crash in an extension, or memory running out",
                )
            return event

    def _hang_reason(self) -> str:
        if self._stopping:
            return "interrupted; journey code did not return and was stopped"
        return f"journey code blocked for {self._timer.seconds:g} s and was stopped"

    def _stuck(self, message: str) -> WorkerCrashed:
        where = self._stacks.innermost_journey_line(self._process.pid, self.root)
        self.close()
        return WorkerCrashed(message, where=where, hint="look for an endless loop or a call that never returns")

    def stop_turn(self) -> None:
        self._stopping, self._timer = True, HangTimer(STOP_SECONDS)
        with contextlib.suppress(WorkerCrashed):
            self._send(CancelTurn())

    def close(self) -> None:
        """End the process. It has no state to save."""
        if self._closed:
            return
        self._closed = True
        self._descendants.note()
        with contextlib.suppress(OSError):
            self._process.kill()
        self._descendants.end()
        with contextlib.suppress(OSError):
            self._connection.close()
        self._stacks.remove()


class WorkerPool:
    """Starts workers for one journeys/ folder, with a spare one ready."""

    def __init__(self, root: Path, hang_timeout: float = 0.0) -> None:
        self.root = root.resolve()
        self.hang_timeout = hang_timeout
        self._spare: WorkerProcess | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._started: weakref.WeakSet[WorkerProcess] = weakref.WeakSet()
        self.written: set[str] = set()
        """The files that journey code has written, relative to journeys/: saving them reloads nothing."""
        self._server = ReplayServer(ReplayJob(str(self.root)))
        self._replaying = threading.Lock()

    async def replay(self, data: bytes) -> ReplayResult:
        """Replay an encoded transcript like `workbench replay`. Raises nothing that a journey may cause."""
        job = ReplayJob(str(self.root), hang_timeout=self.hang_timeout or HANG_TIMEOUT)

        def judge() -> ReplayResult:
            with self._replaying:
                self._server.set_job(job)  # a new job loads the agent again
                return self._server.case("", data).outcome

        return await asyncio.to_thread(judge)

    async def start(self, agent: str, model: str, params: ModelParams | None = None) -> WorkerProcess:
        worker, self._spare = self._spare, None
        if worker is None or not worker.alive:
            worker = WorkerProcess(self.hang_timeout, self.written.add)
        try:
            await worker.load(self.root, agent, model, params)
        except BaseException:
            worker.close()
            raise
        else:
            self._started.add(worker)
        finally:
            self._task = asyncio.create_task(self._warm())
        return worker

    async def _warm(self) -> None:
        await asyncio.sleep(0.2)  # the request of the caller goes first
        if self._spare is None and not self._closed:
            with contextlib.suppress(WorkerCrashed):  # the next start reports it
                self._spare = WorkerProcess(self.hang_timeout, self.written.add)

    def close(self) -> None:
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        for worker in (*self._started, self._spare):
            if worker is not None:
                worker.close()
        self._spare = None
        self._server.stop()
        if self._replaying.acquire(timeout=STOP_SECONDS):  # a replay in another thread has ended with it
            self._server.close()
            self._replaying.release()
