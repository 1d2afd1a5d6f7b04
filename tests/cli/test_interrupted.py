"""ctrl+c in the middle of a replay: what was decided is told and written, and nothing is green."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from support.kit import LATE, ScriptedModel, converse, put, saved, shop, shop_files, use, write
from support.processes import wait_for_busy_process
from workbench.cli import run
from workbench.transcripts.codec import encode

EARLY = """
from workbench.runtime.process import fork

def stopped(pipe):
    raise KeyboardInterrupt

try:
    fork(stopped).reap()
    print("reaped")
except KeyboardInterrupt:
    print("a second command lives on")
"""


def test_a_process_interrupted_at_its_start_does_not_continue_as_a_second_command():
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, timeout=60)
    assert done.stdout.split("\n") == ["reaped", ""]


def test_an_interrupted_replay_reports_its_results_and_exits_with_2(tmp_path):
    hangs = saved(converse(shop(tmp_path / "r"), ScriptedModel(*LATE), "return OL-1"))
    passes = saved(converse(shop(tmp_path / "r"), ScriptedModel("Hello."), "hi"))
    (tmp_path / "transcripts").mkdir()
    for name, transcript in (("a", passes), ("b", hangs), ("c", passes)):
        data = encode(msgspec.structs.replace(transcript, id=name))
        (tmp_path / f"transcripts/{name}.json").write_bytes(data)
    policy = "\n    @returns.policy(before=create_return)\n    def bad(call):\n        while True: pass\n"
    write(tmp_path / "journeys", shop_files(policy))
    command = [sys.executable, "-m", "workbench", "replay", "--timeout", "60", "--json", "out.json"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as program:
        wait_for_busy_process(tmp_path)
        time.sleep(0.2)  # what is decided is on its way
        program.send_signal(signal.SIGINT)
        said = program.stderr.read()
        assert program.wait(20) == 2
    assert "interrupted: 1 of 3 transcripts: 1 PASS" in said
    told = json.loads((tmp_path / "out.json").read_text())
    assert (told["interrupted"], told["selected"], told["verdicts"]["PASS"], told["exit"]) == (True, 3, 1, 2)


BUSY = """
    import os, threading

    @returns.policy(before=create_return)
    def busy(call):
        if call["order_number"] == "OL-1":
            {first}
        for _ in range(20_000_000):
            pass
"""


@pytest.mark.parametrize(("more", "code"), [([], 0), (["--shared-process"], 4)])
def test_what_a_transcript_leaves_running_reaches_the_next_in_a_shared_process_only(project, capsys, more, code):
    second = [use("find_order", order_number="OL-2")], [use("create_return", order_number="OL-2")], "Done."
    put(project, "second", saved(converse(shop(project / "r"), ScriptedModel(*second), "return OL-2")))
    policy = BUSY.format(first="threading.Timer(0.2, os._exit, [0]).start(); return None")
    write(project / "journeys", shop_files(policy))
    assert run(["replay", "--jobs", "1", *more]) == code
    said = capsys.readouterr().err
    assert ("left running" in said) is bool(more)
    assert ("state kept between transcripts is not excluded" in said) is bool(more)


def test_a_suspended_replay_is_not_counted_as_hung(project):
    """ctrl+z, and fg some time later."""
    write(project / "journeys", shop_files(BUSY.format(first="pass")))
    command = [sys.executable, "-m", "workbench", "replay", "--timeout", "3"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as program:
        time.sleep(0.4)
        os.killpg(program.pid, signal.SIGSTOP)
        time.sleep(4)
        os.killpg(program.pid, signal.SIGCONT)
        said = program.stderr.read()
    assert (program.returncode, "1 transcript: 1 PASS" in said) == (0, True)
