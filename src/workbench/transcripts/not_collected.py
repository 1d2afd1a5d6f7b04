"""Transcripts that no command replays, because their names are not those of transcripts: found to be named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..errors import TranscriptError
from ..files import read_bytes, read_prefix
from .files import LIVE_RESULT, PENDING, STATE, SUFFIX
from .migrations import PREFIX

MAX_HIDDEN = 100  # subfolders of a hidden folder that are searched


def not_collected(rest: Iterable[str]) -> dict[str, str]:
    """Return the transcripts among what `find` left out, in order, each with the reason."""
    files = ((file, _reason(file)) for path in rest if os.path.basename(path) != STATE for file in _files(path))
    return dict(sorted((file, reason) for file, reason in files if reason and _is_transcript(file)))


def why_no_file(path: Path) -> str:
    """Return what a collected path is that is not a regular file, such as a pipe or a dead link; "" for a file."""
    try:
        if not path.is_file():
            read_bytes(path)
    except TranscriptError as error:
        return error.message
    return ""


def _files(path: str) -> Iterator[str]:
    """Yield a file, or the *.json in a hidden folder, with a limit: a whole .git or .venv takes too long."""
    if not os.path.isdir(path):
        yield path
        return
    for at, _, names in islice(os.walk(path), MAX_HIDDEN):
        yield from (os.path.join(at, name) for name in names if name.lower().endswith(SUFFIX))


def _reason(file: str) -> str:
    """Return why a file is not collected; "" for the pending run of a transcript, which is reported as such."""
    name = file.lower()
    if name.endswith(PENDING):
        there = os.path.lexists(file[: -len(PENDING)] + SUFFIX)
        return "" if there else "a re-recording of a transcript that does not exist"
    if name.endswith(LIVE_RESULT):
        return f"named as a live result: rename it to end in another word than {LIVE_RESULT}"
    return "hidden" if name.endswith(SUFFIX) or os.path.basename(file).startswith(".") else f"not named *{SUFFIX}"


def _is_transcript(file: str) -> bool:
    return PREFIX.encode() in read_prefix(Path(file))
