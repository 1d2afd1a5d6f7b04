"""The real program in a real terminal: tmux presses the keys and reads the screen."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "journeys" / "support"


def _no_tmux() -> str:
    """Why no terminal can be had here, or "": tmux is not installed, or gets no terminal from this machine."""
    if shutil.which("tmux") is None:
        return "tmux is not installed"
    probe = ["tmux", "-L", f"workbench-{uuid.uuid4().hex[:8]}", "-f", os.devnull, "new-session", "-d", "true"]
    done = subprocess.run(probe, capture_output=True, text=True)
    return f"tmux cannot start here: {done.stderr.strip()}" if done.returncode else ""


NO_TMUX = _no_tmux()
pytestmark = pytest.mark.skipif(bool(NO_TMUX), reason=NO_TMUX or "tmux works")


class Terminal:
    """A tmux server of its own with one pane, in a project with the sample agent."""

    def __init__(self, project: Path, columns: int, rows: int) -> None:
        self.project = project
        self.socket = f"workbench-{uuid.uuid4().hex[:8]}"
        theirs = ("TMUX", "COLUMNS", "LINES")  # of the terminal that the tests run in
        env = {k: v for k, v in os.environ.items() if k not in theirs} | {"TERM": "xterm-256color"}
        self.run(
            "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(project), "bash --norc", env=env
        )

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        command = ["tmux", "-L", self.socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=env, check=True).stdout

    def press(self, *keys: str) -> None:
        self.run("send-keys", *keys)
        # a terminal tells escape from alt by the pause after it
        time.sleep(0.8 if "Escape" in keys else 0.05)

    def type(self, text: str) -> None:
        self.run("send-keys", "-l", text)
        self.press("Enter")

    def start(self, *arguments: str) -> None:
        self.type(" ".join([sys.executable, "-m", "workbench", *arguments]))

    @property
    def screen(self) -> str:
        return self.run("capture-pane", "-p")

    def see(self, words: str, seconds: float = 60) -> str:
        """Wait until the words stand on the screen, however it breaks them over lines."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if words in self.screen or words.replace(" ", "") in re.sub(r"[\s│┃]", "", self.screen):
                return self.screen
            time.sleep(0.1)
        raise AssertionError(f"{words!r} never came up; the screen:\n{self.screen}")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(SAMPLE, tmp_path / "journeys" / "support")
    return tmp_path


@pytest.fixture
def terminal(request: pytest.FixtureRequest, project: Path) -> Iterator[Terminal]:
    made = Terminal(project, *request.param)
    yield made
    made.close()


