"""The state of the machine: what it has run out of, and what to do about it; whether the terminal is still there.

What it has run out of is a bug neither of Workbench nor of a journey, so a user reads a sentence, not a traceback.
"""

from __future__ import annotations

import errno

from .errors import UsageError

_PROCESSES = ("no further process or thread can be started", "end other programs, or raise the limit (ulimit -u)")
_FILES = ("too many open files", "close other programs, or raise the limit (ulimit -n)")
_DISK = ("the disk is full", "free disk space, then repeat the command")
_MEMORY = ("no memory is left", "end other programs, or use fewer processes (-j 1)")
_PROBLEMS = {
    errno.EAGAIN: _PROCESSES,
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOSPC: _DISK,
    errno.EDQUOT: _DISK,
    errno.ENOMEM: _MEMORY,
    errno.EROFS: ("the file system is read-only", "use a folder that can be written"),
}
_TEMPORARY = (
    "there is no temporary folder that can be written",
    "set TMPDIR to a writable folder with a short path",
)


def terminal_is_gone(descriptor: int) -> bool:
    """Return whether the terminal of a file descriptor has hung up. A system without termios has no hang-up.

    The system sends SIGHUP to the leader of a session only, and not every leader, such as make, passes it on.
    """
    try:
        import termios
    except ImportError:
        return False
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        return bool(error.args[0] != errno.EINTR)
    return False


def machine_error(error: BaseException) -> UsageError | None:
    """Return what the machine has run out of as an error for the user; None for any other exception."""
    message, hint = "", ""
    if isinstance(error, MemoryError):
        message, hint = _MEMORY
    elif isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        message, hint = _PROCESSES
    elif isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
        message, hint = _TEMPORARY
    elif isinstance(error, OSError) and not hasattr(
        error, "characters_written"
    ):  # else a stream that does not block
        message, hint = _PROBLEMS.get(error.errno or 0, ("", ""))
    where = str(getattr(error, "filename", None) or "")
    return UsageError(message, where=where, hint=hint, code="machine") if message else None
