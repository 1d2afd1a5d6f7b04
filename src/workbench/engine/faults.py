"""Exceptions raised by journey code, and how they are described."""

from __future__ import annotations

from ..errors import JourneyError
from ..plain import writable
from ..source import fault_place
from ..trace.events import Fault
from ..trace.step_id import Place

CODE_ERRORS = (Exception, SystemExit)  # what journey code may raise; an interrupt of ours passes


def describe(error: BaseException) -> str:
    """An exception in one line, as a person reads it."""
    if isinstance(error, JourneyError):
        return error.message
    text = writable(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def fault_at(place: Place, origin: str, name: str, error: BaseException, source: str = "") -> Fault:
    """Build the fault that records an exception of journey code."""
    where, frames = fault_place(error, source)
    return Fault(
        turn=place.turn, answer=place.answer, call=place.call, origin=origin,
        name=name, message=describe(error), where=where, trace=frames,
    )  # fmt: skip
