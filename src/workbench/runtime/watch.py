"""Watching a journeys/ folder: says when what is in it has changed.

The kind of an event means nothing (editors save by renaming), so only the path
is used, and what counts is the hash of the contents. Folders are watched, never
files: a watch on a file dies at the first atomic save.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from watchfiles import awatch, watch

from ..errors import JourneyError
from .agent_files import IGNORED, code_hash

STEP = 15  # milliseconds between looks: 31 ms from save to event at 20
DEBOUNCE = 50


def is_relevant(path: str) -> bool:
    """Whether a changed file may be journey code: not an editor's own scratch file."""
    name = Path(path).name
    return not (
        name.startswith((".", "#"))
        or name.endswith(("~", ".swp", ".swx", ".tmp", ".pyc"))
        or name == "4913"  # vim's test of whether it may write here
        or IGNORED & set(Path(path).parts)
    )


def watch_saves(*folders: Path) -> Iterator[list[str]]:
    """The files of each save; none as soon as all is watched, so that nothing saved from then on is missed."""
    begun = False
    for found in watch(
        *folders,
        step=STEP,
        debounce=DEBOUNCE,
        rust_timeout=100,  # milliseconds until it says that nothing has changed
        yield_on_timeout=True,
        watch_filter=lambda _, path: is_relevant(path),
    ):
        if found or not begun:
            begun = True
            yield sorted({path for _, path in found})


async def watch_code(root: Path, agent: str = "") -> AsyncIterator[str]:
    """The hash of an agent's code, or of all agents', each time it has changed."""
    last = _hash(root, agent)
    async for found in awatch(root, step=STEP, debounce=DEBOUNCE, watch_filter=lambda _, p: is_relevant(p)):
        if not found:
            continue
        now = _hash(root, agent)
        if now != last:
            last = now
            yield now


def _hash(root: Path, agent: str) -> str:
    """ "" while a file cannot be read: the load that follows says which."""
    try:
        return code_hash(root, agent)
    except JourneyError:
        return ""
