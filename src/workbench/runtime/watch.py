"""Watch a journeys/ folder for changes.

The kind of a file event is ignored, because editors save by renaming; a change of
the content hash counts. Folders are watched and not files, because a watch on a file
ends at the first atomic save.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from watchfiles import awatch, watch

from ..errors import JourneyError
from .agent_files import IGNORED, code_hash

STEP = 15  # milliseconds between polls; at 20 it takes 31 ms from save to event
DEBOUNCE = 50


def is_relevant(path: str) -> bool:
    """Return whether a changed file may be journey code, and not a temporary file of an editor."""
    name = Path(path).name
    return not (
        name.startswith((".", "#"))
        or name.endswith(("~", ".swp", ".swx", ".tmp", ".pyc"))
        or name == "4913"  # vim creates it to test whether the folder is writable
        or IGNORED & set(Path(path).parts)
    )


def watch_saves(*folders: Path) -> Iterator[list[str]]:
    """Yield the changed files of each save; first an empty list, once watching has begun."""
    begun = False
    for found in watch(
        *folders,
        step=STEP,
        debounce=DEBOUNCE,
        rust_timeout=100,  # milliseconds until it reports that nothing has changed
        yield_on_timeout=True,
        watch_filter=lambda _, path: is_relevant(path),
    ):
        if found or not begun:
            begun = True
            yield sorted({path for _, path in found})


async def watch_code(root: Path, agent: str = "") -> AsyncIterator[str]:
    """Yield the hash of the code of an agent, or of all agents, whenever it changes."""
    last = _hash(root, agent)
    async for found in awatch(root, step=STEP, debounce=DEBOUNCE, watch_filter=lambda _, p: is_relevant(p)):
        if not found:
            continue
        now = _hash(root, agent)
        if now != last:
            last = now
            yield now


def _hash(root: Path, agent: str) -> str:
    """Hash the code; "" while a file cannot be read: the next load reports it."""
    try:
        return code_hash(root, agent)
    except JourneyError:
        return ""
