"""The processes that run journey code: messages in any pieces, silence that counts, and an end in every case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from workbench.runtime import process
from workbench.runtime.process import Frames, HangTimer, StackDump, fork, frame, isolate, write_all


@pytest.mark.parametrize("size", [1, 3, 4, 5, 7, 100])
def test_messages_that_arrive_in_pieces_are_joined(size):
    messages = [b"", b"one", b"\x00" * 40, b"last"]
    data = b"".join(map(frame, messages))
    frames = Frames()
    assert [m for at in range(0, len(data), size) for m in frames.feed(data[at : at + size])] == messages


def test_a_forked_process_delivers_and_is_reaped():
    forked = fork(lambda pipe: write_all(pipe, b"x" * 200_000))
    data = b""
    while chunk := os.read(forked.pipe, 1 << 20):
        data += chunk
    assert data == b"x" * 200_000
    assert forked.reap() == 0


def test_a_killed_process_is_reaped_with_its_signal():
    forked = fork(lambda pipe: time.sleep(60))
    forked.kill_group()
    assert os.WTERMSIG(forked.reap()) == signal.SIGKILL


def test_an_exception_in_a_process_ends_only_that_process():
    def fail(pipe: int) -> None:
        isolate()
        raise KeyboardInterrupt

    forked = fork(fail)
    assert os.read(forked.pipe, 10) == b""
    assert forked.reap() == 0


def test_the_hang_timer_counts_at_most_a_second_between_two_checks(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(process.time, "monotonic", lambda: now[0])
    timer = HangTimer(3.0)

    def later(seconds: float) -> bool:
        now[0] += seconds
        return timer.expired

    assert not later(600)  # stopped with ctrl+z: a second of it counts
    assert not later(1)
    assert not later(1)
    timer.reset()
    assert [later(1) for _ in range(4)] == [False, False, False, False]
    assert later(0.5)


def test_a_hanging_process_names_its_line(tmp_path):
    journey = tmp_path / "shop" / "journey.py"
    journey.parent.mkdir()
    journey.write_text("import time\n\ndef wait():\n    while True:\n        time.sleep(0.01)\n")
    stacks = StackDump()

    def hang(pipe: int) -> None:
        isolate(stacks.name)
        scope: dict = {}
        exec(compile(journey.read_text(), str(journey), "exec"), scope)
        write_all(pipe, b"x")
        scope["wait"]()

    forked = fork(hang)
    try:
        assert os.read(forked.pipe, 1) == b"x"
        time.sleep(0.05)
        assert "shop/journey.py:" in stacks.hang_message(forked.pid, tmp_path, 1)
    finally:
        forked.kill_group()
        forked.reap()
        stacks.remove()
    assert not os.path.exists(stacks.name)


ORPHAN = """
import os, sys, time
from workbench.runtime.process import exit_with_parent
if os.fork():
    time.sleep(0.3)
    os._exit(0)
exit_with_parent(os.getppid())
os.write(1, str(os.getpid()).encode() + b"\\n")
time.sleep(60)
"""


def test_a_process_ends_with_its_parent():
    began = time.monotonic()
    # communicate() ends when both processes have closed stdout
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip().isdigit()
    assert time.monotonic() - began < 20
