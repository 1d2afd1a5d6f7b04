"""Run a tool's body against the sandbox world, safely.

`ToolRunner` is the interface; the recording implements it in replay/tape.py. A
body that raises, exits, prints without end, or returns something huge or not
plain gives an outcome. Only a body that never returns is left to the
supervisor of the process.
"""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

import msgspec

from ..authoring.tool import InvalidArguments, Tool
from ..errors import JourneyError, ToolError
from ..plain import escape_surrogates, to_plain
from ..trace.events import CallOutcome, Fault, HttpExchange, WorldChange
from ..trace.step_id import StepId
from .faults import JOURNEY_EXCEPTIONS, fault_at
from .world import World

MAX_RESULT = 1_000_000  # bytes of JSON
MAX_PRINTED = 4_000  # characters of a body's output that are recorded


class ToolRun(msgspec.Struct, frozen=True):
    """The outcome of a call, before events are made of it."""

    outcome: CallOutcome
    value: Any = None
    changed: list[WorldChange] = []
    printed: str = ""
    fault: Fault | None = None
    exchanges: Sequence[HttpExchange] = ()


class ToolRunner(Protocol):
    """Runs an allowed call, or returns its recorded result."""

    async def run(self, tool: Tool, args: dict[str, Any], step_id: StepId) -> ToolRun: ...


class CappedOutput(io.TextIOBase):
    """A file that stores the first characters written to it and counts the rest."""

    def __init__(self) -> None:
        self.kept_text: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.size < MAX_PRINTED:
            self.kept_text.append(text[: MAX_PRINTED - self.size])
        self.size += len(text)
        return len(text)

    def text(self) -> str:
        kept = escape_surrogates("".join(self.kept_text))
        return kept if self.size <= MAX_PRINTED else f"{kept}\n… {self.size - MAX_PRINTED:,} characters more"


class Sandbox:
    """Runs tool bodies against `world`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def run(self, tool: Tool, args: dict[str, Any], step_id: StepId) -> ToolRun:
        if tool.replay_only:
            return ToolRun("error", f"{tool.name} has no implementation: it can only be replayed")
        printed = CappedOutput()
        failure: BaseException | None = None
        outcome: CallOutcome = "ok"
        value: Any = None
        try:
            given = {name: self.world.get(kind, step_id) for name, kind in tool.injected.items()}
            outcome, value = await _body(tool, args, given, printed)
        except InvalidArguments as error:
            self.world.drop_call()
            return ToolRun("rejected", str(error))
        except JOURNEY_EXCEPTIONS as error:
            failure = error
        except BaseException:  # the turn was stopped: nothing of the call is recorded
            self.world.drop_call()
            raise
        changed: list[WorldChange] = []
        try:
            changed = self.world.end_call()  # changes made before an exception are kept
        except JOURNEY_EXCEPTIONS as error:
            failure = failure or error
        if failure is not None:
            ran = _fault(tool, step_id, failure, changed, printed.text())
        else:
            ran = ToolRun(outcome, value, changed, printed.text())
        return msgspec.structs.replace(ran, exchanges=self._exchanges())

    def _exchanges(self) -> list[HttpExchange]:
        return self.world.http.drain() if self.world.http else []


async def _body(
    tool: Tool, args: dict[str, Any], given: dict[str, Any], printed: CappedOutput
) -> tuple[CallOutcome, Any]:
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            value = tool.fn(**tool.parse_arguments(args), **given)
            if inspect.isawaitable(value):
                value = await _finish(value)
        except ToolError as error:
            return "error", escape_surrogates(str(error))
        return "ok", _as_recorded(value)


def _as_recorded(value: Any) -> Any:
    """Return the plain form of a result as a file has it. Raises JourneyError for one that is too large."""
    data = msgspec.json.encode(to_plain(value))
    if len(data) > MAX_RESULT:
        raise JourneyError(f"the result is {len(data):,} bytes; the limit is {MAX_RESULT:,}")
    return msgspec.json.decode(data)


async def _finish(value: Awaitable[Any]) -> Any:
    return await value


def _fault(tool: Tool, step_id: StepId, error: BaseException, changed: list[WorldChange], printed: str) -> ToolRun:
    fault = fault_at(step_id, "tool", tool.name, error, tool.source)
    return ToolRun("fault", f"the tool {tool.name} failed", changed, printed, fault)
