"""Where a report goes: a file, whose folders are made, or stdout."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ...errors import UsageError
from ...files import read_prefix
from ...transcripts.migrations import PREFIX
from ..output import write_bytes

STDOUT = "-"


def check_destinations(*targets: str) -> None:
    """Before anything runs. Raises UsageError for what can only be a mistake, and for two in one place."""
    places = [target if target == STDOUT else os.path.realpath(target) for target in targets]
    if len(set(places)) < len(places):
        raise UsageError("two reports cannot go to one place", next="give each a file of its own")
    for target in targets:
        if target != STDOUT:
            _check(target)


def _check(target: str) -> None:
    path = Path(target)
    if path.is_dir():
        raise UsageError("it is a folder", where=target, next=f"name a file in it: {path / 'report'}")
    top = next((p for p in reversed(path.absolute().parents) if not p.exists()), None)
    if top is not None and top.parent == Path(top.anchor):  # `$NOT_SET/out/report.json`
        where = "folders are made for a report, but not at the root of the disk"
        raise UsageError(f"there is no folder {top}", where=target, next=f"check the path: {where}")
    if path.is_file() and PREFIX.encode() in read_prefix(path):
        raise UsageError("it is a transcript", where=target, next="give the report a file of its own")


def write_report(target: str, data: bytes) -> None:
    """Write a report whole or not at all. Raises UsageError; what stdout does not take is told at the end."""
    if target == STDOUT:
        write_bytes(data)
        return
    path = Path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_bytes(data)
        except OSError:
            if path.is_file():  # half a report is none
                with contextlib.suppress(OSError):
                    path.unlink()
            raise
    except OSError as error:
        raise UsageError(
            f"the report cannot be written: {error.strerror}", where=target, next="make room, or name another file"
        ) from None
