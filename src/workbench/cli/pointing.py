"""Where a report points: a file and a line that a person, or the view of a pull request, can open."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from ..case import Case


class Pointer(NamedTuple):
    """A file as seen from here, with / between folders, and a line that counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def pointer(case: Case, root: str = "") -> Pointer:
    """The line of the journey that decided; else that of the transcript, at its marked or differing place.

    `root` is the project's folder as seen from here.
    """
    file, _, line = case.outcome.where.rpartition(":")
    if file and line.isdigit():
        return Pointer(_slashes(os.path.join(root, file)), int(line))
    return Pointer(_slashes(case.path), _line(case))


def _slashes(path: str) -> str:
    return os.path.normpath(path).replace(os.sep, "/")


def _line(case: Case) -> int:
    told = re.match(re.escape(case.path) + r":(\d+)", case.outcome.why)  # an unreadable file says so itself
    if told:
        return int(told[1])
    place = case.outcome.first.place if case.outcome.first else None
    at = case.head.at if case.head else ""
    if not at and place is None:
        return 1
    try:
        text = Path(case.path).read_text("utf-8", "replace")
    except OSError:
        return 1
    found = re.search(rf'"at": "{re.escape(at)}"', text) if at else None
    if found is None and place is not None:
        answer = rf',\n      "answer": {place.answer}\b' if place.answer else ""
        found = re.search(rf'"turn": {place.turn}{answer}\b', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
