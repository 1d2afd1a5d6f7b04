"""`workbench chat`: a conversation without a screen, for scripts, pipes and coding agents."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator

import msgspec

from ...errors import UsageError, WorkbenchError
from ...models.registry import resolve_model
from ...replay.exit_codes import Exit, worst
from ...runtime.worker import WorkerPool, start_fork_server
from ...store.project import Project, find_project
from ...store.session_log import SessionLogs
from ...trace.describe import describe_step
from ...trace.events import Fault, HandedOff, Reply, TurnEnded
from ...trace.step_id import StepId
from ...transcripts.redaction import describe_redaction
from ...workspace.code_service import CodeService
from ...workspace.ports import SessionStore
from ...workspace.session import Session, SessionEvent
from ...workspace.world import fixture_problem
from ..interrupts import run_until_signal
from ..output import out_json, print_status, write_line

BAD_ENDS = ("model_error", "killed", "limit")


def chat(agent: str, model: str, fixture: str, json: bool, save: str) -> Exit:
    """Run a conversation on stdin and stdout. Returns NO_TESTS if stdin had no message. Raises UsageError."""
    project = find_project()
    name = project.agent(agent)
    chosen = resolve_model(model, project.model, project.model_where)
    start_fork_server(chosen)
    return run_until_signal(_chat(project, name, chosen, fixture, json, save))


async def _chat(project: Project, agent: str, model: str, fixture: str, json: bool, save: str) -> Exit:
    host, history = WorkerPool(project.journeys), SessionLogs(project.state, project.transcripts)
    session = Session(CodeService(host, agent, model, params=project.params), history)
    storage = StorageReport(history, json)
    try:
        await session.reload()
        if session.code.state == "broken":
            raise UsageError(session.code.error, where=session.code.where, hint=session.code.hint)
        choose_fixture(session, fixture)
        if problem := await fixture_problem(session):
            raise UsageError(f"the fixture {session.setup.fixture} cannot be used: {problem}")
        if not json:
            print_intro(session)
        session.listeners.append(_print_json if json else ChatPrinter(session).print)
        session.listeners.append(lambda _: storage.report())
        code = await _turns(session, json)
        if save and len(session.trace):
            saved = await session.saving.save("golden", save)
            print_status(f"saved {saved.path}: {saved.verdict}" + (f": {saved.why}" if saved.why else ""))
            print_status(f"  {describe_redaction(saved.replaced_kinds)}")
            if saved.verdict != "PASS":
                print_status("  next: look for state of earlier conversations, randomness and variables")
                code = worst({code, Exit.FAILED})
    finally:
        host.close()
        history.close()
        storage.report()
    return worst({code, Exit.USAGE_ERROR}) if history.write_error else code


class StorageReport:
    """Reports on stderr what happens to the file of a conversation: when it cannot be written, and when it can."""

    def __init__(self, store: SessionStore, json: bool) -> None:
        self.store = store
        self.json = json
        self._problem = ""

    def report(self) -> None:
        """Report what has changed since the last report."""
        for warning in self.store.take_warnings():
            print_status(f"warning: {warning}")
        problem = self.store.write_error
        if problem and problem != self._problem:
            message = f"not written: {problem}; it is held in memory and written when possible"
            if self.json:
                out_json({"error": message, "code": "not-written"})
            print_status(f"error: {message}")
        elif self._problem and not problem:
            print_status("everything is written again")
        self._problem = problem


def choose_fixture(session: Session, fixture: str) -> None:
    """Start from a named fixture. Raises UsageError if it does not exist."""
    if not fixture or session.agent_info is None:
        return
    found = next((f for f in session.agent_info.fixtures if f.name == fixture), None)
    if found is None:
        names = ", ".join(f.name for f in session.agent_info.fixtures)
        raise UsageError(f"unknown fixture {fixture!r}", hint=f"choose one of: {names}")
    session.set_setup(found.setup)


def print_intro(session: Session) -> None:
    """Print the agent, the fixture and the model to stderr."""
    speaker = "the rehearsal: a script, no model" if session.model == "rehearsal" else session.model
    print_status(f"agent {session.agent} on fixture {session.setup.fixture or 'none'}; {speaker} answers")
    if sys.stdin.isatty():
        print_status("one message per line; ctrl+d ends")


async def _lines() -> AsyncIterator[str]:
    """Yield the lines of stdin, read in a daemon thread, so that a signal can end the command."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            while True:
                try:
                    piece = os.read(sys.stdin.fileno(), 1 << 16)
                except OSError:
                    piece = b""
                loop.call_soon_threadsafe(pieces.put_nowait, piece)
                if not piece:
                    return

    threading.Thread(target=read, daemon=True).start()
    rest, more = b"", True
    while more:
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
        if sys.stdin.isatty():
            sys.stderr.write("> ")
            sys.stderr.flush()
        piece = await pieces.get()
        rest, more = rest + piece, bool(piece)
    if rest:
        yield rest.decode("utf-8", "replace")


async def _turns(session: Session, json: bool) -> Exit:
    code = Exit.OK
    said = 0
    async for text in _lines():
        if not text.strip():
            continue
        said += 1
        try:
            await session.send(text)
        except WorkbenchError as error:
            if json:
                out_json({"error": error.message, "code": error.code, "where": error.where, "hint": error.hint})
            print_status(f"error {error}")
            return Exit.USAGE_ERROR
        last = session.trace[-1]
        if isinstance(last, TurnEnded) and last.reason in BAD_ENDS:
            code = Exit.FAILED
    if not said:
        print_status("no messages: write one customer message per line to stdin")
        return Exit.NO_TESTS
    return code


def _print_json(changed: SessionEvent) -> None:
    if changed.event is not None:
        out_json(msgspec.to_builtins(changed.event))


class ChatPrinter:
    """Prints the replies of a conversation to stdout, and to stderr the calls that led to each."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._printed: set[StepId] = set()

    def print(self, changed: SessionEvent) -> None:
        """Print what an event of the session tells."""
        if changed.delta is not None and changed.delta.delta.kind == "wait":
            print_status(f"  waiting {changed.delta.delta.seconds:.0f} s: {changed.delta.delta.text}")
        match changed.event:
            case Reply(text=text):
                self._print_calls()
                write_line(str(text), now=True)
            case HandedOff(reason=reason, by=by):
                self._print_calls()
                print_status(f"  handed off to a human by {by}: {reason}")
            case Fault(name=name, message=message, where=where):
                print_status(f"  fault in {name}: {message} {where}")
            case TurnEnded(reason=reason, detail=detail):
                self._print_calls()
                if reason not in ("replied", "handed_off"):
                    print_status(f"  the turn ended: {reason} {detail}")
            case _:
                pass

    def _print_calls(self) -> None:
        """Print the calls of the turn that are not printed yet."""
        for turn in self._session.turns()[-1:]:
            for step in turn.steps:
                if step.call is not None and step.step_id not in self._printed:
                    self._printed.add(step.step_id)
                    print_status(f"  {step.step_id}  {describe_step(step)}")
