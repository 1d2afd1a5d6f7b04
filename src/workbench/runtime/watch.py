"""Watch a journeys/ folder for changes.

The kind of a file event is ignored, because editors save by renaming; a change of
the content hash counts. Folders are watched and not files, because a watch on a file
ends at the first atomic save. Where the system cannot report changes (a user may have
128 instances of inotify), the files are looked at twice a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from watchfiles import awatch, watch

from ..errors import JourneyError
from .agent_files import IGNORED, code_hash

STEP = 15  # milliseconds between polls; at 20 it takes 31 ms from save to event
DEBOUNCE = 50
POLL_SECONDS = 0.5  # between two looks at all files, where the system does not report changes
CANNOT_WATCH = (OSError, RuntimeError)  # of watchfiles: no inotify instance is left, or a folder is missing


def is_relevant(path: str) -> bool:
    """Return whether a changed file may be journey code, and not a temporary file of an editor."""
    name = Path(path).name
    return not (
        name.startswith((".", "#"))
        or name.endswith(("~", ".swp", ".swx", ".tmp", ".pyc"))
        or name == "4913"  # vim creates it to test whether the folder is writable
        or IGNORED & set(Path(path).parts)
    )


def watch_saves(*folders: Path, until: Callable[[], bool]) -> Iterator[list[str]]:
    """Yield the changed files of each save; first an empty list, once watching has begun.

    `until` is called several times a second; when it returns True, the iteration ends.
    """
    begun = False
    for found in _notified(folders):
        if until():
            return
        if found or not begun:
            begun = True
            yield sorted(found)


def _notified(folders: Sequence[Path]) -> Iterator[set[str]]:
    """Yield the changed files of a save, and an empty set now and then."""
    with contextlib.suppress(*CANNOT_WATCH):
        for found in watch(
            *folders,
            step=STEP,
            debounce=DEBOUNCE,
            rust_timeout=100,  # milliseconds until it reports that nothing has changed
            yield_on_timeout=True,
            watch_filter=lambda _, path: is_relevant(path),
        ):
            yield {path for _, path in found}
        return
    before = _states(folders)
    yield set()
    while True:
        time.sleep(POLL_SECONDS)
        last, before = before, _states(folders)
        yield _differences(last, before)


async def watch_code(root: Path, agent: str = "") -> AsyncIterator[str]:
    """Yield the hash of the code of an agent, or of all agents, whenever it changes."""
    last = _hash(root, agent)
    async for _ in _changes(root):
        now = _hash(root, agent)
        if now != last:
            last = now
            yield now


async def _changes(root: Path) -> AsyncIterator[set[str]]:
    """Yield the changed files of each save."""
    with contextlib.suppress(*CANNOT_WATCH):
        async for found in awatch(root, step=STEP, debounce=DEBOUNCE, watch_filter=lambda _, p: is_relevant(p)):
            if found:
                yield {path for _, path in found}
        return
    before = _states([root])
    while True:
        await asyncio.sleep(POLL_SECONDS)
        last, before = before, await asyncio.to_thread(_states, [root])
        if last != before:
            yield _differences(last, before)


def _states(folders: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """Return the time and size of every relevant file, without those that cannot be read."""
    found = {}
    for folder in folders:
        for at, names, files in os.walk(folder):
            names[:] = [name for name in names if is_relevant(name)]
            for path in (os.path.join(at, name) for name in files if is_relevant(name)):
                with contextlib.suppress(OSError):
                    state = os.stat(path)
                    found[path] = state.st_mtime_ns, state.st_size
    return found


def _differences(one: dict[str, tuple[int, int]], other: dict[str, tuple[int, int]]) -> set[str]:
    return {path for path, _ in one.items() ^ other.items()}


def _hash(root: Path, agent: str) -> str:
    """Hash the code; "" while a file cannot be read: the next load reports it."""
    try:
        return code_hash(root, agent)
    except JourneyError:
        return ""
