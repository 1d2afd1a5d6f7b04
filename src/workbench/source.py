"""Source locations of journey code, such as "support/returns/journey.py:41", and the import path of processes.

Locations are the same on every machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT_PACKAGE = "journeys"


def journey_path(module: str, file: str) -> str:
    """Return the path of a journey module relative to journeys/; for other modules the file name."""
    parts = module.split(".")
    if parts[0] != ROOT_PACKAGE:
        return os.path.basename(file)
    parts = parts[1:]
    if os.path.basename(file) == "__init__.py":
        return "/".join([*parts, "__init__.py"])
    return "/".join(parts) + ".py"


def source_location(fn: Any) -> str:
    """Return "file:line" of a function or class, relative to journeys/."""
    fn = getattr(fn, "__wrapped__", fn)
    code: CodeType | None = getattr(fn, "__code__", None)
    if code is None:
        return journey_path(fn.__module__, "")
    return f"{journey_path(fn.__module__, code.co_filename)}:{code.co_firstlineno}"


def caller_location(depth: int = 2) -> tuple[str, str, int]:
    """Return (directory, path relative to journeys/, line) of the code that called the calling function."""
    frame: FrameType = sys._getframe(depth)
    file = frame.f_globals.get("__file__") or "<string>"
    name = frame.f_globals.get("__name__") or ""
    return os.path.dirname(os.path.abspath(file)), journey_path(name, file), frame.f_lineno


def journey_frames(error: BaseException, root: str = "") -> list[str]:
    """Return the journey frames of a traceback, outermost first, as "file:line in name".

    `root` is the journeys/ folder; without it, modules named journeys.* count.
    """
    frames = []
    tb = error.__traceback__
    while tb is not None:
        name = tb.tb_frame.f_globals.get("__name__") or ""
        code = tb.tb_frame.f_code
        if name.split(".")[0] == ROOT_PACKAGE:
            frames.append(f"{journey_path(name, code.co_filename)}:{tb.tb_lineno} in {code.co_name}")
        tb = tb.tb_next
    return frames


def fault_location(error: BaseException, fallback: str = "") -> tuple[str, list[str]]:
    """Return ("file:line", frames): the innermost journey line of `error`, or `fallback`."""
    frames = journey_frames(error)
    return (frames[-1].split(" in ")[0] if frames else fallback), frames


def first_journey_line(stack: str, root: Path) -> str:
    """Return the first journey line of a stack dump (innermost first) as "file:line", or ""."""
    for file, line in re.findall(r'File "([^"]+)", line (\d+)', stack):
        if Path(file).is_relative_to(root):
            return f"{Path(file).relative_to(root).as_posix()}:{line}"
    return ""


@contextlib.contextmanager
def safe_path() -> Iterator[None]:
    """Start Python processes inside without the working folder on their import path."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before
