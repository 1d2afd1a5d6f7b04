"""Prompts, schemas and policies are shared files: a transcript is short, and one cannot be missing unnoticed."""

from __future__ import annotations

import json
import os
import shutil

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop, shop_files, use, write
from tools.sample_transcripts import SAMPLES
from workbench.cli import run
from workbench.errors import TranscriptError
from workbench.store.session_log import SessionLogs
from workbench.trace.blobs import blob_hash
from workbench.transcripts.blob_store import encode_blob
from workbench.transcripts.codec import encode, read
from workbench.transcripts.files import write as write_transcript


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder, name="one", *said):
    model = ScriptedModel([use("find_order", order_number="OL-1")], "Hello.", *["Yes."] * len(said))
    made = msgspec.structs.replace(saved(converse(shop(folder), model, "hi", *said)), id=name)
    path = folder / "transcripts/shop" / f"{name}.json"
    write_transcript(path, made)
    return path, made


def blobs(folder):
    return sorted((folder / "transcripts/blobs").glob("*.json"))


def test_a_saved_transcript_is_read_as_it_was(project):
    path, made = put(project)
    assert read(path).events == made.events
    assert {key: read(path).blobs[key] for key in made.blobs} == made.blobs
    assert read(path).code == made.code


def test_its_prompts_and_schemas_are_files_that_other_transcripts_share(project):
    path, _ = put(project)
    first = blobs(project)
    put(project, "two")
    assert blobs(project) == first
    assert "Look the order up" not in path.read_text()
    assert any("find_order" in blob.read_text() for blob in first)
    assert run(["fmt", "--check"]) == 0
    assert run(["replay"]) == 0


@pytest.mark.parametrize("damage", ["missing", "altered", "not JSON"])
def test_a_missing_or_altered_blob_is_an_error_that_names_it(project, capsys, damage):
    path, _ = put(project)
    blob = next(b for b in blobs(project) if "find_order" in b.read_text() and "input_schema" in b.read_text())
    match damage:
        case "missing":
            blob.unlink()
        case "altered":
            blob.write_text(blob.read_text().replace("find_order", "fund_order"))
        case _:
            blob.write_text("{")
    with pytest.raises(TranscriptError) as caught:
        read(path)
    assert caught.value.code == ("transcript.missing-blob" if damage == "missing" else "transcript.blob-mismatch")
    assert blob.stem in str(caught.value)
    assert run(["replay"]) == 4
    assert blob.stem in capsys.readouterr().err
    assert run(["fmt", "--check"]) == 1


