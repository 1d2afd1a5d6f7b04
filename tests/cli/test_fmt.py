"""`workbench fmt`: one form for every transcript, and a hook that looks before a commit."""

from __future__ import annotations

import json
import re
import subprocess

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop, shop_files, write
from workbench.cli import run
from workbench.transcripts import migrations
from workbench.transcripts.codec import read
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.live_result import SCHEMA
from workbench.transcripts.migrations import Migration
from workbench.transcripts.transcript import expectations_hash


@pytest.fixture
def project(tmp_path, monkeypatch):
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "transcripts").mkdir()
    put(tmp_path, "kind")
    return tmp_path


def put(folder, name, said="hi", **fields):
    made = saved(converse(shop(folder / "recorded"), ScriptedModel("Hello."), said))
    path = folder / "transcripts" / f"{name}.json"
    write_transcript(path, msgspec.structs.replace(made, id=name, **fields))
    return path


def squeeze(path):
    """As a person or a merge may leave it: the same values in another form."""
    path.write_text(json.dumps(json.loads(path.read_text())))


def test_files_in_canonical_form_exit_with_0_and_stay_unchanged(project):
    before = (project / "transcripts/kind.json").stat().st_mtime_ns
    assert run(["fmt", "--check"]) == 0
    assert run(["fmt"]) == 0
    assert (project / "transcripts/kind.json").stat().st_mtime_ns == before


def test_a_file_not_in_canonical_form_exits_with_1_and_fmt_fixes_it(project, capsys):
    path = project / "transcripts/kind.json"
    right = path.read_bytes()
    squeeze(path)
    assert run(["fmt", "--check"]) == 1
    assert "transcripts/kind.json:1: form: not in canonical form" in capsys.readouterr().out
    assert run(["fmt"]) == 0
    assert path.read_bytes() == right


def test_diff_shows_what_would_change_and_writes_nothing(project, capsys):
    path = project / "transcripts/kind.json"
    path.write_bytes(path.read_bytes().replace(b'"kind": "golden"', b'"kind":   "golden"'))
    before = path.read_bytes()
    assert run(["fmt", "--diff"]) == 0
    shown = capsys.readouterr().out
    assert '-  "kind":   "golden",' in shown
    assert '+  "kind": "golden",' in shown
    assert path.read_bytes() == before


def test_a_secret_is_reported_with_its_line_and_never_printed(project, capsys):
    secret = "sk-ant-REAL" + "k" * 30
    put(project, "leaky", said=f"my key is {secret}")
    assert run(["fmt", "--check"]) == 1
    told = capsys.readouterr()
    path = project / "transcripts/leaky.json"
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if secret in text)
    assert f"transcripts/leaky.json:{line}: secret: a secret is in this line" in told.out
    assert secret not in told.out + told.err


def test_findings_have_paths_relative_to_the_current_folder(project, capsys):
    put(project, "mail", said="hi")
    path = project / "transcripts/mail.json"
    path.write_text(path.read_text().replace('"hi"', '"write to jane.doe@gmail.com"'))
    assert run(["fmt", "--check"]) == 1
    told = capsys.readouterr().out
    assert re.search(r"^transcripts/mail.json:\d+: secret: an e-mail address", told, re.M)
    assert str(project) not in told


def test_a_value_replaced_when_saving_is_not_a_secret(project):
    put(project, "clean", said="my key is sk-redacted-1234567890 and I am person-1a2b3c@example.com")
    assert run(["fmt", "--check"]) == 0


def test_a_duplicate_id_is_reported_even_if_one_file_is_named(project, capsys):
    put(project, "other")
    other = project / "transcripts/other.json"
    write_transcript(other, msgspec.structs.replace(read(other), id="kind"))
    assert run(["fmt", "--check", "transcripts/other.json"]) == 1
    said = capsys.readouterr().out
    assert "transcripts/other.json:3: id: duplicate id 'kind', also in kind.json" in said


def test_a_wrong_event_is_reported_at_its_line(project, capsys):
    path = project / "transcripts/kind.json"
    data = json.loads(path.read_text())
    wrong = next(n for n, event in enumerate(data["events"]) if event["event"] == "reply")
    data["events"].insert(wrong + 1, data["events"][wrong])
    path.write_text(json.dumps(data, indent=2))
    found = re.compile(r'"event": "reply"')
    starts = [line for line, text in enumerate(path.read_text().splitlines(), 1) if found.search(text)]
    assert run(["fmt", "--check"]) == 1
    assert f"transcripts/kind.json:{starts[1] - 1}: schema: event {wrong + 2}: " in capsys.readouterr().out


