"""Write a report to a file, creating its folders, or to stdout."""

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
    """Check the destinations before anything runs. Raises UsageError for an invalid or repeated one."""
    paths = [target if target == STDOUT else os.path.realpath(target) for target in targets]
    if len(set(paths)) < len(paths):
        raise UsageError("two reports have the same destination", hint="use a different file for each")
    for target in targets:
        if target != STDOUT:
            _check(target)


def _check(target: str) -> None:
    path = Path(target)
    if path.is_dir():
        raise UsageError("it is a folder", where=target, hint=f"name a file in it, for example {path / 'report'}")
    top = next((p for p in reversed(path.absolute().parents) if not p.exists()), None)
    if top is not None and top.parent == Path(top.anchor):  # `$NOT_SET/out/report.json`
        where = "report folders are not created at the root of the disk"
        raise UsageError(f"no such folder: {top}", where=target, hint=f"check the path: {where}")
    if path.is_file() and PREFIX.encode() in read_prefix(path):
        raise UsageError("it is a transcript", where=target, hint="use another file for the report")


def write_report(target: str, data: bytes) -> None:
    """Write a report completely or not at all. Raises UsageError; a failure of stdout is reported at exit."""
    if target == STDOUT:
        write_bytes(data)
        return
    path = Path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_bytes(data)
        except OSError:
            if path.is_file():  # remove a partial report
                with contextlib.suppress(OSError):
                    path.unlink()
            raise
    except OSError as error:
        raise UsageError(
            f"cannot write the report: {error.strerror}", where=target, hint="free disk space, or use another file"
        ) from None
