"""The session store: the interface behind which sessions and transcripts are stored.

See runtime.protocol for the factory of workers.
"""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import UsageError
from ..transcripts.transcript import Annotation, Transcript
from .history import Change


class SessionStore(Protocol):
    """Stores sessions as they happen, and transcripts when they are saved.

    Failed writes are held in memory and retried; `write_error` is their cause, "" if there are none.
    """

    @property
    def write_error(self) -> str: ...

    def begin(self, session: str, head: dict[str, Any]) -> None:
        """Start a session. Raises UsageError if nothing can be stored."""
        ...

    def lock(self, session: str) -> str:
        """Lock a past session for this workbench; returns the reason if it is locked, else ""."""
        ...

    def append(self, session: str, record: dict[str, Any]) -> None: ...

    def retry_writes(self) -> None:
        """Retry failed writes, and write again what another program has deleted."""
        ...

    def take_warnings(self) -> list[str]:
        """Return what happened to stored data since the last call; nothing was lost."""
        ...

    def annotations(self, session: str) -> dict[str, Annotation] | None:
        """Return what is stored now, by step, also by another program; None if nothing is stored."""
        ...

    def delete(self, session: str) -> Change:
        """Delete a session. Raises UsageError if it cannot be deleted."""
        ...

    def save(self, transcript: Transcript) -> tuple[str, Change]:
        """Write a transcript; returns its path as a user would type it. Raises TranscriptError."""
        ...

    def save_workspace(self, data: bytes) -> None:
        """Store a snapshot of the open conversations; never raises."""
        ...


class NullStore:
    """A store without storage, for runs that are not adopted yet."""

    write_error = ""

    def lock(self, session: str) -> str:
        return ""

    def retry_writes(self) -> None:
        pass

    def take_warnings(self) -> list[str]:
        return []

    def begin(self, session: str, head: dict[str, Any]) -> None:
        pass

    def append(self, session: str, record: dict[str, Any]) -> None:
        pass

    def annotations(self, session: str) -> dict[str, Annotation] | None:
        return None

    def delete(self, session: str) -> Change:
        raise UsageError("this run is not stored yet", hint="adopt it first")

    def save(self, transcript: Transcript) -> tuple[str, Change]:
        raise UsageError("this run is not stored yet", hint="adopt it first")

    def save_workspace(self, data: bytes) -> None:
        pass
