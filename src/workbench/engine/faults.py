"""Exceptions raised by journey code, and their descriptions."""

from __future__ import annotations

from ..errors import JourneyError
from ..plain import escape_surrogates
from ..source import fault_location
from ..trace.events import Fault
from ..trace.step_id import StepId

JOURNEY_EXCEPTIONS = (Exception, SystemExit)  # raised by journey code; KeyboardInterrupt passes through


def describe_exception(error: BaseException) -> str:
    """Describe an exception in one line."""
    if isinstance(error, JourneyError):
        return error.message
    text = escape_surrogates(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def fault_at(step_id: StepId, origin: str, name: str, error: BaseException, source: str = "") -> Fault:
    """Build the fault event for an exception of journey code."""
    where, frames = fault_location(error, source)
    return Fault(
        turn=step_id.turn, answer=step_id.answer, call=step_id.call, origin=origin,
        name=name, message=describe_exception(error), where=where, traceback=frames,
    )  # fmt: skip
