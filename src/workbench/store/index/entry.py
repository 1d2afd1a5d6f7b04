"""Entries of the index and the file stamps they were read at."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ...workspace.summary import ConversationSummary


class Stamp(NamedTuple):
    """Size in bytes and mtime in nanoseconds: if they differ, the file has changed."""

    size: int
    changed: int


class IndexEntry(msgspec.Struct, frozen=True):
    """The data of one conversation in the index. `hash` is that of its bytes, "" if they never change."""

    title: str
    agent: str
    state: str
    when: float = 0.0
    recording: str = ""
    hash: str = ""
    error: str = ""
    tags: tuple[str, ...] = ()
    summary: ConversationSummary = ConversationSummary()
    facets: frozenset[tuple[str, str]] = frozenset()
    id: str = ""  # part of the full text
