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
from ..text import display_width

HANG = "  "  # what a folded line is indented by, more than its first
NARROW = 40  # columns below which the terminal may do it

_PAINT = re.compile(r"\x1b\[[0-9;]*m")
_BEGINS = re.compile(r"((?:\x1b\[[0-9;]*m)*)( *)(.*)")
_COMMAND = re.compile(r"workbench (?:[a-z-]+ )+\S.*$")


def terminal_width() -> int:
    """The width of the terminal a person reads on; 0 where it is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
    except (OSError, ValueError):
        return 0


def wrap(text: str, width: int) -> str:
    """The same words in lines of at most `width`, where no word or command is longer."""
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
    """Whoever read us has gone. (As an OSError the library of the command line would take it for itself.)"""


_failed_streams: dict[str, str] = {}  # the streams that took no more, and why


def _put(name: str, text: str, now: bool) -> None:
    """Write to stdout or stderr. One that takes no more is given up, and told by `ended`."""
    stream = getattr(sys, name)
    try:
        stream.write(text)
        if now:
            stream.flush()
    except BrokenPipeError:
        raise StreamClosed from None
    except OSError as error:
        _give_up(name, error)


def _give_up(name: str, error: OSError) -> None:
    _failed_streams[name] = error.strerror or str(error)
    discard(name)


def discard(name: str) -> None:
    """What is still on its way to this stream goes nowhere: it would be tried again when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), getattr(sys, name).fileno())


def flush() -> Exit:
    """Flush what was said. OK, or USAGE where a part of it reached nobody; that is told, if it can be."""
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
        print_status(f"error {name} takes nothing more: {why}")
        print_status("  next: make room, or send it elsewhere")
    return Exit.USAGE_ERROR if lost else Exit.OK


def write_line(text: str, now: bool = False) -> None:
    """A line of data; `now` for somebody who waits for it."""
    _put("stdout", text + "\n", now)


def write_bytes(data: bytes) -> None:
    """A whole document of UTF-8, whatever the terminal's encoding is."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise StreamClosed from None
    except OSError as error:
        _give_up("stdout", error)


def out_json(value: Any) -> None:
    write_bytes(msgspec.json.encode(value) + b"\n")


def print_status(text: str = "") -> None:
    """A line for a person; on a terminal as wide as that is."""
    _put("stderr", wrap(text, terminal_width()) + "\n", now=True)


def print_error(error: WorkbenchError) -> None:
    print_status(style("error ", "red") + str(error))


COLORS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def style(text: str, color: str) -> str:
    """Color on a terminal that wants it; the text says it all without."""
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{COLORS[color]}m{text}\x1b[0m"


COLOR = {Verdict.PASS: "green", **dict.fromkeys(RED, "red")}
