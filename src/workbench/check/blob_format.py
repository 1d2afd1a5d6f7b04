"""Check the blob files of a transcripts folder: referenced, unchanged, canonical, without secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import TranscriptError
from ..files import read_bytes, write_atomically
from ..findings import Finding, error
from ..text import with_article
from ..transcripts.blob_references import mentioned_keys
from ..transcripts.blob_store import FOLDER, blob_files, encode_blob, read_blob
from ..transcripts.files import PENDING, find, sibling
from ..transcripts.json_position import line_of
from ..transcripts.pending import list_pending
from ..transcripts.redaction import find_leaks
from .transcript_format import TranscriptFormat


class References(NamedTuple):
    """The hashes that the transcripts below a folder refer to, and the first file that cannot be read, or None."""

    keys: frozenset[str]
    unreadable: Path | None = None


def references(folder: Path, forms: Iterable[TranscriptFormat]) -> References:
    """Collect the blobs that the files below `folder` refer to; `forms` are the transcripts already read."""
    known = {os.path.realpath(form.path): form for form in forms}
    keys = mentioned_keys(folder)
    for path in [*find([folder]), *(sibling(path, PENDING) for path in list_pending(folder))]:
        form = known.get(os.path.realpath(path)) or TranscriptFormat(path)
        if form.problem is not None:
            return References(frozenset(), path)
        keys |= form.blobs
    return References(frozenset(keys))


def unreferenced(folder: Path, found: References) -> list[Path]:
    """Return the blob files of a transcripts folder that no transcript refers to.

    If a transcript cannot be read, nothing is known to be unreferenced.
    """
    if found.unreadable is not None:
        return []
    return [path for path in blob_files(folder / FOLDER) if path.stem not in found.keys]


def rewrite_blobs(paths: Iterable[Path]) -> list[Path]:
    """Write the blob files that are not in canonical form, and return them; altered ones are not changed."""
    written = []
    for path in paths:
        try:
            canonical = encode_blob(read_blob(path))
        except TranscriptError:
            continue  # reported by the transcripts that refer to it
        if read_bytes(path) != canonical:
            write_atomically(path, canonical)
            written.append(path)
    return written


def blob_findings(folder: Path, found: References) -> Iterator[Finding]:
    """Yield the findings about the blob files of a transcripts folder."""
    yield from (
        error("blob", f"{path}:1", "no transcript refers to this blob", "workbench fmt removes it")
        for path in unreferenced(folder, found)
    )
    for path in blob_files(folder / FOLDER):
        yield from check_blob(path)


def check_blob(path: Path) -> Iterator[Finding]:
    """Yield the findings about one blob file."""
    try:
        data, value = read_bytes(path), read_blob(path)
    except TranscriptError as wrong:
        yield error("blob", f"{path}:1", wrong.message, wrong.hint)
    else:
        if data != encode_blob(value):
            yield error("blob", f"{path}:1", "not in canonical form", "workbench fmt")
        for number, kind in sorted(
            {(line_of(data, at[2:]), kind) for at, kind in find_leaks({"blobs": {path.stem: value}})}
        ):
            yield error("secret", f"{path}:{number}", f"{with_article(kind)} is in this line", "remove it")