def at(*sizes: tuple[int, int]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("terminal", sizes, indirect=True, ids=[f"{c}x{r}" for c, r in sizes])


def without_window(project: Path) -> str:
    """Take the policy return_window out of the sample; gives back the file as it was."""
    path = project / "journeys/support/returns/journey.py"
    text = path.read_text()
    start = text.rindex("@returns.policy", 0, text.index("def return_window"))
    end = text.index("\n\n\n", start)
    path.write_text(text[:start] + text[end:].lstrip("\n"))
    return text


@at((160, 48), (80, 24))
def test_the_user_chats_sees_a_block_and_quits_with_a_clean_terminal(terminal):
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.type("just do it anyway")
    terminal.see("✗ blocked")
    terminal.see("the limit is 45")
    terminal.press("C-q")
    terminal.see("workbench dev --resume last")
    terminal.type("echo status $?")
    terminal.see("status 0")


@at((160, 48))
def test_a_mistake_is_annotated_saved_and_fixed_until_its_transcript_passes(terminal, project):
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.type("just do it anyway")
    terminal.see("✗ blocked")
    whole = without_window(project)
    terminal.see("actions differ at step 2.1.1")
    terminal.press("C-n")
    terminal.see("A new conversation with support")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.type("just do it anyway")
    terminal.see("the label is in your mail")
    terminal.press("Escape")
    terminal.see("? help")
    terminal.press("G")
    terminal.see("Detail 2.2.0")
    terminal.press("[")
    terminal.see("Detail 2.1.1")
    terminal.press("a")
    terminal.see("Annotate this step")
    terminal.press("Tab")
    terminal.press("Tab")
    terminal.press("Tab")
    terminal.type("took back a pair of 52 days")
    terminal.press("Enter")
    terminal.see("annotated")
    terminal.press("t")
    terminal.see("Save this conversation as a transcript")
    terminal.press("Enter")
    terminal.press("Enter")
    terminal.see("Replayed on today's code: FAIL")
    terminal.press("Enter")
    terminal.press("C-q")
    terminal.see("--resume last")
    terminal.start("replay; echo status $?")
    terminal.see("status 1")
    terminal.see("FAIL transcripts/support/took-back-a-pair-of-52-days.json")
    (project / "journeys/support/returns/journey.py").write_text(whole)
    terminal.type("clear")
    terminal.start("replay; echo status $?")
    terminal.see("1 PASS")
    terminal.see("status 0")


@at((160, 48))
def test_a_killed_workbench_resumes_where_it_stopped(terminal):
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    pane = terminal.run("display-message", "-p", "#{pane_pid}").strip()
    child = subprocess.run(["pgrep", "-P", pane], capture_output=True, text=True, check=True).stdout.split()[0]
    os.kill(int(child), 9)
    terminal.type("reset")
    terminal.start("dev", "--resume", "last")
    terminal.see("voucher of 20%")
    terminal.type("just do it anyway")
    terminal.see("✗ blocked")


@at((80, 24))
def test_a_workbench_killed_during_a_call_reports_it_after_resume(terminal, project):
    path = project / "journeys/support/returns/journey.py"
    slow = path.read_text()
    at = slow.index('"""', slow.index('"""', slow.index("def find_order(")) + 3) + 3
    path.write_text(f"{slow[:at]}\n    import time; time.sleep(9)\n{slow[at:]}")
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("find_order(OL-1002) …")
    pane = terminal.run("display-message", "-p", "#{pane_pid}").strip()
    child = subprocess.run(["pgrep", "-P", pane], capture_output=True, text=True, check=True).stdout.split()[0]
    os.kill(int(child), 9)
    terminal.type("reset")
    terminal.start("dev", "--resume", "last")
    terminal.see("■ the workbench exited during this turn")
    terminal.see("find_order(OL-1002) ✗ stopped")


@at((120, 30))
def test_a_terminated_workbench_leaves_the_terminal_clean(terminal):
    terminal.start()
    terminal.see("● ready")
    pane = terminal.run("display-message", "-p", "#{pane_pid}").strip()
    child = subprocess.run(["pgrep", "-P", pane], capture_output=True, text=True, check=True).stdout.split()[0]
    os.kill(int(child), 15)
    time.sleep(1)
    terminal.type("echo status $?")
    terminal.see("status 143")
    assert terminal.run("display-message", "-p", "#{alternate_on} #{mouse_any_flag}").split() == ["0", "0"]


@at((80, 24))
def test_a_missing_editor_is_reported_and_the_workbench_continues(terminal):
    terminal.type("export EDITOR=no-such-editor")
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.press("Escape")
    terminal.see("? help")
    terminal.press("[")
    terminal.press("e")
    terminal.see("program not found: 'no-such-editor'")
    terminal.press("i")
    terminal.type("just do it anyway")
    terminal.see("✗ blocked")
    terminal.press("C-q")
    terminal.see("workbench dev --resume last")


@at((80, 24))
def test_the_editor_keeps_the_terminal_until_it_exits(terminal, project):
    editor = project / "slow-editor"
    editor.write_text("#!/bin/sh\ntrap : INT\necho editing $2; until read word; do echo held; done; exit 3\n")
    editor.chmod(0o755)
    terminal.type(f"export EDITOR={editor}")
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.press("Escape")
    terminal.see("? help")
    terminal.press("[")
    terminal.press("e")
    terminal.see("editing /")
    terminal.press("C-c")
    terminal.see("held")
    terminal.press("Enter")
    terminal.see("the editor ended with exit status 3")
    terminal.see("voucher of 20%")


@at((80, 24))
def test_with_no_color_no_colours_are_sent_and_the_cursor_is_visible(terminal):
    terminal.type("export NO_COLOR=1")
    terminal.type("clear")
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.press("Escape")
    terminal.see("▶")
    sent = terminal.run("capture-pane", "-p", "-e")
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10[0-7])[;m]", sent)


