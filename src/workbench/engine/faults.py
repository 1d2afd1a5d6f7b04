"""Exceptions raised by journey code, and how they are described."""

from __future__ import annotations

from ..errors import JourneyError
from ..plain import escape_surrogates
from ..source import fault_location
from ..trace.events import Fault
from ..trace.step_id import StepId

JOURNEY_EXCEPTIONS = (Exception, SystemExit)  # what journey code may raise; an interrupt of ours passes


def describe_exception(error: BaseException) -> str:
    """An exception in one line, as a person reads it."""
    if isinstance(error, JourneyError):
        return error.message
    text = escape_surrogates(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def fault_at(step_id: StepId, origin: str, name: str, error: BaseException, source: str = "") -> Fault:
    """Build the fault that records an exception of journey code."""
    where, frames = fault_location(error, source)
    return Fault(
        turn=step_id.turn, answer=step_id.answer, call=step_id.call, origin=origin,
        name=name, message=describe_exception(error), where=where, traceback=frames,
    )  # fmt: skip
