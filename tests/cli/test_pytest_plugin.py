"""`pytest transcripts/`: transcripts as tests, in a pytest of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as xml

import msgspec
import pytest

from support.kit import JOURNEY, LATE, WINDOW, ScriptedModel, converse, saved, shop, shop_files, write
from support.processes import processes_in, wait_for_busy_process
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.transcript import Annotation


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of the shop: a guard, a mistake that is open, one that only a model decides."""
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    guard = saved(converse(shop(tmp_path / "recorded"), ScriptedModel(*LATE), "return OL-1"))
    put(tmp_path, "good", guard, tags=["money"])
    marked = {"kind": "mistake", "annotations": [Annotation("1.2.1")]}
    put(tmp_path, "late", guard, expectations=[Expectation("not_executed", "1.2.1")], **marked)
    live = Expectation("must_not_call", "1.2.1", tool="create_return")
    put(tmp_path, "live", guard, expectations=[live], **marked)
    return tmp_path


def put(folder, name, transcript, **changes):
    path = folder / "transcripts" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_transcript(path, msgspec.structs.replace(transcript, id=name, **changes))


def run(*options) -> tuple[int, str]:
    """Run pytest with this plugin and, for -n, xdist: other plugins take longer to import than the test runs."""
    command = [sys.executable, "-m", "pytest", "-p", "workbench_pytest", "-p", "no:cacheprovider", "-W", "error"]
    if "-n" in options:
        command += ["-p", "xdist"]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([*command, *options], capture_output=True, text=True, env=env)
    return done.returncode, done.stdout + done.stderr


def test_transcripts_are_tests_and_only_a_pass_has_passed(project):
    code, said = run("transcripts/", "-rs")
    assert code == 1
    assert "1 failed, 1 passed, 1 skipped" in said
    assert "FAIL transcripts/late.json:" in said
    assert "! 1.2.1  now:      create_return(order_number=OL-1): executed" in said
    assert "NEEDS_LIVE: cannot be decided without a live model" in said


@pytest.mark.parametrize("more", [(), ("-n", "1")])
def test_the_short_summary_shows_verdict_and_reason(project, more):
    _, said = run("transcripts/", "-rfs", *more)
    assert "FAILED transcripts/late.json::late - FAIL: still broken; expected:" in said
    assert "NEEDS_LIVE: cannot be decided without a live model" in said
    assert "transcripts: 1 PASS, 1 FAIL, 1 NEEDS_LIVE" in said or "transcripts: 1 FAIL, 1 PASS" in said
    assert "Traceback" not in said


def test_an_agent_that_does_not_load_is_reported_once(project):
    write(project / "journeys", {"shop/agent.py": "from workbench import Agent\nagent = Agnt()\n"})
    code, said = run("transcripts", "--junitxml", "out.xml")
    assert (code, "3 failed" in said) == (1, True)
    assert said.count("next: ") == 1
    assert said.count("for the same reason as transcripts/good.json::good") == 2
    assert "FAILED transcripts/late.json::late - ERROR: as transcripts/good.json::good" in said
    messages = [one.get("message") for one in xml.fromstring(Path("out.xml").read_text()).iter("failure")]
    assert [m.split(":")[0] for m in messages] == ["ERROR"] * 3


def test_tools_run_if_requested(project):
    other = shop_files(journey=JOURNEY.replace('"R-1"', '"R-2"'))
    write(project / "journeys", other)
    assert run("transcripts/good.json")[0] == 0
    code, said = run("transcripts/good.json", "--workbench-tools=sandbox", "-rs")
    assert (code, "STALE: the result of create_return" in said) == (10, True)


def test_if_tools_were_requested_and_none_ran_pytest_fails(project):
    put(project, "hello", saved(converse(shop(project / "r"), ScriptedModel("Hello."), "hi")))
    assert run("transcripts/hello.json")[0] == 0
    code, said = run("transcripts/hello.json", "--workbench-tools=sandbox")
    assert (code, "no calls executed their tool" in said) == (5, True)


def test_drift_is_a_verdict_if_requested(project):
    (project / "journeys/shop/persona.md").write_text("# Voice\nYou are quick.\n")
    assert run("transcripts/good.json")[0] == 0
    code, said = run("transcripts/good.json", "--workbench-strict-drift", "-rs")
    assert (code, "DRIFTED: the actions are the same, but it drifted: 1.1.1 prompt: persona: Voice" in said) == (
        10,
        True,
    )


