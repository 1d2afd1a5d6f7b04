"""The engineer's editor, at a line."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from ..errors import UsageError

COLON = {"code", "codium", "cursor", "zed", "subl", "hx", "helix"}  # these take file:line; the others +line


def place_of(source: str) -> tuple[str, int]:
    """ "returns/journey.py:41" as file and line; line 1 where it names none."""
    file, _, line = source.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else (source, 1)


def editor_command(path: Path, line: int) -> list[str]:
    """What to run. Raises UsageError where no editor is known."""
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR") or next(
        (name for name in ("vim", "vi", "nano") if shutil.which(name)), ""
    )  # fmt: skip
    try:
        words = shlex.split(chosen)
    except ValueError as error:
        raise UsageError(f"$EDITOR cannot be read: {chosen}: {error}") from None
    if not words:
        raise UsageError("no editor is known", next="set $EDITOR to the one you use")
    name = Path(words[0]).name
    if name in COLON:
        goto = ["--goto"] if name in ("code", "codium", "cursor") else []
        wait = (
            ["--wait"]
            if name in ("code", "codium", "cursor") and "--wait" not in words and "-w" not in words
            else []
        )
        return [*words, *wait, *goto, f"{path}:{line}"]
    return [*words, f"+{line}", str(path)]
