"""Find, read and write transcript files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..errors import UsageError
from ..files import write_atomically
from ..suggest import MAX_CANDIDATES, closest_names, did_you_mean_any
from .blob_store import Blobs, is_blob
from .codec import encode_stored
from .transcript import Transcript

SUFFIX = ".json"  # in upper or lower case
PENDING = ".pending.json"
LIVE_RESULT = ".live.json"
SIBLING_SUFFIXES = (PENDING, LIVE_RESULT)  # files next to a transcript that are not transcripts
STATE = ".workbench"


def find(paths: Iterable[Path], rest: list[str] | None = None) -> list[Path]:
    """Find the transcript files of paths, each once: files as they are, folders searched. Raises UsageError.

    Other files of the folders are added to `rest`; see `not_collected`.
    """
    found: dict[str, Path] = {}  # by real path: only links need a system call
    for path in paths:
        if path.is_dir():
            for real, file in _search(str(path), os.path.realpath(path), set(), rest):
                found.setdefault(real, Path(file))
        elif os.path.lexists(path):
            found.setdefault(os.path.realpath(path), path)
        else:
            raise UsageError(f"no such file or folder: {path}", hint=suggest_path(path))
    return list(found.values())


def is_empty(folder: Path) -> bool:
    """Return whether a folder has no transcript."""
    return next(_search(str(folder), os.path.realpath(folder), set()), None) is None


def suggest_path(path: Path) -> str:
    """Suggest paths for one that does not exist, by its name, its id or its folder."""
    if str(path) in ("and", "or", "not"):
        return "put several words in quotes: --query 'returns -late'"
    here = next((folder for folder in path.parents if folder.is_dir()), Path())
    try:
        siblings = [entry.path for entry in os.scandir(here)] if here != Path() else os.listdir()
        roots = [here] if here != Path() else [Path("transcripts")]
        below = [str(file) for file in islice(find(root for root in roots if root.is_dir()), MAX_CANDIDATES)]
    except (OSError, UsageError):
        return "check the path"
    folders = sorted({str(Path(file).parent) for file in below})
    ids = {Path(file).stem: file for file in below}
    found = ids.get(path.name) or ids.get(path.stem) or next((f for f in folders if Path(f).name == path.name), "")
    if found:
        return did_you_mean_any([found])
    known = {os.path.relpath(one, here): one for one in (*siblings, *folders, *below)}
    names = [known[one] for one in closest_names(os.path.relpath(path, here), known)]
    names = names or [ids[one] for one in closest_names(path.stem, ids)]
    return did_you_mean_any(names, "check the path")


def _search(folder: str, here: str, visited: set[str], rest: list[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield (real path, path) of the *.json files below a folder, in order of name; `here` is its real path.

    Each linked folder is followed once; hidden and pending files are skipped and added to `rest`.
    """
    visited.add(here)
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda e: e.name)
    except OSError as error:
        raise UsageError(f"the folder cannot be read: {error.strerror}", where=folder) from None
    for entry in ordered:
        if entry.name.startswith("."):
            if rest is not None:
                rest.append(entry.path)
            continue
        if is_blob(entry.path):
            continue
        linked = entry.is_symlink()
        real = os.path.realpath(entry.path) if linked else os.path.join(here, entry.name)
        if os.path.isdir(real) if linked else entry.is_dir():
            if real not in visited:
                yield from _search(entry.path, real, visited, rest)
        elif entry.name.lower().endswith(SUFFIX) and not entry.name.lower().endswith(SIBLING_SUFFIXES):
            yield real, entry.path
        elif rest is not None:
            rest.append(entry.path)


def sibling(path: Path, kind: str) -> Path:
    """Return the path of a file next to a transcript: its PENDING run or its LIVE_RESULT."""
    name = path.name[: -len(SUFFIX)] if path.name.lower().endswith(SUFFIX) else path.name
    return path.with_name(name + kind)


def write(path: Path, transcript: Transcript) -> list[Path]:
    """Write a transcript completely or not at all, its blobs first, and return the new blob files.

    Raises TranscriptError.
    """
    data, blobs = encode_stored(transcript)
    added = Blobs(path).add(blobs)
    write_atomically(path, data)
    return added


def unused_path(folder: Path, name: str) -> Path:
    """Choose an unused path for a new transcript."""
    path = folder / f"{name}.json"
    number = 2
    while path.exists():
        path = folder / f"{name}-{number}.json"
        number += 1
    return path
