"""The folder `blobs` next to transcripts: prompts, schemas and policies, one readable file each, by hash.

All transcripts below the folder that contains `blobs` share them. A blob never
changes: other content has another hash.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..errors import TranscriptError
from ..files import read_bytes, write_atomically
from ..trace.blobs import blob_hash
from .readable_json import readable_json
from .text_lines import join_lines, split_lines

FOLDER = "blobs"
_KEY = re.compile(r"[0-9a-f]{12}")
_NAME = re.compile(rf"{_KEY.pattern}\.json")


class Blobs:
    """The blobs of a transcript file at `path`: in the folder `blobs` next to it, or next to a folder above it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folders = _folders(path)

    @property
    def folder(self) -> Path:
        """Return the folder of new blobs: in the nearest folder called `transcripts`, or else next to the file."""
        parents = Path(os.path.abspath(self.path)).parents
        folder = next((one for one in parents if one.name == "transcripts"), parents[0]) / FOLDER
        return folder if self.path.is_absolute() else Path(os.path.relpath(folder))

    def get(self, key: str) -> Any:
        """Return a blob. Raises TranscriptError if it is missing or altered."""
        for folder in self._folders if _KEY.fullmatch(key) else ():
            found = os.path.join(folder, f"{key}.json")
            try:
                stat = os.stat(found)
            except OSError:
                continue
            return _read(found, key, (stat.st_mtime_ns, stat.st_size, stat.st_ino))
        raise TranscriptError(
            f"the blob {key!r:.40} is missing: no {FOLDER}/{key:.40}.json next to it or above",
            where=str(self.path),
            hint=f"restore {FOLDER}/{key:.40}.json from git, or import or save the conversation again",
            code="transcript.missing-blob",
        )

    def add(self, blobs: dict[str, Any]) -> list[Path]:
        """Write the blobs that are not there yet, and return their paths. Raises TranscriptError."""
        folder = self.folder
        added = []
        for key, value in blobs.items():
            path = folder / f"{key}.json"
            if not _is_intact(path, key):
                write_atomically(path, encode_blob(value))
                added.append(path)
        return added


def encode_blob(value: Any) -> bytes:
    """Return the canonical bytes of a blob file: multi-line text as a list of lines."""
    return readable_json(split_lines(value))


def is_blob(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is that of a blob file."""
    folder, name = os.path.split(path)
    return os.path.basename(folder) == FOLDER and _NAME.fullmatch(name) is not None


def blob_files(folder: Path) -> Iterator[Path]:
    """Yield the blob files in a folder called `blobs`, in order of name."""
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    yield from (folder / name for name in names if _NAME.fullmatch(name))


def read_blob(path: Path) -> Any:
    """Read a blob file. Raises TranscriptError if it cannot be read or does not match its hash."""
    key = path.stem
    try:
        value = join_lines(msgspec.json.decode(read_bytes(path)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise _altered(path, key, str(error)) from None
    if blob_hash(value) != key:
        raise _altered(path, key, "its content was changed")
    return value


def _altered(path: Path, key: str, why: str) -> TranscriptError:
    return TranscriptError(
        f"the blob {key!r:.40} does not match its hash: {why}",
        where=str(path),
        hint="restore the file from git, or import or save the conversation again",
        code="transcript.blob-mismatch",
    )


_read_before: dict[str, tuple[tuple[int, int, int], Any]] = {}  # by path, with the stamp of the file
_MAX_READ = 10_000


def _read(path: str, key: str, stamp: tuple[int, int, int]) -> Any:
    """Read a blob file, unless this version of it was read before: most transcripts share theirs."""
    before = _read_before.get(path)
    if before is not None and before[0] == stamp:
        return before[1]
    value = read_blob(Path(path))
    if len(_read_before) < _MAX_READ:
        _read_before[path] = (stamp, value)
    return value


def _is_intact(path: Path, key: str) -> bool:
    try:
        read_blob(path)
    except TranscriptError:
        return False
    return True


def _folders(path: Path) -> list[str]:
    """Return the existing folders that may contain the blobs of a file, nearest first."""
    parents = Path(os.path.abspath(path)).parents
    return [folder for folder in (os.path.join(parent, FOLDER) for parent in parents) if os.path.isdir(folder)]
