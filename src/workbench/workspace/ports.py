"""The session store: the interface behind which sessions and transcripts are stored.

See runtime.protocol for the factory of workers.
"""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import UsageError
from ..transcripts.transcript import Transcript


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

    def save(self, transcript: Transcript) -> str:
        """Write a transcript and return its path as a user would type it. Raises TranscriptError."""
        ...

    def remove(self, path: str) -> None:
        """Delete a transcript. Raises UsageError if it cannot be deleted."""
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

    def save(self, transcript: Transcript) -> str:
        raise UsageError("this run is not stored yet", hint="adopt it first")

    def remove(self, path: str) -> None:
        pass

    def save_workspace(self, data: bytes) -> None:
        pass
