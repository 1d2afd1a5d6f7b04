"""Ways a run of `workbench replay` could be green and prove nothing: docs/false-passes.md lists them.

Those of one transcript are in tests/core/test_false_passes.py.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time

import pytest

from support.kit import (
    WINDOW,
    ScriptedModel,
    converse,
    late_mistake,
    late_talk,
    put,
    saved,
    shop,
    shop_files,
    write,
)
from workbench.cli import run
from workbench.cli.commands import replay as command
from workbench.files import LIMIT
from workbench.transcripts.files import write as write_transcript


def verdicts(capsys, *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit code, and each file's verdict."""
    code = run(["replay", *arguments, "--json", "-"])
    told = json.loads(capsys.readouterr().out)
    assert told["selected"] == sum(told["verdicts"].values()) == len(told["transcripts"])
    return code, {t["path"]: t["verdict"] for t in told["transcripts"]}


# nothing ran


def test_a_run_that_selects_nothing(project):
    (project / "transcripts/golden.json").unlink()
    assert run(["replay"]) == 5


def test_a_path_that_matches_nothing(project):
    assert run(["replay", "transcripts", "transcripts/gaurd.json"]) == 4


def test_a_folder_without_transcripts_among_the_paths(project):
    (project / "empty").mkdir()
    assert run(["replay", "transcripts", "empty"]) == 4


def test_a_transcript_for_which_no_worker_returned_a_result(project, monkeypatch):
    monkeypatch.setattr(command, "with_progress", lambda *_, **__: ())
    assert run(["replay"]) == 3


def test_an_error_among_many_that_pass(project, capsys):
    for number in range(20):
        put(project, f"g{number}", saved(late_talk(project)))
    (project / "transcripts/broken.json").write_text("{")
    code, found = verdicts(capsys)
    assert code == 4
    assert list(found.values()).count("PASS") == 21


@pytest.mark.parametrize(
    ("expect", "fields"), [("must_not_call", {"tool": "create_return"}), ("result", {"text": "R-2"})]
)
def test_a_mistake_that_a_replay_cannot_decide(project, expect, fields):
    put(project, "open", late_mistake(project, expect, **fields))
    assert run(["replay"]) == 10


def test_an_empty_option_value(project):
    assert run(["replay", "--query", ""]) == run(["replay", "--shard="]) == run(["replay", ""]) == 4


def test_a_word_that_no_transcript_contains(project, capsys):
    assert run(["replay", "--query", "retruns"]) == 5
    assert "retruns" in capsys.readouterr().err
    assert run(["replay", "--query", "return -retruns"]) == 0  # it excludes nothing


def test_a_report_that_could_not_be_written(project):
    (project / "file").write_text("")
    assert run(["replay", "--json", "file/out.json"]) == 4


# counted twice, or not at all


NEVER_REPLAYED = {
    ".old/late.json": "hidden",
    ".late.json": "hidden",
    "late.json.bak": "not named",
    "late": "not named",
    "a/.b/c/late.json": "hidden",
    "late.live.json": "live result",
    "late.Live.JSON": "live result",
    "late.pending.json": "re-recording",
}


@pytest.mark.parametrize(("name", "reason"), NEVER_REPLAYED.items())
def test_a_transcript_that_is_never_replayed(project, capsys, name, reason):
    put(project, "late", late_mistake(project))
    to = project / "transcripts" / name
    to.parent.mkdir(parents=True, exist_ok=True)
    (project / "transcripts/late.json").rename(to)
    assert run(["replay", "--json", "out.json", "--markdown", "out.md"]) == 0
    told = f"1 more transcript is not collected: transcripts/{name} ("
    assert told in capsys.readouterr().err
    assert told in (project / "out.md").read_text()
    ((path, why),) = json.loads((project / "out.json").read_text())["not_collected"].items()
    assert path == f"transcripts/{name}"
    assert reason in why
    for words in (["coverage"], ["mutate", "--list"], ["fmt", "--check"]):
        run(words)
        assert f"transcripts/{name}: {why}" in capsys.readouterr().err


def test_a_file_that_is_named_twice(project, capsys):
    (project / "link.json").symlink_to(project / "transcripts/golden.json")
    paths = ["transcripts", "transcripts/golden.json", str(project / "transcripts"), "journeys/../transcripts"]
    code, found = verdicts(capsys, *paths, "link.json")
    assert (code, list(found.values())) == (0, ["PASS"])


def test_a_copy_under_another_name(project, capsys):
    put(project, "z-copy", saved(late_talk(project)), id="golden")
    code, found = verdicts(capsys)
    assert (code, found) == (4, {"transcripts/golden.json": "PASS", "transcripts/z-copy.json": "ERROR"})


