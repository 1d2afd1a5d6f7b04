"""Read untrusted files within limits, write files atomically, and create private files."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

from .errors import TranscriptError

MEGABYTE = 1 << 20
LIMIT = 32 * MEGABYTE  # of a transcript; that of a real conversation has about 25 KB

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_bytes(path: Path, limit: int = LIMIT) -> bytes:
    """Read a regular file. Raises TranscriptError for anything else, and for more than `limit` bytes."""
    with open_regular(path) as file:
        expected = os.fstat(file.fileno()).st_size
        try:
            data = file.read(min(expected, limit) + 1)  # read(limit) would allocate that much
            if len(data) > expected:  # the file is growing
                data += file.read(max(limit + 1 - len(data), 0))
        except OSError as error:
            raise _unreadable(path, error) from None
    if len(data) > limit:
        size = f"{max(expected, len(data)) / MEGABYTE:,.0f} MB"
        message = f"it has {size}, the limit is {limit // MEGABYTE} MB"
        raise TranscriptError(message, where=str(path), hint="split it, or move it out of the folder")
    return data


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read. Raises TranscriptError for anything else."""
    try:
        file = open(path, "rb", opener=_open)  # noqa: SIM115  # the caller closes it
    except FileNotFoundError:
        linked = path.is_symlink()
        what = "a link to a missing file" if linked else "no such file"
        then = "fix the link, or remove it" if linked else "restore it, or check the path"
        raise TranscriptError(what, where=str(path), hint=then) from None
    except IsADirectoryError:
        raise TranscriptError("it is a folder, not a file", where=str(path), hint="name a file in it") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError as error:  # a name that no file can have
        raise TranscriptError(f"cannot be read: {error}", where=repr(str(path))) from None
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode):
        file.close()
        what = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise TranscriptError(
            f"it is {what}, not a file", where=str(path), hint="name a file, or move it out of the folder"
        )
    return file


def _unreadable(path: Path, error: OSError) -> TranscriptError:
    then = "make it readable, or move it out of the folder"
    return TranscriptError(f"cannot be read: {error.strerror}", where=str(path), hint=then)


def read_prefix(path: Path, size: int = 200) -> bytes:
    """Read the first bytes of a regular file; b"" if it is something else or cannot be read."""
    try:
        with open(path, "rb", opener=_open) as file:
            return file.read(size) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except (OSError, ValueError):
        return b""


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe without a writer must not block


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file completely or not at all; `mode` applies before the umask. Raises TranscriptError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        # exclusive: a link that somebody put there is not followed
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise TranscriptError(f"cannot be written: {error.strerror}", where=str(path)) from None


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, completely or not at all. Raises TranscriptError."""
    write_atomically(path, data, 0o600)


def private_folder(state: Path) -> Path:
    """Create the folder .workbench if it does not exist. Raises OSError."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = state / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return state


def private_file(path: Path) -> Path:
    """Create an empty file that only its owner may read, unless it exists. Raises OSError."""
    private_folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return path