def test_check_flaky_replays_each_transcript_twice(project):
    policy = """
    seen = []

    @returns.policy(before=create_return)
    def once(call):
        seen.append(call)
        return Block("again") if len(seen) > 1 else None
    """
    write(project / "journeys", shop_files(policy))
    assert run("transcripts/good.json")[0] == 0
    code, said = run("transcripts/good.json", "--workbench-check-flaky")
    assert (code, "FLAKY: two replays differ" in said) == (1, True)


def test_check_flaky_also_replays_in_other_processes(project):
    body = "return Allow(''.join({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}))"
    policy = f"""
    from workbench import Allow

    @returns.policy(before=create_return)
    def first(call):
        {body}
    """
    write(project / "journeys", shop_files(policy))
    code, said = run("transcripts/good.json", "--workbench-check-flaky")
    assert (code, "PYTHONHASHSEED" in said) == (1, True)


def test_an_invalid_timeout_is_a_usage_error(project):
    code, said = run("transcripts/good.json", "-o", "workbench_timeout=soon")
    assert (code, "workbench_timeout" in said and "soon" in said) == (4, True)


def test_transcripts_are_selected_by_words_and_tags_and_written_to_junit(project):
    code, said = run("transcripts", "-k", "money or late", "--junitxml", "out.xml")
    assert (code, "1 failed, 1 passed, 1 deselected" in said) == (1, True)
    cases = {one.get("name"): one for one in xml.fromstring(Path("out.xml").read_text()).iter("testcase")}
    assert set(cases) == {"good", "late"}
    assert cases["late"].find("failure") is not None
    assert cases["good"].find("properties/property").get("value") == "PASS"


def test_transcripts_are_selected_by_a_query(project):
    code, said = run("transcripts", "--workbench-query", "tag:money")
    assert (code, "1 passed, 2 deselected" in said) == (0, True)
    code, said = run("transcripts", "--workbench-query", "kind:mistake -late", "-n", "1")
    assert (code, "1 skipped" in said) == (10, True)
    code, said = run("transcripts", "--workbench-query", "tag:mony")
    assert (code, "did you mean money?" in said) == (4, True)


def test_transcripts_are_distributed_by_xdist(project):
    code, said = run("transcripts", "-n", "2")
    assert (code, "1 failed, 1 passed, 1 skipped" in said) == (1, True)


def test_undecided_transcripts_do_not_pass(project):
    assert run("transcripts/good.json", "transcripts/live.json")[0] == 10
    assert run("transcripts/live.json", "-n", "1")[0] == 10


def test_an_empty_selection_does_not_pass(project):
    assert run("transcripts", "-k", "gaurd")[0] == 5


def test_a_suffix_in_capitals_is_recognized(project):
    (project / "transcripts/late.json").rename(project / "transcripts/LATE.JSON")
    code, said = run("transcripts", "-k", "late")
    assert (code, "1 failed" in said) == (1, True)


def test_a_file_that_cannot_be_read_fails(project):
    (project / "transcripts/broken.json").write_text("{")
    code, said = run("transcripts/broken.json")
    assert (code, "not a Workbench transcript" in said) == (1, True)


STOPS = [("while True: pass", "hung for 3 s at"), ("import os; os._exit(0)", "ended its process")]


@pytest.mark.parametrize(("body", "words"), STOPS)
def test_a_journey_that_hangs_or_exits_fails_one_test(project, body, words):
    policy = f"\n    @returns.policy(before=create_return)\n    def bad(call, conversation):\n        {body}\n"
    write(project / "journeys", shop_files(policy))
    put(project, "other", saved(converse(shop(project / "o"), ScriptedModel("Hello."), "hi")))
    code, said = run("transcripts/good.json", "transcripts/other.json", "-o", "workbench_timeout=3")
    assert (code, "1 failed, 1 passed" in said, words in said) == (1, True, True)


def test_a_killed_pytest_leaves_no_process_behind(project):
    policy = "\n    @returns.policy(before=create_return)\n    def bad(call):\n        while True: pass\n"
    write(project / "journeys", shop_files(policy))
    command = [sys.executable, "-m", "pytest", "-p", "workbench_pytest", "-o", "workbench_timeout=60"]
    with subprocess.Popen([*command, "transcripts/good.json"], stdout=subprocess.DEVNULL) as program:
        wait_for_busy_process(project)
        assert len(processes_in(project)) > 2
        program.kill()
    until = time.monotonic() + 10
    while processes_in(project) - {os.getpid()} and time.monotonic() < until:
        time.sleep(0.05)
    assert processes_in(project) - {os.getpid()} == set()


def test_transcripts_replay_on_todays_code(project):
    write(project / "journeys", shop_files(WINDOW))
    assert run("transcripts/late.json")[0] == 0