def test_a_folder_that_is_a_link(project, capsys, tmp_path_factory):
    shared = tmp_path_factory.mktemp("shared")
    put(shared, "theirs", saved(late_talk(project)))
    (project / "transcripts/shared").symlink_to(shared / "transcripts")
    code, found = verdicts(capsys)
    assert (code, len(found)) == (0, 2)


def test_a_folder_that_links_to_itself(project, capsys):
    (project / "transcripts/again").symlink_to(project / "transcripts")
    (project / "transcripts/loop").symlink_to(project / "transcripts/loop")
    code, found = verdicts(capsys)
    assert (code, found) == (0, {"transcripts/golden.json": "PASS"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read(project):
    closed = project / "transcripts/closed"
    closed.mkdir(mode=0)
    try:
        assert run(["replay"]) == 4
    finally:
        closed.chmod(0o700)


def test_a_pending_re_recording(project, capsys):
    pending = project / "transcripts/guard.pending.json"
    write_transcript(pending, saved(late_talk(project)))
    assert verdicts(capsys)[1] == {"transcripts/golden.json": "PASS"}
    assert run(["replay", str(pending)]) == 4


def test_a_transcript_of_another_project(project, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write(other / "journeys", shop_files(WINDOW))
    path = put(other, "theirs", saved(late_talk(project)))
    assert run(["replay", str(path)]) == 4
    assert run(["replay", "transcripts", str(path.parent)]) == 4


# what is no file


def test_a_file_that_is_not_a_transcript(project, capsys):
    folder = project / "transcripts"
    os.mkfifo(folder / "pipe.json")
    (folder / "folder.json").mkdir()
    (folder / "dangling.json").symlink_to(folder / "nowhere")
    (folder / "device.json").symlink_to("/dev/zero")
    (folder / "empty.json").touch()
    with (folder / "huge.json").open("wb") as file:
        file.truncate(LIMIT + 1)
    began = time.monotonic()
    code, found = verdicts(capsys)
    assert time.monotonic() - began < 8  # nothing was waited for
    assert code == 4
    assert found.pop("transcripts/golden.json") == "PASS"
    assert len(found) == 5
    assert set(found.values()) == {"ERROR"}


# the journeys


def test_a_journey_that_does_not_load(project):
    write(project / "journeys", {"shop/agent.py": "agent = Agnt()\n"})
    assert run(["replay"]) == 4


@pytest.mark.parametrize("body", ["while True: pass", "import os; os._exit(0)", "raise SystemExit(0)"])
def test_a_policy_that_crashes_its_process(project, capsys, body):
    put(project, "other", saved(converse(shop(project / "o"), ScriptedModel("Hello."), "hi")))
    bad = f"\n    @returns.policy(before=create_return)\n    def bad(call, conversation):\n        {body}\n"
    write(project / "journeys", shop_files(bad))
    code, found = verdicts(capsys, "--timeout", "1")
    assert (code, found) == (4, {"transcripts/golden.json": "ERROR", "transcripts/other.json": "PASS"})


def test_a_policy_that_prints_a_report_of_its_own(project, capsys):
    loud = "print('{\"verdicts\": {\"PASS\": 1}}'); return Block('no')"
    write(
        project / "journeys",
        shop_files(f"\n    @returns.policy(before=create_return)\n    def loud(call):\n        {loud}\n"),
    )
    assert verdicts(capsys) == (1, {"transcripts/golden.json": "FAIL"})


REMEMBERS = """
    seen = []
    count = 0
    latest = {"orders": {}}

    class Till:
        opened = 0
        customers = set()

    till = Till()

    from dataclasses import dataclass
    from typing import NamedTuple

    @dataclass(slots=True)
    class Desk:
        calls: int
        names: list

    desk = Desk(0, [])

    class Pair(NamedTuple):
        names: list

    pair = Pair([])
    nested = (1, {})

    def ever(kept=[]):
        kept.append(1)
        return len(kept)

    def counter():
        n = 0
        def up():
            nonlocal n
            n += 1
            return n
        return up

    up = counter()

    @returns.policy(before=create_return)
    def once(call, conversation):
        '''Allows only what it has seen before.'''
        global count
        %s
"""


@pytest.mark.parametrize(
    "body",
    [
        "seen.append(1); n = len(seen)",
        "count += 1; n = count",
        "n = ever()",
        "n = up()",
    ],
)
def test_a_journey_that_remembers_the_previous_conversation(project, capsys, body):
    """Alone the transcript fails, so it fails in a row of its like: no replay begins with another's memory."""
    for name in "abc":
        put(project, name, saved(late_talk(project)))
    write(
        project / "journeys", shop_files(REMEMBERS % f"{body}\n        return Block('first') if n == 1 else None")
    )
    code, found = verdicts(capsys, "--jobs", "1")
    assert (code, set(found.values())) == (1, {"FAIL"})


@pytest.mark.parametrize(
    "late",
    [
        f"abs(time.time() - {time.time()}) < 86_400",
        "random.random() != random.Random(1).random()",
        f"platform.node() == {platform.node()!r}",
        f"os.getpid() != 2 or os.path.expanduser('~') == {os.path.expanduser('~')!r}",
    ],
    ids=["clock", "randomness", "name of the machine", "process and home"],
)
def test_a_policy_that_decides_by_a_value_of_the_machine(project, capsys, late):
    body = f"import os, platform, random, time; return Block('late') if {late} else None"
    asks = f"\n    @returns.policy(before=create_return)\n    def asks(call):\n        {body}\n"
    write(project / "journeys", shop_files(asks))
    code, found = verdicts(capsys)
    assert (code, found) == (0, {"transcripts/golden.json": "PASS"})  # it sees a pinned value instead


@pytest.mark.parametrize(
    "body",
    [
        "late = 'x' in open('/etc/hosts').read()",
        "import threading; t = threading.Thread(target=open, args=['/etc/hosts']); t.start(); t.join()",
    ],
)
def test_a_policy_that_reads_undeclared_input_from_a_file_or_in_a_thread(project, capsys, body):
    reads = f"\n    @returns.policy(before=create_return)\n    def reads(call):\n        {body}\n"
    write(project / "journeys", shop_files(reads))
    code, found = verdicts(capsys)
    assert (code, found) == (4, {"transcripts/golden.json": "ERROR"})


@pytest.mark.parametrize(
    "body",
    [
        "os.remove('keep')",
        "os.rename('keep', 'new')",
        "os.chmod('keep', 0)",
        "os.truncate('keep', 0)",
        "os.symlink('keep', 'new')",
        "os.mkdir('new')",
        "open('keep', 'w').close()",
        "os.close(os.open('new', os.O_CREAT))",
        "import shutil; shutil.rmtree('kept')",
        "import pathlib; pathlib.Path('keep').unlink()",
    ],
)
def test_a_policy_that_writes_creates_moves_or_deletes_a_file(project, capsys, body):
    (project / "kept").mkdir()
    (project / "keep").write_text("mine")
    changes = f"\n    @returns.policy(before=create_return)\n    def changes(call):\n        import os; {body}\n"
    write(project / "journeys", shop_files(changes))
    code, found = verdicts(capsys)
    assert (code, found) == (4, {"transcripts/golden.json": "ERROR"})
    assert (project / "keep").read_text() == "mine"
    assert (project / "kept").is_dir()
    assert not os.path.lexists(project / "new")


def test_a_comment_that_allows_a_file(project, capsys):
    body = "late = 'x' in open('/etc/hosts').read()  # workbench: allow environment"
    write(
        project / "journeys",
        shop_files(f"\n    @returns.policy(before=create_return)\n    def asks(call):\n        {body}\n"),
    )
    code, found = verdicts(capsys)
    assert (code, found) == (4, {"transcripts/golden.json": "ERROR"})


def test_a_policy_that_depends_on_the_order_of_a_set(project, capsys):
    body = "return Allow(''.join({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}))"
    write(
        project / "journeys",
        shop_files(
            "\n    from workbench import Allow"
            f"\n    @returns.policy(before=create_return)\n    def first(call):\n        {body}\n"
        ),
    )
    assert verdicts(capsys)[0] == 0
    assert verdicts(capsys, "--check-flaky") == (1, {"transcripts/golden.json": "FLAKY"})


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("while True: pass", "journey code hung for 4 s at shop/returns/journey.py:"),
        ("import os; os._exit(0)", "journey code ended its process"),
    ],
)
def test_a_policy_that_hangs_or_exits_only_with_another_set_order(project, capsys, does, told):
    env = {**os.environ, "PYTHONHASHSEED": "2"}
    there = subprocess.run([sys.executable, "-c", "print(hash('x'))"], env=env, capture_output=True, text=True)
    body = f"if hash('x') == {int(there.stdout)}:\n            {does}"
    write(
        project / "journeys",
        shop_files(f"\n    @returns.policy(before=create_return)\n    def odd(call):\n        {body}\n"),
    )
    assert run(["replay", "--check-flaky", "--timeout", "4"]) == 1
    assert f"ERROR: {told}" in capsys.readouterr().err
