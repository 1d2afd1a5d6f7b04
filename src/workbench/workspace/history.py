"""What can be undone and redone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ..errors import UsageError
from ..file_edits import CHANGED_SINCE


@dataclass(frozen=True)
class Change:
    """One action of the user, with the functions that undo and redo it.

    They raise a UsageError, and change nothing, if what they would overwrite is
    not as the action left it. `at` orders the changes of several histories.
    """

    what: str
    undo: Callable[[], object]
    redo: Callable[[], object]
    at: float = field(default_factory=time.monotonic)


class History:
    """The changes that can be undone and redone, the last one first."""

    def __init__(self) -> None:
        self.done: list[Change] = []
        self.undone: list[Change] = []

    def add(self, change: Change) -> None:
        """Add a change that was made; those that were undone before cannot be redone any more."""
        self.done.append(change)
        self.undone.clear()

    def undo(self) -> str:
        """Undo the last change and return its description. Raises UsageError if that is not possible."""
        if not self.done:
            raise UsageError("nothing to undo")
        return _move(self.done, self.undone, lambda change: change.undo())

    def redo(self) -> str:
        """Redo the change that was undone last and return its description. Raises UsageError."""
        if not self.undone:
            raise UsageError("nothing to redo")
        return _move(self.undone, self.done, lambda change: change.redo())


def _move(source: list[Change], target: list[Change], do: Callable[[Change], object]) -> str:
    """Move the last change; one that cannot be made ever again is dropped, so that the one before is next."""
    try:
        do(source[-1])
    except UsageError as error:
        if error.code == CHANGED_SINCE:
            source.pop()
        raise
    change = source.pop()
    target.append(replace(change, at=time.monotonic()))
    return change.what


def undo_latest(histories: Iterable[History]) -> str:
    """Undo the latest change of several histories."""
    return max(histories, key=lambda one: one.done[-1].at if one.done else 0.0).undo()


def redo_latest(histories: Iterable[History]) -> str:
    """Redo the change of several histories that was undone last."""
    return max(histories, key=lambda one: one.undone[-1].at if one.undone else 0.0).redo()
