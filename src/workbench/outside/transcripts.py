"""Transcript files: finding, reading and writing them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import TranscriptError, UsageError
from ..transcript import Transcript, encode

PENDING = ".pending.json"
RECEIPT = ".receipt.json"
BESIDE = (PENDING, RECEIPT)  # what may lie beside a transcript and is none


def find(paths: Iterable[Path]) -> list[Path]:
    """The transcript files that paths name, each once: files as they are, folders searched. Raises UsageError."""
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            for file in sorted(_search(path)):
                found.setdefault(os.path.realpath(file), file)
        elif os.path.lexists(path):
            found.setdefault(os.path.realpath(path), path)
        else:
            raise UsageError(f"there is no file or folder {path}", next="check the path")
    return list(found.values())


def _search(folder: Path) -> Iterator[Path]:
    """The *.json below a folder, links to folders followed once each; what is hidden or pending is passed over."""
    been = set()
    for at, folders, files in os.walk(folder, onerror=_unreadable, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = os.path.realpath(at)
        if here in been:
            folders.clear()
            continue
        been.add(here)
        for name in files:
            if name.endswith(".json") and not name.startswith(".") and not name.endswith(BESIDE):
                yield Path(at, name)


def _unreadable(error: OSError) -> None:
    raise UsageError(f"the folder cannot be read: {error.strerror}", where=str(error.filename))


def beside(path: Path, kind: str) -> Path:
    """Where what belongs to a transcript lies: its PENDING run, its RECEIPT."""
    return path.with_name(path.name.removesuffix(".json") + kind)


def write(path: Path, transcript: Transcript) -> None:
    """Write a transcript whole or not at all. Raises TranscriptError."""
    put(path, encode(transcript))


def put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises TranscriptError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TranscriptError(f"cannot be written: {error.strerror}", where=str(path)) from None


def fresh_path(folder: Path, name: str) -> Path:
    """A path for a new transcript that takes nobody's place."""
    path = folder / f"{name}.json"
    number = 2
    while path.exists():
        path = folder / f"{name}-{number}.json"
        number += 1
    return path