def test_an_altered_blob_is_found_although_it_was_read_before(project):
    path, _ = put(project)
    read(path)
    blob = blobs(project)[0]
    before = blob.stat()
    blob.write_text(blob.read_text().replace("{", "{ ", 1).replace("a", "b"))
    os.utime(blob, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(TranscriptError):
        read(path)


def test_saving_again_repairs_an_altered_blob(project):
    put(project)
    blob = blobs(project)[0]
    good = blob.read_bytes()
    blob.write_text("{}")
    put(project, "two")
    assert blob.read_bytes() == good


def test_fmt_removes_blobs_that_no_transcript_refers_to(project, capsys):
    put(project)
    kept = blobs(project)
    put(project, "two", "again")[0].unlink()
    (project / "transcripts/blobs/0123456789ab.json").write_text("{}")
    assert run(["fmt", "--check"]) == 1
    assert "0123456789ab.json:1: blob" in capsys.readouterr().out
    assert run(["fmt"]) == 0
    assert blobs(project) == kept
    assert run(["fmt", "--check"]) == 0


def test_fmt_keeps_all_blobs_while_a_transcript_cannot_be_read(project, capsys):
    path, _ = put(project)
    path.with_name("broken.json").write_text("{")
    kept = blobs(project)
    (project / "transcripts/blobs/0123456789ab.json").write_text("{}")
    assert run(["fmt"]) == 4
    assert "no blob was removed" in capsys.readouterr().err
    assert len(blobs(project)) == len(kept) + 1


def test_the_blobs_of_a_pending_re_recording_are_kept(project):
    path, made = put(project)
    write_transcript(path.with_name("one.pending.json"), made)
    path.unlink()
    kept = blobs(project)
    put(project, "two", "again")
    assert run(["fmt"]) == 0
    assert set(kept) <= set(blobs(project))


@pytest.mark.parametrize("aside", [".archive/one.json", "one.json.bak", "shop/.one.json"])
def test_fmt_keeps_the_blobs_of_a_transcript_that_was_set_aside(project, aside):
    path, made = put(project)
    put(project, "two", "again")
    (project / "transcripts" / aside).parent.mkdir(exist_ok=True)
    path.rename(project / "transcripts" / aside)
    assert run(["fmt"]) == 0
    (project / "transcripts" / aside).rename(path)
    assert read(path).events == made.events


def test_undoing_a_save_removes_the_blobs_that_only_it_needed(project):
    put(project)
    before = blobs(project)
    store = SessionLogs(project / ".workbench", project / "transcripts")
    made = saved(converse(shop(project), ScriptedModel("Yes.", "No."), "hi", "what?"))
    _, change = store.save(made)
    other = blobs(project)
    assert len(other) >= len(before)
    change.undo()
    assert blobs(project) == before
    change.redo()
    assert blobs(project) == other
    store.close()


def test_an_exported_transcript_replays_without_the_folder(project, capsys):
    path, made = put(project)
    assert run(["show", str(path), "--export", "whole.json"]) == 0
    assert "written" in capsys.readouterr().err
    assert run(["show", str(path), "--export", "whole.json"]) == 4, "an existing file is not overwritten"
    shutil.rmtree(project / "transcripts")
    (project / "transcripts").mkdir()
    shutil.move("whole.json", project / "transcripts/whole.json")
    assert run(["replay"]) == 0
    assert read(project / "transcripts/whole.json").blobs.keys() >= made.blobs.keys()


def test_fmt_moves_the_blobs_of_a_whole_transcript_to_the_folder(project):
    path, made = put(project)
    short = path.read_bytes()
    shutil.rmtree(project / "transcripts/blobs")
    path.write_bytes(encode(made))
    assert run(["fmt", "--check"]) == 1
    assert run(["fmt"]) == 0
    assert path.read_bytes() == short
    assert run(["fmt", "--check"]) == 0


def test_a_hook_may_name_blob_files(project, capsys):
    put(project)
    names = [str(path.relative_to(project)) for path in blobs(project)]
    assert run(["fmt", "--check", *names]) == 0
    blobs(project)[0].write_text("{}")
    assert run(["fmt", "--check", *names, "transcripts/shop/one.json"]) == 1
    assert names[0] in capsys.readouterr().out


def test_a_secret_in_a_blob_is_found(project, capsys):
    put(project)
    section = {"title": "note", "text": "write to mara.lind@posteo.de", "source": ""}
    blob = project / "transcripts/blobs/0123456789ab.json"
    blob.write_text(json.dumps(section))
    blob.rename(blob.with_name(f"{blob_hash(section)}.json")).write_bytes(encode_blob(section))
    assert run(["fmt", "--check"]) == 1
    assert f"{blob_hash(section)}.json:3: secret" in capsys.readouterr().out


def test_blob_files_are_no_transcripts(project, capsys):
    put(project)
    assert run(["replay", "transcripts"]) == 0
    err = capsys.readouterr().err
    assert "blobs" not in err


def test_a_moved_folder_of_transcripts_is_read_with_its_blobs(project):
    _, made = put(project)
    shutil.move(project / "transcripts", project / "elsewhere")
    assert read(project / "elsewhere/shop/one.json").events == made.events


def test_a_transcript_of_two_turns_has_less_than_120_lines() -> None:
    for sample in (s for s in SAMPLES if s.path.parent.name == "support"):
        events = read(sample.path).events
        if sum(event.__class__.__name__ == "UserMessage" for event in events) <= 2:
            assert len(sample.path.read_text().splitlines()) < 120, sample.path
