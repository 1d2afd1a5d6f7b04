"""What is kept of a conversation, whatever the disk, a kill, or a second workbench does."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tui.host import FakeHost, Script, make_agent, say
from workbench.errors import UsageError
from workbench.store.session_log import SessionLogs
from workbench.trace.events import TurnEnded, UserMessage
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session

resource = pytest.importorskip("resource")


@contextmanager
def full(size: int) -> Iterator[None]:
    """A disk on which no file can grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Bench:
    """A workbench on a project: its history, and the conversations that it opens."""

    def __init__(self, folder: Path) -> None:
        self.history = SessionLogs(folder / ".workbench", folder / "transcripts")
        self.host = FakeHost(folder / "journeys", Script([say("one")], [say("two")], [say("three")]))

    def new(self) -> Session:
        return Session(CodeService(self.host, "shop", "rehearsal"), self.history)

    def open(self, id: str) -> Session:
        """A past conversation, taken in hand."""
        kept = self.history.read(id)
        session = Session(CodeService(self.host, "shop", "rehearsal"), self.history, id=id)
        session.load(kept.setup, kept.trace, kept.annotations.values(), begun=True)
        session.log.lock()
        return session

    def file(self, session: Session) -> Path:
        return self.history.folder / f"{session.id}.jsonl"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[[], Bench]]:
    make_agent(tmp_path)
    made: list[Bench] = []

    def make() -> Bench:
        made.append(Bench(tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.history.close()


def talk(session: Session, *texts: str) -> None:
    async def run() -> None:
        for text in texts:
            await session.send(text)

    asyncio.run(run())


def said(session: Session) -> list[str]:
    return [str(event.text) for event in session.trace if isinstance(event, UserMessage)]


def test_a_full_disk_is_reported_and_the_events_are_written_once_there_is_space(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    with full(one.file(session).stat().st_size + 30):
        talk(session, "second")
        assert one.history.write_error == f"{session.id}.jsonl: File too large"
        assert len(session.turns()) == 2
    talk(session, "third")
    assert one.history.write_error == ""
    assert one.history.read(session.id).events == list(session.trace)
    assert one.history.read(session.id).torn == 0


def test_pending_events_are_written_by_a_retry_without_a_new_message(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    with full(10):
        talk(session, "second")
    one.history.retry_writes()
    assert one.history.write_error == ""
    assert one.history.read(session.id).events == list(session.trace)


def test_pending_events_are_written_when_the_workbench_quits(bench):
    one = bench()
    session = one.new()
    with full(10):
        talk(session, "first")
    one.history.close()
    assert one.history.write_error == ""
    assert one.history.read(session.id).events == list(session.trace)


def test_an_unreadable_line_is_counted(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    file = one.file(session)
    lines = file.read_bytes().split(b"\n")
    lines[3] = lines[3][:20]
    file.write_bytes(b"\n".join(lines))
    assert one.history.read(session.id).torn == 1


def test_a_second_workbench_can_read_a_conversation_but_not_write_to_it(bench):
    one, two = bench(), bench()
    session = one.new()
    talk(session, "first")
    other = two.open(session.id)
    assert "another workbench (pid " in other.log.locked_by
    with pytest.raises(UsageError, match="has this conversation open"):
        talk(other, "second")
    assert said(other) == ["first"]
    fork = other.fork()
    talk(fork, "second")
    assert said(fork) == ["first", "second"]
    talk(session, "another second")
    assert one.history.read(session.id).events == list(session.trace)


def test_a_conversation_is_unlocked_when_the_first_workbench_quits(bench):
    one, two = bench(), bench()
    session = one.new()
    talk(session, "first")
    other = two.open(session.id)
    one.history.close()
    talk(other, "second")
    assert other.log.locked_by == ""
    assert two.history.read(session.id).events == list(other.trace)
    two.history.close()
    assert [file.suffix for file in two.history.folder.iterdir()] == [".jsonl"]


def test_messages_from_another_workbench_are_not_overwritten(bench):
    one, two = bench(), bench()
    session = one.new()
    talk(session, "first")
    other = two.open(session.id)
    talk(session, "second")
    one.history.close()
    with pytest.raises(UsageError, match="continued in another"):
        talk(other, "another second")


def test_a_turn_in_which_the_workbench_was_killed_ends_when_it_is_reopened(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    one.history.close()
    file = one.file(session)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-2]))
    two = bench()
    again = two.open(session.id)
    last = again.trace[-1]
    assert isinstance(last, TurnEnded)
    assert (last.turn, last.reason) == (1, "killed")
    assert last.detail == "the workbench exited during this turn"
    talk(again, "second")
    assert two.history.read(session.id).events == list(again.trace)


def test_a_folder_that_cannot_be_written_is_reported_and_the_message_can_be_resent(bench):
    one = bench()
    session = one.new()
    one.history.folder.parent.write_text("a file stands where the folder should be")
    with pytest.raises(UsageError, match="cannot write"):
        talk(session, "first")
    one.history.folder.parent.unlink()
    talk(session, "first")
    assert one.history.read(session.id).events == list(session.trace)


# another program deletes or changes the file


def lines(file: Path) -> list[bytes]:
    return file.read_bytes().split(b"\n")


def deleted(file: Path) -> None:
    file.unlink()


def without_sessions(file: Path) -> None:
    shutil.rmtree(file.parent)


def without_state(file: Path) -> None:
    shutil.rmtree(file.parents[1])


def moved_folder(file: Path) -> None:
    file.parent.rename(file.parents[2] / "elsewhere")


def replaced_by_a_copy(file: Path) -> None:
    copy = file.with_name("copy")
    shutil.copy(file, copy)
    copy.replace(file)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) - 25])


