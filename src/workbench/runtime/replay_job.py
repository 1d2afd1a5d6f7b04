"""What a replay server is asked for, as plain data."""

from __future__ import annotations

import msgspec

from ..replay.verdict import DEFAULT, Options

HANG_TIMEOUT = 10.0  # seconds without a result before journey code counts as hanging


class ReplayJob(msgspec.Struct, frozen=True, tag="job"):
    """The settings that the transcripts of a replay have in common."""

    journeys: str
    options: Options = DEFAULT
    hang_timeout: float = HANG_TIMEOUT
    shared: bool = False
    """Replay all transcripts of a server in one process: faster, but state may pass from one to the next."""
    sources: dict[str, bytes] = {}
    """Code that replaces files, by path below journeys/."""
    memory_limit: int = 0
    """The address space of journey code in bytes; 0 for no limit."""
    details: bool = False
    """Return the events of each run, and the lines and decisions that it executed."""


class ReplayRequest(msgspec.Struct, frozen=True, tag="replay"):
    """Replay one transcript: the file at `path`, or `data`, which is not a file yet."""

    path: str = ""
    data: bytes | None = None
