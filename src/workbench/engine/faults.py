"""Exceptions raised by journey code, and how they are described."""

from __future__ import annotations

from ..errors import JourneyError
from ..plain import writable

CODE_ERRORS = (Exception, SystemExit)  # what journey code may raise; an interrupt of ours passes


def describe(error: BaseException) -> str:
    """An exception in one line, as a person reads it."""
    if isinstance(error, JourneyError):
        return error.message
    text = writable(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
