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
    found: dict[str, Path] = {}  # by where they really are: only links need the disk to be asked
    for path in paths:
        if path.is_dir():
            for real, file in _search(str(path), os.path.realpath(path), set()):
                found.setdefault(real, Path(file))
        elif os.path.lexists(path):
            found.setdefault(os.path.realpath(path), path)
        else:
            raise UsageError(f"there is no file or folder {path}", next="check the path")
    return list(found.values())


def holds_none(folder: Path) -> bool:
    """Whether a folder has no transcript in it."""
    return next(_search(str(folder), os.path.realpath(folder), set()), None) is None


def _search(folder: str, here: str, been: set[str]) -> Iterator[tuple[str, str]]:
    """The *.json below a folder that really is `here`, by name: where each really is, and how it was found.

    Links to folders are followed once each; what is hidden or pending is passed over.
    """
    been.add(here)
    try:
        with os.scandir(folder) as entries:
            visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError as error:
        raise UsageError(f"the folder cannot be read: {error.strerror}", where=folder) from None
    for entry in visible:
        linked = entry.is_symlink()
        real = os.path.realpath(entry.path) if linked else os.path.join(here, entry.name)
        if os.path.isdir(real) if linked else entry.is_dir():
            if real not in been:
                yield from _search(entry.path, real, been)
        elif entry.name.endswith(".json") and not entry.name.endswith(BESIDE):
            yield real, entry.path


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
