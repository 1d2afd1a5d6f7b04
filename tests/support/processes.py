"""Find the processes that a test started, by a mark in their environment."""

from __future__ import annotations

import time
from pathlib import Path

import pytest


def marked(mark: str) -> set[int]:
    """The ids of the running processes with MARK=`mark` in the environment they were started with."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc to find processes")
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marks = f"MARK={mark}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if marks and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(int(folder.name))
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


def wait_for_busy_process(mark: str, seconds: float = 20.0) -> int:
    """Wait until a marked process that was forked for a run loops, and return its id."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = marked(mark)  # the command, its server, the process of the agent, and the run
        before = {pid: busy_seconds(pid) for pid in found} if len(found) >= 4 else {}
        time.sleep(0.5)
        for pid, used in before.items():
            if busy_seconds(pid) - used > 0.05 and busy_seconds(pid) > 0.2:
                return pid
    raise AssertionError("no process was busy")
