"""Entries of the index and the file stamps they were read at."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ...workspace.summary import ConversationSummary


class Stamp(NamedTuple):
    """What tells that a file has changed, before its bytes are read: bytes, and nanoseconds since the epoch."""

    size: int
    changed: int


class IndexEntry(msgspec.Struct, frozen=True):
    """All that the index keeps of a conversation. `hash` is that of its bytes, "" where they never change."""

    title: str
    agent: str
    state: str
    when: float = 0.0
    recording: str = ""
    hash: str = ""
    problem: str = ""
    tags: tuple[str, ...] = ()
    summary: ConversationSummary = ConversationSummary()
    facets: frozenset[tuple[str, str]] = frozenset()
    id: str = ""  # words find it by that too
