"""Find which blobs the files of a folder refer to, by the hashes in their text.

A file counts whatever its name is: a transcript that somebody set aside as a.json.bak or in
a hidden folder needs its blobs too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import TranscriptError
from ..files import read_bytes
from .blob_store import FOLDER, is_blob

_KEY = re.compile(rb'"([0-9a-f]{12})"')


def mentioned_keys(folder: Path) -> set[str]:
    """Return the hashes that the files below a folder mention, and those that these blobs mention themselves."""
    files = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return _with_inner(folder, _keys(Path(file) for file in files if not is_blob(file)))


def remove_unused(folder: Path, paths: Iterable[Path]) -> list[Path]:
    """Remove those of these blob files that no file below the folder refers to, and return them."""
    used = mentioned_keys(folder)
    removed = [path for path in paths if path.stem not in used]
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


def _with_inner(folder: Path, keys: set[str]) -> set[str]:
    """Add the hashes that blobs mention: a prompt names its sections."""
    new = keys
    while new:
        new = _keys(folder / FOLDER / f"{key}.json" for key in new) - keys
        keys |= new
    return keys


def _keys(paths: Iterable[Path]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        try:
            found |= {key.decode() for key in _KEY.findall(read_bytes(path))}
        except TranscriptError:
            continue  # no file, or one that cannot be read
    return found
