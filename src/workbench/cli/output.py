"""stdout, stderr and colors of the commands."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Any

import msgspec

from ..errors import WorkbenchError
from ..replay.exit_codes import RED, Exit
from ..replay.verdict import Verdict
from ..text import display_width, escape_commands, escape_controls, escape_json

HANG = "  "  # extra indent of continuation lines
NARROW = 40  # below this width the terminal wraps by itself

_PAINT = re.compile(r"\x1b\[[0-9;]*m")
_OWN = f"\x1b{os.urandom(8).hex()}:"  # begins a color of `style`; text from outside cannot contain it
_OWN_PAINT = re.compile(rf"{_OWN}(\d+)m")
_BEGINS = re.compile(r"((?:\x1b\[[0-9;]*m)*)( *)(.*)")
_COMMAND = re.compile(r"workbench (?:[a-z-]+ )+\S.*$")


def terminal_width() -> int:
    """Return the width of the terminal; 0 if there is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
    except (OSError, ValueError):
        return 0


def wrap(text: str, width: int) -> str:
    """Wrap a text at `width` columns without splitting words or commands."""
    if width < NARROW:
        return text
    return "\n".join(line if printed_width(line) <= width else _folded(line, width) for line in text.split("\n"))


def printed_width(painted: str) -> int:
    """Count the columns of a text, without its color codes."""
    return display_width(_PAINT.sub("", painted))


def _folded(line: str, width: int) -> str:
    paint, indent, rest = _BEGINS.fullmatch(line).groups()  # type: ignore[union-attr]  # it fits any line
    command = _COMMAND.search(rest) if rest.startswith("next:") else None
    words = re.findall(r"\S+ *", rest[: command.start()] if command else rest)
    lines, here = [], paint + indent
    for word in [*words, *([command[0]] if command else [])]:
        if printed_width(here + word.rstrip()) > width and here.strip() != paint:
            lines.append(here.rstrip())
            here = indent + HANG
        here += word
    return "\n".join([*lines, here.rstrip()])


class StreamClosed(Exception):
    """The reader closed the stream. Not an OSError, because click would handle that itself."""


_failed_streams: dict[str, str] = {}  # failed streams, with the reason


def _put(name: str, text: str, now: bool) -> None:
    """Write cleaned text to stdout or stderr. After a failure the stream is dropped, and `flush` reports it."""
    stream = getattr(sys, name)
    try:
        stream.write(text)
        if now:
            stream.flush()
    except BrokenPipeError:
        raise StreamClosed from None
    except OSError as error:
        _give_up(name, error)


def clean(text: str) -> str:
    """Escape what a terminal or a CI system would execute, except the colors of `style`.

    Everything the commands print passes here, so that no caller can forget it: file names, tags, titles and
    errors of journeys come from outside.
    """
    parts = _OWN_PAINT.split(text)  # the colors are at the odd indexes
    colors = "".join(f"\x1b[{part}m" if index % 2 else escape_controls(part) for index, part in enumerate(parts))
    return escape_commands(colors)


def _give_up(name: str, error: OSError) -> None:
    _failed_streams[name] = error.strerror or str(error)
    discard(name)


def discard(name: str) -> None:
    """Discard pending output of a stream, which Python would otherwise write at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), getattr(sys, name).fileno())


def flush() -> Exit:
    """Flush all output. Returns OK, or USAGE_ERROR if a part could not be written, and reports that."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard("stdout")
        return Exit.INTERRUPTED
    except OSError as error:
        _give_up("stdout", error)
    lost = dict(_failed_streams)
    _failed_streams.clear()
    for name, why in lost.items():
        print_status(f"error cannot write to {name}: {why}")
        print_status("  next: free disk space, or redirect the output")
    return Exit.USAGE_ERROR if lost else Exit.OK


def write_line(text: str, now: bool = False) -> None:
    """Write one line of data; `now` flushes it for a reader that waits."""
    _put("stdout", clean(text) + "\n", now)


def write_bytes(data: bytes) -> None:
    """Write a whole document as UTF-8, independent of the terminal's encoding."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise StreamClosed from None
    except OSError as error:
        _give_up("stdout", error)


def out_json(value: Any) -> None:
    """Write a value as one line of JSON to stdout."""
    write_bytes(escape_json(msgspec.json.encode(value).decode()).encode() + b"\n")


def print_status(text: str = "") -> None:
    """Write one line for the user, wrapped to the width of the terminal."""
    _put("stderr", wrap(clean(text), terminal_width()) + "\n", now=True)


def print_command(text: str) -> None:
    """Write a command for GitHub, one line. Its data is escaped by the caller, as GitHub requires."""
    _put("stderr", escape_controls(text.replace("\n", " ")) + "\n", now=True)


def print_error(error: WorkbenchError) -> None:
    """Print an error and its hint to stderr."""
    print_status(style("error ", "red") + str(error))


COLORS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def style(text: str, color: str) -> str:
    """Color a text if the terminal supports it; the text must be clear without color."""
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"{_OWN}{COLORS[color]}m{text}{_OWN}0m"


COLOR = {Verdict.PASS: "green", **dict.fromkeys(RED, "red")}
