"""The errors of Workbench, one tree.

    WorkbenchError              shown to a person without a traceback
    ├── JourneyError            the engineer's code or files: has a place (file:line)
    ├── TranscriptError         a transcript that cannot be read or written
    ├── WorkerDied              the process that held journey code is gone or was stuck
    ├── UsageError              a command or a choice that makes no sense
    └── ModelStopped            no answer will come this turn, and why

    ToolError                   raised by a tool on purpose: the model reads it

Anything else that rises is a bug of ours and keeps its traceback.
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """What went wrong, where, and what to do next.

    `where` is "file:line" or a path, `next` a sentence; both may be empty.
    """

    def __init__(self, message: str, *, where: str = "", next: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = next

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  next: {self.hint}" if self.hint else text


class JourneyError(WorkbenchError):
    """Code or a file under journeys/ is wrong."""


class TranscriptError(WorkbenchError):
    """A transcript cannot be read, written or understood."""


class WorkerCrashed(WorkbenchError):
    """The worker overran its deadline or went away; `where` is the journey line it was in, if known."""


class UsageError(WorkbenchError):
    """A command, an option or a choice that makes no sense."""


class NoAnswer(WorkbenchError):
    """The model gives no answer: `reason` becomes the reason the turn ended."""

    def __init__(self, reason: str, message: str = "", *, where: str = "", next: str = "") -> None:
        super().__init__(message, where=where, next=next)
        self.reason = reason


class ToolError(Exception):
    """A tool says no in words the model may read: `raise ToolError("no such order")`."""