def test_a_broken_file_is_reported_with_its_line_and_not_changed(project, capsys):
    path = project / "transcripts/kind.json"
    path.write_bytes(path.read_bytes().replace(b'"turn": 1', b'"turn": "one"', 1))
    before = path.read_bytes()
    line = before[: before.index(b'"turn": "one"')].count(b"\n") + 1
    assert run(["fmt", "--check"]) == 1
    assert f"transcripts/kind.json:{line}: schema: " in capsys.readouterr().out
    assert run(["fmt"]) == 4
    assert path.read_bytes() == before


def test_broken_and_circular_links_are_reported_next_to_other_findings(project, capsys):
    folder = project / "transcripts"
    (folder / "a-link.json").symlink_to("nowhere")
    (folder / "b-loop.json").symlink_to("b-loop.json")
    (folder / "z.json").write_text("{}")
    assert run(["fmt", "--check"]) == 1
    told = capsys.readouterr().out
    assert "a-link.json:1: schema: a link to a missing file (next: fix the link" in told
    assert "b-loop.json:1: schema: cannot be read: " in told
    assert "z.json:1: schema: not a Workbench transcript" in told
    assert run(["fmt"]) == 4


def test_a_pending_file_must_not_be_committed(project, capsys):
    path = project / "transcripts/kind.pending.json"
    path.write_bytes((project / "transcripts/kind.json").read_bytes())
    assert run(["fmt", "--check", str(path)]) == 1
    assert "pending re-recording" in capsys.readouterr().out
    assert run(["fmt", "--check"]) == 0


def test_a_committed_pending_file_is_found_without_naming_it(project, capsys):
    (project / "transcripts/kind.pending.json").write_bytes((project / "transcripts/kind.json").read_bytes())
    for command in (["init", "-q"], ["add", "-f", "transcripts/kind.pending.json"]):
        subprocess.run(["git", *command], cwd=project, check=True, capture_output=True)
    assert run(["fmt", "--check"]) == 1
    assert "pending re-recording is committed" in capsys.readouterr().out


def test_a_live_result_alone_is_not_checked(project):
    path = project / "transcripts/kind.live.json"
    path.write_text("{}")
    assert run(["fmt", "--check", str(path)]) == 0


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"id": "other"}, "another transcript"),
        ({"expects": "x"}, "another expectation"),
        ({"passed": 3}, "contradict"),
        ({"passed": "many"}, "not a live result"),
        ({"schema": "workbench.live-result/9"}, "not a live result"),
    ],
)
def test_a_live_result_is_compared_with_its_transcript(project, capsys, changed, named):
    path = project / "transcripts/kind.json"
    fits = {
        "schema": SCHEMA, "id": "kind", "model": "claude-x", "server": "api.example", "date": "2026-01-05",
        "asked": 2, "counted": 2, "passed": 2, "prompt": "p", "code": "c",
        "expects": expectations_hash(read(path)),
    }  # fmt: skip
    live_result = project / "transcripts/kind.live.json"
    live_result.write_text(json.dumps(fits))
    assert run(["fmt", "--check"]) == 0
    live_result.write_text(json.dumps(fits | changed))
    assert run(["fmt", "--check"]) == 1
    out = capsys.readouterr().out
    assert "kind.live.json:1: live: " in out
    assert named in out


def test_an_older_format_is_converted_only_with_upgrade(project, monkeypatch, capsys):
    monkeypatch.setitem(migrations.MIGRATIONS, 0, Migration("`title` was called `name`", _rename))
    path = project / "transcripts/kind.json"
    today = path.read_bytes()
    path.write_bytes(today.replace(b"transcript/1", b"transcript/0"))
    old = path.read_bytes()
    assert read(path).id == "kind"  # it is read as it is
    assert run(["fmt", "--check"]) == 1
    assert "transcripts/kind.json:2: old-format" in capsys.readouterr().out
    assert run(["fmt"]) == 0
    assert path.read_bytes() == old
    assert run(["fmt", "--upgrade"]) == 0
    assert path.read_bytes() == today


def _rename(data):
    return {**data, "title": data.pop("name", "")}


def test_fmt_without_transcripts_says_so(project):
    (project / "transcripts/kind.json").unlink()
    assert run(["fmt", "--check"]) == 5


def test_a_missing_file_exits_with_4(project):
    assert run(["fmt", "--check", "transcripts/gone.json"]) == 4


def test_a_query_selects_the_files_to_format(project):
    squeeze(put(project, "one", tags=["money"]))
    squeeze(put(project, "two", "hello"))
    assert run(["fmt", "--query", "tag:money"]) == 0
    assert run(["fmt", "--check", "transcripts/one.json"]) == 0
    assert run(["fmt", "--check", "--query", "tag:money"]) == 0
    assert run(["fmt", "--check", "--query", "hello"]) == 1
    assert run(["fmt", "--query", "zebra"]) == 5
