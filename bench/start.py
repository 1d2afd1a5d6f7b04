"""Start: `workbench replay` of one file, cold, and the first paint of `workbench`.

Targets: replay at most 150 ms where bare Python takes 12; first paint at most
600 ms. The floor of both is bare Python.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
ROUNDS = 11
ENV = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"TERM": "xterm-256color"}
COMMAND = str(Path(sys.executable).with_name("workbench"))


def run(command: list[str], folder: Path) -> float:
    """Milliseconds of wall clock."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=ENV, capture_output=True, check=True)
    return (time.perf_counter() - began) * 1000


def first_paint(folder: Path) -> float:
    """Milliseconds from starting `workbench` in a terminal of 160x48 to its panes being drawn."""
    began = time.perf_counter()
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(COMMAND, [COMMAND], ENV)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
    seen = b""
    try:
        while b"Chat" not in seen:
            if time.perf_counter() - began > 20:
                raise TimeoutError(f"nothing was painted: {seen[-500:]!r}")
            if select.select([fd], [], [], 0.05)[0]:
                seen += os.read(fd, 1 << 16)
        return (time.perf_counter() - began) * 1000
    finally:
        os.kill(pid, signal.SIGTERM)
        while select.select([fd], [], [], 1)[0]:
            try:
                if not os.read(fd, 1 << 16):
                    break
            except OSError:
                break
        os.close(fd)
        os.waitpid(pid, 0)


def report(name: str, times: list[float], floor: float, target: int) -> None:
    median = statistics.median(times)
    figures = f"median {median:6.1f} ms   min {min(times):6.1f}   {median / floor:5.1f}x bare"
    print(f"{name:24} {figures}   target {target} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".workbench").mkdir()
        (folder / "workbench.toml").write_text('agent = "support"\n')
        shutil.copytree(HERE / "journeys" / "support", folder / "journeys" / "support")
        shutil.copytree(HERE / "transcripts" / "support", folder / "transcripts")
        one = str(next((folder / "transcripts").glob("*.json")))
        bare = [run([sys.executable, "-c", ""], folder) for _ in range(ROUNDS)]
        floor = statistics.median(bare)
        run([COMMAND, "replay", one], folder)  # the first time, its code is compiled and kept
        report("bare Python", bare, floor, 12)
        report(
            "replay of one file, cold", [run([COMMAND, "replay", one], folder) for _ in range(ROUNDS)], floor, 150
        )
        first_paint(folder)
        report("first paint", [first_paint(folder) for _ in range(ROUNDS)], floor, 600)


if __name__ == "__main__":
    main()
