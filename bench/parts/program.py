"""The real program in a pseudo-terminal of its own: keys go in, what it paints comes out and is timed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

COMMAND = str(Path(sys.executable).with_name("workbench"))
ENV = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"TERM": "xterm-256color"}
QUIET = 0.05  # seconds without a byte after which a frame is whole
ENDS_IN = 5.0  # seconds in which it has to end when it is told to


class Paint(NamedTuple):
    """Milliseconds from a key to the first and to the last byte of the frame it caused; its bytes."""

    first: float
    last: float
    data: bytes


class Program:
    """`workbench` with its arguments, in a folder; up within its `with` block. `size`: columns, lines."""

    def __init__(
        self, folder: Path, *args: str, size: tuple[int, int] = (160, 48), env: Mapping[str, str] | None = None
    ) -> None:
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.chdir(folder)
            os.execve(COMMAND, [COMMAND, *args], {**ENV, **(env or {})})

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask it to end, read what it still says, and end it if it does not."""
        os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + ENDS_IN
        while not (ended := os.waitpid(self.pid, os.WNOHANG)[0]) and time.monotonic() < until:
            self._read(0.05)
        if not ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def _read(self, wait: float) -> bytes:
        """What it has painted, waiting so many seconds for it; nothing where there is nothing."""
        if not select.select([self.fd], [], [], max(wait, 0))[0]:
            return b""
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:  # it has ended
            time.sleep(min(wait, 0.05))
            return b""

    def wait_for(self, text: str, seconds: float = 20.0) -> float:
        """Milliseconds from its start until it has painted `text`. Raises TimeoutError with what it said."""
        seen, until = b"", time.perf_counter() + seconds
        while text.encode() not in seen:
            if time.perf_counter() > until:
                raise TimeoutError(f"no {text!r} was painted: {seen[-500:]!r}")
            seen += self._read(0.05)
        return (time.perf_counter() - self.began) * 1000

    def settle(self, quiet: float = 0.3, seconds: float = 60.0) -> bytes:
        """Read until it has been quiet for so long, for `seconds` at most."""
        seen, until = b"", time.monotonic() + seconds
        while time.monotonic() < until and (data := self._read(quiet)):
            seen += data
        return seen

    def read_for(self, seconds: float) -> bytes:
        """All it paints within so many seconds."""
        seen, until = b"", time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            seen += self._read(left)
        return seen

    def press(self, key: str, patience: float = 0.25) -> Paint | None:
        """Write a key and read the frame it causes; None where nothing is painted for so many seconds."""
        began = time.perf_counter()
        os.write(self.fd, key.encode())
        data = self._read(patience)
        if not data:
            return None
        first = last = time.perf_counter()
        while more := self._read(QUIET):
            last = time.perf_counter()
            data += more
        return Paint((first - began) * 1000, (last - began) * 1000, data)

    # what the kernel says of its process

    def cpu(self) -> float:
        """Seconds of CPU that the process of the screen has used, all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Megabytes of it that are in memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
