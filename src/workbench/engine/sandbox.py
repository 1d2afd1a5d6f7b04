"""Running a tool's body against the sandbox world, whatever it does.

`Runner` is the seam: the sandbox here, the tape in tape.py. A body that raises,
exits, returns what has no plain form, prints without end or returns a mountain
comes back as an outcome; only a body that never returns is the business of
whoever started this process.
"""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

import msgspec

from ..authoring.tool import BadArguments, Tool
from ..errors import JourneyError, ToolError
from ..plain import plain, writable
from ..trace.events import Change, Exchange, Fault, Outcome
from ..trace.step_id import Place
from .faults import CODE_ERRORS, fault_at
from .world import World, diff

MAX_RESULT = 1_000_000  # bytes of JSON
MAX_PRINTED = 4_000  # characters kept of what a body prints


class Ran(msgspec.Struct, frozen=True):
    """What came of a call, before any step is made of it."""

    outcome: Outcome
    value: Any = None
    changed: list[Change] = []
    printed: str = ""
    fault: Fault | None = None
    exchanges: Sequence[Exchange] = ()


class Runner(Protocol):
    async def run(self, tool: Tool, args: dict[str, Any], place: Place) -> Ran: ...


class Printed(io.TextIOBase):
    """A file that keeps the first characters written to it and counts the rest."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.size < MAX_PRINTED:
            self.kept.append(text[: MAX_PRINTED - self.size])
        self.size += len(text)
        return len(text)

    def text(self) -> str:
        kept = writable("".join(self.kept))
        return kept if self.size <= MAX_PRINTED else f"{kept}\n… {self.size - MAX_PRINTED:,} characters more"


class Sandbox:
    """Runs bodies against `world`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def run(self, tool: Tool, args: dict[str, Any], place: Place) -> Ran:
        if tool.recorded:
            return Ran("error", f"{tool.name} has no body here: it only replays what was recorded")
        printed = Printed()
        changed: list[Change] = []
        try:
            kinds = tool.handed_in
            given = {name: self.world.part(kind, place) for name, kind in kinds.items()}
            parts = [k for k in kinds.values() if getattr(k, "__workbench_world__", False)]
            before = self.world.snapshot(parts)
            try:
                outcome, value = await _body(tool, args, given, printed)
            finally:  # what it did before it broke is done
                changed = diff(before, self.world.snapshot(parts))
            size = len(msgspec.json.encode(value))
            if size > MAX_RESULT:
                raise JourneyError(f"the result is {size:,} bytes; the limit is {MAX_RESULT:,}")
        except BadArguments as error:
            return Ran("rejected", str(error))
        except CODE_ERRORS as error:
            broke = _fault(tool, place, error, changed, printed.text())
            return msgspec.structs.replace(broke, exchanges=self._exchanges())
        return Ran(outcome, value, changed, printed.text(), exchanges=self._exchanges())

    def _exchanges(self) -> list[Exchange]:
        return self.world.http.taken() if self.world.http else []


async def _body(tool: Tool, args: dict[str, Any], given: dict[str, Any], printed: Printed) -> tuple[Outcome, Any]:
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            value = tool.fn(**tool.check(args), **given)
            if inspect.isawaitable(value):
                value = await _finish(value)
        except ToolError as error:
            return "error", writable(str(error))
        return "ok", plain(value)


async def _finish(value: Awaitable[Any]) -> Any:
    return await value


def _fault(tool: Tool, place: Place, error: BaseException, changed: list[Change], printed: str) -> Ran:
    fault = fault_at(place, "tool", tool.name, error, tool.source)
    return Ran("fault", f"the tool {tool.name} failed", changed, printed, fault)
