"""On a real terminal: its state after the screens end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")

CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tui.host import FakeHost, Memory, Script, Shelf, make_agent
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session
from workbench.tui.app import WorkbenchApp, run
import workbench.tui.groups.reading as reading

def fail(self):
    secret = "hunter" + "2"
    raise RuntimeError("a bug of ours")

if {crash!r}:
    reading.CopyGroup.do_copy = fail
store = Memory()
root = make_agent(Path({root!r}))
session = Session(CodeService(FakeHost(root, Script()), "shop", "rehearsal"), store)
sys.exit(run(WorkbenchApp(session, Shelf(store, root=root))))
"""


class Terminal:
    """A child process on a pseudoterminal."""

    def __init__(self, root: Path, crash: bool = False) -> None:
        code = CHILD.format(tests=str(Path(__file__).parents[1]), root=str(root), crash=crash)
        self.pid, self.handle = pty.fork()
        if self.pid == 0:  # pragma: no cover - the child
            os.environ.update(TERM="xterm-256color", COLUMNS="120", LINES="40")
            os.execv(sys.executable, [sys.executable, "-c", code])
        self.written = b""

    def read(self, until: bytes = b"", seconds: float = 20.0) -> bytes:
        end = time.monotonic() + seconds
        while time.monotonic() < end and (not until or until not in self.written):
            ready, _, _ = select.select([self.handle], [], [], 0.05)
            if ready:
                try:
                    data = os.read(self.handle, 65536)
                except OSError:
                    break
                if not data:
                    break
                self.written += data
        return self.written

    def press(self, keys: bytes) -> None:
        os.write(self.handle, keys)

    def end(self) -> int:
        """Wait for its end, and return the exit status like a shell."""
        self.read()
        for _ in range(100):
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                break
            time.sleep(0.1)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError("it did not end")
        with contextlib.suppress(OSError):
            os.close(self.handle)
        return os.waitstatus_to_exitcode(status)

    @property
    def clean(self) -> bool:
        """True if the alternate screen was left and the mouse turned off at the end."""
        return (
            self.written.rfind(b"\x1b[?1049l") > self.written.rfind(b"\x1b[?1049h")
            and b"\x1b[?1000l" in self.written
        )


def test_quitting_exits_with_0_and_a_clean_terminal(tmp_path):
    terminal = Terminal(tmp_path)
    terminal.read(b"ready")
    terminal.press(b"\x11")
    assert terminal.end() == 0
    assert terminal.clean


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_leaves_the_terminal_clean(tmp_path, number):
    terminal = Terminal(tmp_path)
    terminal.read(b"ready")
    time.sleep(0.3)
    os.kill(terminal.pid, number)
    assert terminal.end() == 128 + number
    assert terminal.clean


def test_a_process_that_was_stopped_and_continued_reads_keys_and_can_quit(tmp_path):
    terminal = Terminal(tmp_path)
    terminal.read(b"ready")
    for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGSTOP, signal.SIGCONT):
        os.kill(terminal.pid, number)
        time.sleep(0.2)
    terminal.press(b"still here")
    assert b"still here" in terminal.read(b"still here", 5)
    terminal.press(b"\x11")
    assert terminal.end() == 0
    assert terminal.clean


def test_an_internal_error_exits_with_3_and_prints_no_values(tmp_path):
    terminal = Terminal(tmp_path, crash=True)
    terminal.read(b"ready")
    time.sleep(0.3)
    terminal.press(b"\x1b")
    time.sleep(0.5)
    terminal.press(b"y")
    assert terminal.end() == 3
    assert terminal.clean
    assert b"a bug of ours" in terminal.written
    assert b"hunter2" not in terminal.written