@at((80, 24))
def test_the_screen_is_restored_after_the_workbench_was_in_the_background(terminal):
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.press("Escape")
    terminal.see("? help")
    terminal.press("C-z")
    terminal.see("Stopped")
    terminal.type("clear; fg")
    terminal.see("voucher of 20%")
    terminal.see("? help")
    terminal.press("C-q")
    terminal.see("workbench dev --resume last")


@at((100, 30))
def test_a_resize_loses_nothing(terminal):
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.run("resize-window", "-x", "50", "-y", "12")
    terminal.see("60x16")
    terminal.run("resize-window", "-x", "160", "-y", "48")
    terminal.see("voucher of 20%")
    terminal.see("2 Steps")


@at((160, 48))
def test_another_agent_of_the_project_is_chosen_on_screen(terminal, project):
    shutil.copytree(SAMPLE.parent / "airline", project / "journeys" / "airline")
    terminal.start("dev", "--agent", "support")
    terminal.see("● ready")
    terminal.press("Escape")
    terminal.see("? help")
    terminal.press("s")
    terminal.see("Setup of the conversation")
    terminal.see("[support]")
    terminal.press("BTab")
    terminal.press("Left")
    terminal.see("new conversation with airline")
    terminal.press("C-s")
    terminal.see("A new conversation with airline")
    terminal.see("● ready")
    terminal.type("hello")
    terminal.see("has no rehearsal")


@at((160, 48), (80, 24))
def test_a_policy_is_removed_and_the_recording_is_compared_with_the_new_run(terminal, project):
    terminal.start()
    terminal.see("● ready")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    terminal.type("just do it anyway")
    terminal.see("the limit is 45")
    without_window(project)
    terminal.see("actions differ at step 2.1.1")
    terminal.press("Escape")
    terminal.press("d")
    terminal.see("the runs differ from step 2.1.1 on")
    terminal.see("the policy returns.return_window exists in the recording only")
    terminal.see("- ✗ return_window blocked")
    terminal.press("Enter")
    terminal.see("2 Steps")
    terminal.press("C-q")
    terminal.see("workbench dev --resume last")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@at((160, 48), (80, 24))
def test_the_whole_tour_passes_and_leaves_no_files(terminal, project):
    short = tempfile.mkdtemp(prefix="wb-", dir="/tmp")  # a socket's path may have 107 characters
    terminal.type(f"export TMPDIR={short}")
    before = everything(project)
    terminal.start("tour")
    terminal.see("▸ chat")
    terminal.see("● ready")
    terminal.press("Enter")
    terminal.press("Enter")
    terminal.see("▸ inspect")
    terminal.press("Escape")
    terminal.press("[")
    terminal.see("▸ annotate")
    terminal.press("a")
    terminal.see("Annotate this step")
    terminal.press("C-s")
    terminal.see("▸ save")
    terminal.press("t")
    terminal.see("Save this conversation as a transcript")
    terminal.run("send-keys", "-l", "booked for today")
    terminal.press("C-s")
    terminal.see("Replayed on today's code: FAIL")
    terminal.press("Enter")
    terminal.see("▸ fix")
    terminal.press("F")
    terminal.see("+ if days < 1:")
    terminal.press("Enter")
    terminal.see("▸ pass")
    terminal.press("T")
    terminal.see("PASS: the mistake is fixed")
    terminal.press("C-q")
    terminal.see("the tour's folder was deleted")
    assert everything(project) == before
    assert everything(Path(short)) == {}
    shutil.rmtree(short)


