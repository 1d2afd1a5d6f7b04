"""Change the annotations of a session, so that it can be undone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..file_edits import changed_since
from ..transcripts.transcript import Annotation
from .history import Change

if TYPE_CHECKING:
    from .session import Session


class Annotating:
    """Sets and removes the annotations of one session, and writes each change to its log."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def change(self, what: str, at: str, after: Annotation | None) -> None:
        """Set the annotation at a step, or remove it with None."""
        before = self.session.annotations.get(at)
        self._set(at, after)
        undo, redo = partial(self._replace, at, after, before), partial(self._replace, at, before, after)
        self.session.history.add(Change(f"{what} at {at}", undo, redo))

    def _replace(self, at: str, expected: Annotation | None, wanted: Annotation | None) -> None:
        """Set or remove an annotation, unless it was changed elsewhere. Raises UsageError in that case."""
        stored = self.session.store.annotations(self.session.id)
        if (self.session.annotations if stored is None else stored).get(at) != expected:
            raise changed_since(f"the annotation at {at} has changed")
        self._set(at, wanted)

    def _set(self, at: str, annotation: Annotation | None) -> None:
        session = self.session
        session.log.begin()
        if annotation is None:
            session.annotations.pop(at, None)
            session.log.append({"remove_annotation": at})
        else:
            session.annotations[at] = annotation
            session.log.append({"annotation": annotation})
        session.notify("annotations")
