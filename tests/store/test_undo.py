"""Undo and redo of what is on disk: they never overwrite or delete what somebody has written since."""

from __future__ import annotations

import msgspec
import pytest

from support.kit import late_mistake
from workbench.errors import UsageError, WorkbenchError
from workbench.file_edits import CHANGED_SINCE, FileEdit, perform, reverse
from workbench.store.session_log import SessionLogs
from workbench.transcripts import pending
from workbench.transcripts.files import write


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a.json"


@pytest.fixture
def refuses():
    """Call a function, and check that it refuses because something has changed."""

    def call(do):
        with pytest.raises(UsageError) as error:
            do()
        assert error.value.code == CHANGED_SINCE

    return call


def test_an_edit_is_reversed_and_made_again(file):
    edits = [FileEdit(file, None, b"new")]
    perform(edits)
    reverse(edits)
    assert not file.exists()
    perform(edits)
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize("since", [b"other", b"", None])
def test_a_file_that_is_not_as_it_was_left_stays(file, refuses, since):
    edits = [FileEdit(file, b"old", b"new")]
    if since is not None:
        file.write_bytes(since)
    refuses(lambda: reverse(edits))
    assert (file.read_bytes() if file.exists() else None) == since


def test_of_several_files_all_are_changed_or_none(file, refuses, tmp_path):
    other = tmp_path / "b.json"
    edits = [FileEdit(file, None, b"a"), FileEdit(other, None, b"b")]
    perform(edits)
    other.write_bytes(b"mine")
    refuses(lambda: reverse(edits))
    assert (file.read_bytes(), other.read_bytes()) == (b"a", b"mine")


def test_an_edit_that_fails_half_way_is_taken_back(file, tmp_path):
    (tmp_path / "folder").write_bytes(b"a file")
    edits = [FileEdit(file, None, b"a"), FileEdit(tmp_path / "folder" / "b.json", None, b"b")]
    with pytest.raises(WorkbenchError):
        perform(edits)
    assert not file.exists()


@pytest.fixture(scope="module")
def conversation(tmp_path_factory):
    """Return a transcript with this title."""
    made = late_mistake(tmp_path_factory.mktemp("journeys"))
    return lambda title="a": msgspec.structs.replace(made, title=title)


@pytest.fixture
def logs(tmp_path):
    logs = SessionLogs(tmp_path / ".workbench", tmp_path / "transcripts")
    yield logs
    logs.close()


def test_a_saved_transcript_is_removed_and_written_again(logs, conversation):
    path, saved = logs.save(conversation())
    file = logs.transcripts.parent / path
    written = file.read_bytes()
    saved.undo()
    assert not file.exists()
    saved.redo()
    assert file.read_bytes() == written


def test_a_saved_transcript_that_was_accepted_since_is_not_removed(logs, refuses, conversation):
    path, saved = logs.save(conversation())
    file = logs.transcripts.parent / path
    file.write_bytes(file.read_bytes().replace(b"{", b"{ ", 1))
    refuses(saved.undo)
    assert file.exists()


@pytest.mark.parametrize("suffix", [".pending.json", ".live.json"])
def test_a_saved_transcript_that_was_re_recorded_or_tried_since_is_not_removed(
    logs, refuses, suffix, conversation
):
    path, saved = logs.save(conversation())
    file = logs.transcripts.parent / path
    file.with_name(file.stem + suffix).write_text("{}")
    refuses(saved.undo)
    assert file.exists()


def test_saving_again_does_not_overwrite_a_new_file_of_that_name(logs, refuses, conversation):
    path, saved = logs.save(conversation())
    saved.undo()
    (logs.transcripts.parent / path).write_text("mine")
    refuses(saved.redo)
    assert (logs.transcripts.parent / path).read_text() == "mine"


@pytest.mark.parametrize("decide", [pending.accept, pending.reject])
def test_a_decision_is_undone_unless_the_transcript_has_changed_since(tmp_path, decide, refuses, conversation):
    path = tmp_path / "a.json"
    write(path, conversation("before"))
    write(tmp_path / "a.pending.json", conversation("after"))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    edits = decide(path)
    reverse(edits)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before
    edits = decide(path)
    (path if decide is pending.accept else tmp_path / "a.pending.json").write_text("mine")
    refuses(lambda: reverse(edits))


def test_a_deleted_session_is_restored_with_its_lock(logs, tmp_path):
    logs.begin("shop-1", {"session": "shop-1", "setup": {"agent": "shop"}, "model": "rehearsal"})
    path = logs.folder / "shop-1.jsonl"
    before = path.read_bytes()
    deleted = logs.delete("shop-1")
    logs.retry_writes()
    assert not path.exists()
    deleted.undo()
    assert path.read_bytes() == before
    assert logs.lock("shop-1") == ""
    logs.append("shop-1", {"annotation": None})
    assert path.read_bytes().startswith(before)


def test_a_session_that_was_written_again_by_another_program_is_not_overwritten(logs, refuses):
    logs.begin("shop-1", {"session": "shop-1", "setup": {"agent": "shop"}, "model": "rehearsal"})
    deleted = logs.delete("shop-1")
    (logs.folder / "shop-1.jsonl").write_text("mine")
    refuses(deleted.undo)
