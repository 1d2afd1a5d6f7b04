"""The exceptions of Workbench, one tree.

    WorkbenchError              printed to the user without a traceback
    ├── JourneyError            an error in the engineer's code or files, at file:line
    ├── TranscriptError         a transcript cannot be read, validated or written
    ├── WorkerCrashed           the process that runs journey code exited or hung
    ├── UsageError              an invalid command, option or choice
    └── NoAnswer                the model gives no answer in this turn, with the reason

    ToolError                   raised by a tool on purpose; the model reads the text

Any other exception is a bug in Workbench and keeps its traceback.

Every WorkbenchError has a stable `code` such as "usage" or
"transcript.duplicate-field". Code and tests compare the code; the sentence may
change at any time.
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Describe an error: what is wrong, where, and what to do next.

    `where` is "file:line" or a path. `hint` is a sentence: the next thing to do.
    Both may be empty. `code` overrides the code of the class.
    """

    code = "error"

    def __init__(self, message: str, *, where: str = "", hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        if code:
            self.code = code

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  next: {self.hint}" if self.hint else text


class JourneyError(WorkbenchError):
    """Report an error in code or in a file under journeys/."""

    code = "journey"


class TranscriptError(WorkbenchError):
    """Report a transcript that cannot be read, validated or written.

    `event` is the number of the event, from 1; 0 if the error is not about one.
    """

    code = "transcript"

    def __init__(self, message: str, *, where: str = "", hint: str = "", code: str = "", event: int = 0) -> None:
        super().__init__(f"event {event}: {message}" if event else message, where=where, hint=hint, code=code)
        self.event = event


class WorkerCrashed(WorkbenchError):
    """Report a worker that hung or exited; `where` is the journey line it was executing, if known."""

    code = "worker-crashed"


class UsageError(WorkbenchError):
    """Report an invalid command, option or choice."""

    code = "usage"


class NoAnswer(WorkbenchError):
    """Report that the model gives no answer; `reason` becomes the end reason of the turn."""

    code = "no-answer"

    def __init__(self, reason: str, message: str = "", *, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.reason = reason


class ToolError(Exception):
    """Report a failure to the model: `raise ToolError("no such order")`."""