@pytest.mark.parametrize(
    "damage", [deleted, without_sessions, without_state, moved_folder, replaced_by_a_copy, emptied, cut]
)
@pytest.mark.parametrize("retry", [False, True], ids=["with the next event", "with a retry"])
def test_a_file_that_another_program_damages_is_written_again_and_reported(bench, damage, retry):
    one = bench()
    session = one.new()
    talk(session, "first")
    damage(one.file(session))
    if retry:
        one.history.retry_writes()
    else:
        talk(session, "second")
    assert one.history.write_error == ""
    (warning,) = one.history.take_warnings()
    assert session.id in warning
    assert one.history.take_warnings() == []
    talk(session, "third")
    assert one.history.read(session.id).events == list(session.trace)
    assert one.history.read(session.id).torn == 0
    assert one.file(session).stat().st_mode & 0o777 == 0o600
    assert one.history.folder.stat().st_mode & 0o777 == 0o700
    assert one.history.folder.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_deleted_before_the_workbench_quits_is_written_again(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    shutil.rmtree(one.history.folder.parent)
    one.history.close()
    assert one.history.read(session.id).events == list(session.trace)


def test_a_continued_conversation_that_is_deleted_is_written_again_with_its_past(bench):
    one, two = bench(), bench()
    session = one.new()
    talk(session, "first")
    one.history.close()
    other = two.open(session.id)
    talk(other, "second")
    two.file(other).unlink()
    talk(other, "third")
    assert said(other) == ["first", "second", "third"]
    assert two.history.read(other.id).events == list(other.trace)


def test_another_file_in_its_place_is_kept_and_reported_until_it_is_moved(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    file = one.file(session)
    file.unlink()
    file.write_text("precious\n")
    for text in ("second", "third"):
        talk(session, text)
        assert session.id in one.history.write_error
        assert file.read_text() == "precious\n"
    file.rename(file.with_name("precious"))
    one.history.retry_writes()
    assert one.history.write_error == ""
    assert one.history.read(session.id).events == list(session.trace)


def test_a_folder_that_cannot_be_created_again_is_reported_until_it_can(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    state = one.history.folder.parent
    shutil.rmtree(state)
    state.write_text("a file")
    talk(session, "second")
    assert session.id in one.history.write_error
    state.unlink()
    one.history.retry_writes()
    assert one.history.write_error == ""
    assert one.history.read(session.id).events == list(session.trace)


def test_a_conversation_is_locked_again_after_its_lock_file_was_deleted(bench):
    one, two = bench(), bench()
    session = one.new()
    talk(session, "first")
    shutil.rmtree(one.history.folder.parent)
    one.history.retry_writes()
    assert "another workbench (pid " in two.open(session.id).log.locked_by


def test_lines_that_another_program_appends_stay_in_the_file(bench):
    one = bench()
    session = one.new()
    talk(session, "first")
    with one.file(session).open("ab") as file:
        file.write(b'{"note": "by hand"}\n{"torn')
    talk(session, "second")
    assert lines(one.file(session)).count(b'{"note": "by hand"}') == 1
    assert one.history.read(session.id).events == list(session.trace)
