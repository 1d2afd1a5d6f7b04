"""Transcript files: finding, reading and writing them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import TranscriptError, UsageError
from ..transcript import Transcript, encode

PENDING = ".pending.json"
RECEIPT = ".receipt.json"
BESIDE = (PENDING, RECEIPT)  # what may lie beside a transcript and is none


def find(paths: Iterable[Path]) -> list[Path]:
    """The transcript files that paths name: files as they are, folders searched. Raises UsageError."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*.json")):
                hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
                if not file.name.endswith(BESIDE) and not hidden:
                    found[file] = None
        elif path.is_file():
            found[path] = None
        else:
            raise UsageError(f"there is no file or folder {path}", next="check the path")
    return list(found)


def write(path: Path, transcript: Transcript) -> None:
    """Write a transcript whole or not at all. Raises TranscriptError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(encode(transcript))
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