@at((80, 24))
def test_leaving_the_tour_returns_to_the_users_conversation(terminal, project):
    terminal.start()
    terminal.see("● ready")
    terminal.see("New here? ctrl+p, then type tour")
    terminal.press("Escape")
    terminal.see("? help")
    terminal.press(":")
    terminal.run("send-keys", "-l", "tour")
    terminal.see("Take a tour")
    terminal.press("Enter")
    terminal.see("▸ chat")
    terminal.press("C-q")
    terminal.see("A new conversation with support")
    terminal.press("i")
    terminal.see("enter send")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("voucher of 20%")
    assert {p.name for p in project.iterdir()} == {"journeys", ".workbench"}


@at((80, 24))
def test_a_conversation_is_restored_with_its_unsent_text_after_a_kill(terminal, project):
    terminal.start()
    terminal.see("type to the agent")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("52 days ago")
    terminal.run("send-keys", "-l", "but I only")
    terminal.see("but I only")
    stored = _stored_workspace(project, b"but I only")
    os.kill(int(stored.suffixes[0][1:]), signal.SIGKILL)
    time.sleep(0.5)
    terminal.start()
    terminal.see("did not exit cleanly")
    terminal.press("Escape")
    terminal.press("B")
    terminal.see("52 days ago")
    terminal.see("but I only")


def _stored_workspace(project: Path, words: bytes) -> Path:
    """The file of the stored workspace, once it holds these words."""
    for _ in range(100):
        for path in (project / ".workbench").glob("workspace.*.json"):
            if words in path.read_bytes():
                return path
        time.sleep(0.1)
    raise AssertionError("the workspace was never stored")


@at((100, 30))
def test_a_clean_exit_keeps_the_open_conversations_with_their_disabled_parts(terminal):
    terminal.start()
    terminal.see("type to the agent")
    terminal.type("The boots of OL-1002 don't fit")
    terminal.see("52 days ago")
    terminal.press("Escape")
    terminal.press("G", "f")
    terminal.see("fork at turn 1")
    terminal.type(" at all")  # after the message of the turn, which the fork repeats
    terminal.see("2 open")
    terminal.see("voucher of 20%")
    terminal.press("Escape")
    terminal.press("x")
    terminal.run("send-keys", "-l", "return_window")
    terminal.press("Enter")
    terminal.press("C-s")
    terminal.see("WITHOUT returns.return_window")
    terminal.press("C-q")
    terminal.see("2 conversations are saved")
    for restore in ((), ("--resume", "last")):
        terminal.run("clear-history")
        terminal.type("clear")
        terminal.start("dev", *restore)
        if not restore:
            terminal.see("2 conversations were open last time")
            terminal.press("Escape")
            terminal.press("B")
        terminal.see("disabled again: returns.return_window")
        terminal.see("2 open")
        terminal.see("WITHOUT returns.return_window")
        terminal.press("C-q")
        terminal.see("2 conversations are saved")


@at((80, 24))
def test_of_several_agents_one_is_chosen_and_review_needs_none(terminal, project):
    shutil.copytree(project / "journeys/support", project / "journeys/desk")
    agent = project / "journeys/desk/agent.py"
    agent.write_text(agent.read_text().replace('Agent("support"', 'Agent("desk"'))
    terminal.start()
    terminal.see("Which agent?")
    terminal.press("Down", "Enter")
    terminal.see("A new conversation with support")
    terminal.press("C-q")
    terminal.see("bash")
    terminal.type("echo ended $?")
    terminal.see("ended 0")
    terminal.type("clear")
    terminal.start()
    terminal.see("Which agent?")
    terminal.press("Escape")
    terminal.see("bash")
    terminal.type("echo ended $?")
    terminal.see("ended 0")
    terminal.start("review")
    terminal.see("0 List")
