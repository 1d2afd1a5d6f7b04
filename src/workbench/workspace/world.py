"""The world of a conversation: its state at a step, and a fixture made from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import UsageError, WorkbenchError
from ..runtime.protocol import CheckFixture, Done, InspectWorld, WorldInspected, request
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..transcripts.redaction import Redactor

if TYPE_CHECKING:
    from .session import Session

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


class FixtureStore(Protocol):
    """Stores new fixtures of an agent."""

    def save(self, agent: str, folder: str, name: str, fixture: dict[str, Any]) -> str:
        """Write a fixture and return its path as a user would type it. Raises UsageError if it exists."""
        ...


class NoFixtures:
    """A store that keeps nothing."""

    def save(self, agent: str, folder: str, name: str, fixture: dict[str, Any]) -> str:
        raise UsageError("fixtures cannot be saved here")


async def world_at(session: Session, step_id: StepId, *, substituted: bool = False) -> dict[str, Any]:
    """Return the world after a step, by class name. Raises WorkbenchError.

    `substituted`: the conversation is from a transcript, with substitutes for personal data.
    """
    events = [event for event in session.trace if event.step_id <= step_id]
    async with session.code_service.borrow_worker() as worker:
        message = InspectWorld(session.setup, events, substituted)
        return (await request(worker, message, WorldInspected)).world


async def fixture_problem(session: Session) -> str:
    """Return what is wrong with the fixture that a conversation starts from, with file and line; "" if nothing."""
    if session.agent_info is None or len(session.trace):
        return ""
    try:
        async with session.code_service.borrow_worker() as worker:
            await request(worker, CheckFixture(session.setup), Done)
    except WorkbenchError as error:
        return f"{error.where}: {error.message}" if error.where else error.message
    return ""


def make_fixture(setup: Setup, world: dict[str, Any], at: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the content of a fixture with this world, and what was redacted in it, as in a transcript."""
    redactor = Redactor()
    fixture: dict[str, Any] = {"about": f"the world {at}"}
    if setup.customer:
        fixture["customer"] = setup.customer
    fixture |= {"channel": setup.channel, "clock": setup.clock, "seed": setup.seed, "world": world}
    clean: dict[str, Any] = redactor.redact_value(fixture)
    return clean, redactor.replaced


def check_name(name: str) -> None:
    """Raise UsageError if a fixture cannot have this name."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r:.60} cannot be the name of a fixture", hint="use a-z, 0-9, - and _")