def test_a_project_that_only_has_workbench_installed_is_not_affected(project):
    write(project, {"tests/test_own.py": "def test_own():\n    pass\n"})
    (project / "tests/data.json").write_text("{}")
    (project / "tests/kept.json").write_bytes((project / "transcripts/late.json").read_bytes())
    code, said = run("tests")
    assert (code, "1 passed" in said) == (0, True)
    code, said = run()
    assert (code, "1 passed" in said) == (0, True)


def test_without_transcripts_the_package_is_not_imported(project):
    own = "import sys\n\n\ndef test_own():\n    assert 'workbench' not in sys.modules\n"
    write(project, {"tests/test_own.py": own})
    assert run("tests")[0] == 0


OSC = "\x1b]52;c;cHduZWQ=\x07"  # writes the clipboard of the terminal


@pytest.mark.parametrize("options", [("-v", "-rA"), ("-q",), ("--collect-only",), ("-n", "1", "-v")], ids=" ".join)
def test_text_from_outside_is_escaped_in_the_output_of_pytest(project, options):
    path = project / "transcripts/late.json"
    path.rename(project / f"transcripts/late{OSC}.json")
    (project / f"transcripts/::error::mine##[error]{OSC}.json").write_text("{}")
    agent = project / "journeys/shop/agent.py"
    agent.write_text(agent.read_text() + f"\nraise ValueError({OSC + chr(10) + '::error::mine ##[error]x'!r})\n")
    code, said = run("transcripts/", "--color=no", *options)
    assert code in (0, 1)
    assert "late" in said
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|^\s*::|##\w*\[", said, re.MULTILINE)


def test_a_file_with_such_a_name_can_pass(project):
    (project / "transcripts/good.json").rename(project / f"transcripts/good{OSC}.json")
    code, said = run("transcripts/", "-v", "-k", "good")
    assert (code, "1 passed" in said) == (0, True)


# which files are transcripts


@pytest.mark.parametrize("name", ["build", "venv", "dist", "node_modules", "CVS", "x.egg", "_darcs"])
@pytest.mark.parametrize("asked", ["transcripts/", "transcripts/{name}"])
def test_a_folder_of_any_visible_name_is_searched_as_in_replay(project, name, asked):
    (project / "transcripts" / name).mkdir()
    (project / "transcripts/good.json").rename(project / f"transcripts/{name}/good.json")
    _, said = run(asked.format(name=name), "-v")
    assert f"transcripts/{name}/good.json::good PASSED" in said


def test_such_a_folder_can_be_ignored_and_is_no_test_elsewhere(project):
    (project / "transcripts/build").mkdir()
    (project / "transcripts/good.json").rename(project / "transcripts/build/good.json")
    for option in ("--ignore=transcripts/build", "--ignore-glob=transcripts/bui*"):
        assert "build/good.json" not in run("transcripts/", "-v", option)[1]
    (project / "build").mkdir()
    (project / "build/test_x.py").write_text("def test_x(): assert False\n")
    assert "test_x" not in run(".", "-v")[1]


@pytest.mark.parametrize("more", [(), ("-n", "1")])
def test_what_looks_like_a_transcript_and_is_no_test_is_named_with_the_reason(project, more):
    folder = project / "transcripts"
    data = (folder / "good.json").read_bytes()
    (folder / ".old").mkdir()
    for name in (".hidden.json", ".old/x.json", "copy.json.bak", "x.live.json", "lost.pending.json"):
        (folder / name).write_bytes(data)
    (folder / "good.pending.json").write_bytes(data)
    (folder / "README.md").write_text("about them")
    os.mkfifo(folder / "pipe.json")
    (folder / "broken.json").symlink_to("gone.json")
    _, said = run("transcripts/", *more)
    told = dict(re.findall(r"^not replayed: transcripts/(\S+): (.*)$", said, re.MULTILINE))
    assert set(told) == {
        ".hidden.json", ".old/x.json", "copy.json.bak", "x.live.json", "lost.pending.json", "pipe.json",
        "broken.json",
    }  # fmt: skip
    assert "hidden" in told[".old/x.json"]
    assert "live result" in told["x.live.json"]
    assert "pipe" in told["pipe.json"]
    assert "link" in told["broken.json"]


def test_a_named_file_that_is_no_test_by_its_name_is_named(project):
    path = project / "transcripts/good.json"
    path.rename(path.with_name("good.live.json"))
    code, said = run("transcripts/good.live.json")
    assert code != 0
    assert "not replayed: transcripts/good.live.json" in said
