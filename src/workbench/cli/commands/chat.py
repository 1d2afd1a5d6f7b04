"""`workbench chat`: the same conversation without a screen, for scripts, pipes and coding agents."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator

import msgspec

from ...errors import UsageError, WorkbenchError
from ...models.registry import choose
from ...replay.exit_codes import Exit
from ...runtime.worker import Workers, prepare
from ...store.project import Project, find_project
from ...store.session_log import History
from ...text import clean
from ...trace.describe import tell
from ...trace.events import Fault, HandOff, Reply, TurnEnd
from ...workspace.code_service import Serving
from ...workspace.session import Changed, Session
from ..interrupts import run_until_signal
from ..output import out, out_json, say

BAD_ENDS = ("model_error", "killed", "limit")


def chat(agent: str, model: str, fixture: str, json: bool, save: str) -> Exit:
    project = find_project()
    name = project.agent(agent)
    chosen = choose(model, str(project.config.get("model", "")))
    prepare(chosen)
    return run_until_signal(_chat(project, name, chosen, fixture, json, save))


async def _chat(project: Project, agent: str, model: str, fixture: str, json: bool, save: str) -> Exit:
    host, history = Workers(project.journeys), History(project.state, project.transcripts)
    session = Session(Serving(host, agent, model), history)
    try:
        await session.reload()
        if session.code.state == "broken":
            raise UsageError(session.code.error, where=session.code.where, next=session.code.next)
        choose_fixture(session, fixture)
        if not json:
            _greet(session)
        session.listeners.append(lambda changed: _hear(session, changed, json))
        code = await _turns(session, json)
        if save and len(session.trace):
            saved = await session.saving.save("guard", save)
            say(f"saved {saved.path}: {saved.verdict}")
        return code
    finally:
        host.close()
        history.close()


def choose_fixture(session: Session, fixture: str) -> None:
    """Start from a named fixture. Raises UsageError where it is not there."""
    if not fixture or session.card is None:
        return
    found = next((f for f in session.card.fixtures if f.name == fixture), None)
    if found is None:
        names = ", ".join(f.name for f in session.card.fixtures)
        raise UsageError(f"there is no fixture {fixture!r}", next=f"one of: {names}")
    session.choose(found.setup)


def _greet(session: Session) -> None:
    speaker = "the rehearsal: a script, no model" if session.model == "rehearsal" else session.model
    say(f"agent {session.agent} on fixture {session.setup.fixture or 'none'}; {speaker} answers")
    if sys.stdin.isatty():
        say("a line is a message; ctrl+d ends")


async def _lines() -> AsyncIterator[str]:
    """The lines of stdin, read in a thread that nobody waits for: a signal ends the command while it reads."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants more
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
            await session.say(text)
        except WorkbenchError as error:
            if json:
                out_json({"error": error.message, "where": error.where, "next": error.next})
            say(f"error {error}")
            return Exit.USAGE
        last = session.trace[-1]
        if isinstance(last, TurnEnd) and last.reason in BAD_ENDS:
            code = Exit.RED
    if not said:
        say("nothing was said: a line on stdin is a message of the customer")
        return Exit.NOTHING
    return code


def _hear(session: Session, changed: Changed, json: bool) -> None:
    step = changed.step
    if json:
        if step is not None:
            out_json(msgspec.to_builtins(step))
        return
    if changed.delta is not None and changed.delta.delta.kind == "wait":
        say(f"  waiting {changed.delta.delta.seconds:.0f} s: {clean(changed.delta.delta.text)}")
    match step:
        case Reply(text=text):
            out(clean(str(text)), now=True)
        case HandOff(reason=reason, by=by):
            say(f"  handed to a person by {by}: {clean(reason)}")
        case Fault(name=name, message=message, where=where):
            say(f"  fault in {name}: {clean(message)} {where}")
        case TurnEnd():
            for turn in session.turns()[-1:]:
                for move in turn.moves:
                    if move.call is not None:
                        say(f"  {move.place}  {clean(tell(move))}")
            if step.reason not in ("replied", "handed_off"):
                say(f"  the turn ended: {step.reason} {clean(step.detail)}")
        case _:
            pass
