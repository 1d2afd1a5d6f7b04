"""Run a recording again on today's code: the part of a replay that needs the agent."""

from __future__ import annotations

from collections.abc import Callable

from ..authoring.agent import Agent
from ..engine.sandbox import Sandbox
from ..engine.world import World
from ..trace.setup import Setup
from .comparison import Rerun
from .fingerprint import fingerprint
from .reexecution import ReexecutingRunner
from .rerun import rerun, run_sync
from .run_request import RunRequest
from .verdict import DEFAULT, Options

MakeWorld = Callable[[Setup], World]


def execute(
    request: RunRequest,
    agent: Agent,
    options: Options = DEFAULT,
    make_world: MakeWorld | None = None,
    pin: Callable[[], None] = bool,  # type: ignore[assignment]
) -> Rerun:
    """Run a recording, or run it twice to compare the runs.

    `make_world` creates the sandbox for a setup; it is required if tools run. `pin` pins the inputs before
    each run. Raises JourneyError if the world cannot be created.
    """
    make = make_world if options.tools == "sandbox" else None
    if options.tools == "sandbox" and make is None:
        raise ValueError("running tools requires make_world")
    pin()
    result = _run(request, agent, make)
    if options.fingerprint or options.repeat:
        result.fingerprints.append(fingerprint(result))
    if options.repeat:
        pin()
        result.fingerprints.append(fingerprint(_run(request, agent, make)))
    if make is not None and request.final_world:
        result.recorded_world = make(request.setup).state_after(request.events)
    return result


def _run(request: RunRequest, agent: Agent, make: MakeWorld | None) -> Rerun:
    sandbox = Sandbox(make(request.setup)) if make is not None else None
    result: Rerun = run_sync(agent, _rerun(request, agent, sandbox), tools=sandbox is not None)
    return result


async def _rerun(request: RunRequest, agent: Agent, sandbox: Sandbox | None) -> Rerun:
    if sandbox is None:
        return await rerun(agent, request.setup, request.events)
    return await rerun(
        agent,
        request.setup,
        request.events,
        lambda tape: ReexecutingRunner(tape, sandbox, request.judged_step, request.setup.imported),
    )
