"""The Store of a session: keeps what happens. See runtime.protocol for the Host that starts its workers."""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import UsageError
from ..transcripts.transcript import Transcript


class SessionStore(Protocol):
    """Keeps sessions as they happen and transcripts when they are saved.

    What cannot be written is held until it can be; `problem` says why it cannot, "" while all is kept.
    """

    @property
    def write_error(self) -> str: ...

    def begin(self, session: str, head: dict[str, Any]) -> None:
        """Raises UsageError where nothing can be kept at all."""
        ...

    def lock(self, session: str) -> str:
        """Make a past session ours to go on with; gives back why it is not, or ""."""
        ...

    def append(self, session: str, record: dict[str, Any]) -> None: ...

    def retry_writes(self) -> None:
        """Write what could not be written before, where it can be now."""
        ...

    def save(self, transcript: Transcript) -> str:
        """Write it and return the path as a person would type it. Raises TranscriptError."""
        ...

    def remove(self, path: str) -> None:
        """Raises UsageError where it cannot be removed."""
        ...

    def save_workspace(self, data: bytes) -> None:
        """Keep how the desk lies; never raises."""
        ...


class NullStore:
    """A Store that keeps nothing: for a conversation that is tried before anyone chooses it."""

    write_error = ""

    def lock(self, session: str) -> str:
        return ""

    def retry_writes(self) -> None:
        pass

    def begin(self, session: str, head: dict[str, Any]) -> None:
        pass

    def append(self, session: str, record: dict[str, Any]) -> None:
        pass

    def save(self, transcript: Transcript) -> str:
        raise UsageError("this run is not kept yet", next="keep it first")

    def remove(self, path: str) -> None:
        pass

    def save_workspace(self, data: bytes) -> None:
        pass
