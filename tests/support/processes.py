"""Find the processes that a test started, by their working folder."""

from __future__ import annotations

import time
from pathlib import Path

import pytest


def processes_in(folder: Path) -> set[int]:
    """The ids of the running processes whose working folder is `folder`."""
    if not Path("/proc/self/cwd").exists():
        pytest.skip("needs /proc to find processes")
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and (process / "cwd").resolve() == folder.resolve():
                found.add(int(process.name))
        except OSError:
            continue
    return found


def busy_seconds(pid: int) -> float:
    """The CPU time that a process has used, in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / 100


def wait_for_busy_process(folder: Path, seconds: float = 20.0) -> int:
    """Wait until a process that was forked for a run in `folder` loops, and return its id."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = processes_in(folder)  # the command, its server, the process of the agent, and the run
        before = {pid: busy_seconds(pid) for pid in found} if len(found) >= 4 else {}
        time.sleep(0.5)
        for pid, used in before.items():
            if busy_seconds(pid) - used > 0.05 and busy_seconds(pid) > 0.2:
                return pid
    raise AssertionError("no process was busy")
