"""Read transcript files as a query sees them: their headers, or all of them if the query needs it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import TranscriptError
from ..transcripts.codec import read
from ..transcripts.header import header
from ..transcripts.query import Query
from ..transcripts.searchable import Searchable, header_facets
from ..transcripts.selection import matching


def read_searchables(names: Iterable[str], query: Query) -> dict[str, Searchable | None]:
    """Read the searchable data of files, by name; None for a file that cannot be read."""
    return {name: _read_whole(name) if query.needs_steps else _read_header(name) for name in names}


def select_names(names: list[str], query: Query) -> list[str]:
    """Return the files that a query selects, and those that cannot be read. Raises UsageError."""
    return matching(query, read_searchables(names, query)) if query else names


def _read_header(name: str) -> Searchable | None:
    found = header(name)
    return None if found is None else Searchable(header_facets(found), f"{found.id}\n{found.title}")


def _read_whole(name: str) -> Searchable | None:
    from ..workspace.summary import searchable

    try:
        return searchable(read(Path(name)))
    except TranscriptError:
        return None
