"""Watch a journeys/ folder for changes.

The kind of a file event is ignored, because editors save by renaming; a change of
the content hash counts. Folders are watched and not files, because a watch on a file
ends at the first atomic save.

Not every system reports saves: a user may have 128 instances of inotify, file systems
of other machines (NFS, WSL's /mnt, bind mounts of Docker Desktop) send no events, and no
event tells of a file behind a link. So the files are also looked at about once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from glob import escape
from pathlib import Path

import msgspec
from watchfiles import awatch, watch

from ..errors import JourneyError
from .agent_files import IGNORED, hash_files, linked_folders
from .file_states import FileStates
from .run_settings import read_run_settings

STEP = 15  # milliseconds between polls; at 20 it takes 31 ms from save to event
DEBOUNCE = 50
WAKE = 100  # milliseconds until the watcher reports that nothing has changed
LOOK_SECONDS = 1.0  # between two looks at all files
CANNOT_WATCH = (OSError, RuntimeError)  # of watchfiles: no inotify instance is left, or a folder is missing

Report = Callable[[], None]


def is_relevant(path: str) -> bool:
    """Return whether a changed file may be journey code, and not a temporary file of an editor."""
    name = Path(path).name
    return not (
        name.startswith((".", "#"))
        or name.endswith(("~", ".swp", ".swx", ".tmp", ".pyc"))
        or name == "4913"  # vim creates it to test whether the folder is writable
        or IGNORED & set(Path(path).parts)
    )


def _nothing() -> None:
    """Ignore that saves are not reported."""


class SaveFinder:
    """Finds saves among what the system reports and what a look at the files shows.

    `unreported` is called once, when a look has found a save that the system did not report.
    """

    def __init__(self, folders: Sequence[Path], unreported: Report = _nothing) -> None:
        self.states = FileStates(folders, is_relevant, LOOK_SECONDS)
        self._unreported = unreported
        self._suspected: set[str] = set()  # saves that the system may report within a moment

    @property
    def is_waiting(self) -> bool:
        """Return whether there is something to find out, although the system has reported nothing."""
        return bool(self._suspected) or self.states.is_due

    def find(self, reported: set[str]) -> set[str]:
        """Return the paths of saved files; `reported` are those that the system has reported since.

        A reported file that no longer exists was temporary, unless a look misses it.
        """
        if reported:
            self._suspected = set()
            return {path for path in reported if Path(path).exists()} | self.states.look()
        if self._suspected:
            self._suspected = set()
            self._unreported()
            self._unreported = _nothing
        if self.states.is_due:
            self._suspected = self.states.look()
            return self._suspected
        return set()


def watch_saves(
    *folders: Path, until: Callable[[], bool] = lambda: False, unreported: Report = _nothing
) -> Iterator[list[str]]:
    """Yield the changed files of each save; first an empty list, once watching has begun.

    `until` is called several times a second; when it returns True, the iteration ends. `unreported` is called
    once if the system does not report saves.
    """
    finder = SaveFinder(folders, unreported)
    begun = False
    for reported in _reported(folders):
        if until():
            return
        found = finder.find(reported)
        if found or not begun:
            begun = True
            yield sorted(found)


def _reported(folders: Sequence[Path]) -> Iterator[set[str]]:
    """Yield the changed files of a save as the system reports them, and an empty set several times a second."""
    with contextlib.suppress(*CANNOT_WATCH):
        for found in watch(
            *folders,
            step=STEP,
            debounce=DEBOUNCE,
            rust_timeout=WAKE,
            yield_on_timeout=True,
            watch_filter=lambda _, path: is_relevant(path),
        ):
            yield {path for _, path in found}
        return
    while True:
        yield set()
        time.sleep(WAKE / 1000)


async def watch_code(
    root: Path, agent: str = "", unreported: Report = _nothing, written: Collection[str] = ()
) -> AsyncIterator[str]:
    """Yield the hash of the code of an agent, or of all agents, whenever it changes.

    `unreported` is called once if the system does not report saves. `written` are files relative to `root`
    that the code itself writes; they do not count.
    """
    finder = SaveFinder([root], unreported)
    last = _hash(root, agent, written)
    async for reported in _reported_code(root):
        if not (reported or finder.is_waiting) or not await asyncio.to_thread(finder.find, reported):
            continue
        now = _hash(root, agent, written)
        if now != last:
            last = now
            yield now


async def _reported_code(root: Path) -> AsyncIterator[set[str]]:
    """Yield the changed files as the system reports them, and an empty set several times a second.

    Where a link leads to a folder, that is watched too; a link to a file is only looked at.
    """
    with contextlib.suppress(*CANNOT_WATCH):
        linked = _watched(root)
        while True:
            changes = awatch(
                root,
                *linked,
                step=STEP,
                debounce=DEBOUNCE,
                rust_timeout=WAKE,
                yield_on_timeout=True,
                watch_filter=lambda _, path: is_relevant(path),
            )
            async with contextlib.aclosing(changes):
                async for found in changes:
                    yield {path for _, path in found}
                    if found and _watched(root) != linked:
                        break
                else:
                    return
            linked = _watched(root)
    while True:
        yield set()
        await asyncio.sleep(WAKE / 1000)


def _watched(root: Path) -> list[str]:
    """Return the folders outside of `root` to which links in it lead."""
    return [path for path in linked_folders(root) if Path(path).is_dir()]


def _hash(root: Path, agent: str, written: Collection[str]) -> str:
    """Hash the code without `written` files; "" while a file cannot be read: the next load reports it."""
    try:
        settings = read_run_settings(root)
        ignore = [*settings.ignore, *map(escape, tuple(written))]
        return hash_files(root, agent, msgspec.structs.replace(settings, ignore=ignore))[0]
    except JourneyError:
        return ""
