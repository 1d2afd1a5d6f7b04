"""The sample agent with a live model: real processes, the real SDK, a server on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.loopback import Loopback, calls, refuses, says

SAMPLE = Path(__file__).resolve().parents[2] / "journeys" / "support"


@pytest.fixture
def project(tmp_path):
    shutil.copytree(SAMPLE, tmp_path / "journeys" / "support")
    return tmp_path


def chat(project: Path, server: Loopback, said: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", "chat", "--fixture", "loyal", *options]
    env = {**os.environ, **server.env}
    return subprocess.run(command, input=said, capture_output=True, text=True, env=env, cwd=project, timeout=120)


LATE = {"order_number": "OL-1002", "sku": "BOOT-42", "reason": "does_not_fit", "refund_to": "Visa"}


def test_claude_answers_with_credentials_and_policies_check_its_calls(project):
    with Loopback(
        calls(("enter_journey", {"journey": "returns"})),
        calls(("find_order", {"order_number": "OL-1002"})),
        calls(("create_return", LATE)),
        says("I am sorry, that is too late."),
    ) as server:
        done = chat(project, server, "return my boots, OL-1002\n", "--json")
    assert done.returncode == 0, done.stderr
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    results = {s["tool"]: s.get("outcome", "ok") for s in steps if s["event"] == "result"}
    assert results == {"enter_journey": "ok", "find_order": "ok", "create_return": "blocked"}
    assert [s["text"] for s in steps if s["event"] == "reply"] == ["I am sorry, that is too late."]
    usage = next(s["usage"] for s in steps if s["event"] == "answer")
    assert usage["tokens_out"] > 0
    told = server.requests[3].body["messages"][-1]["content"][0]
    assert "the limit is 45" in told["content"]


def test_the_manual_and_tools_of_a_journey_are_sent_once_it_is_entered(project):
    with Loopback(calls(("enter_journey", {"journey": "radio"})), says("Which radio?")) as server:
        chat(project, server, "my radio is silent\n")
    before, after = ({t["name"] for t in asked.body["tools"]} for asked in server.requests)
    assert "send_refresh" not in before
    assert "send_refresh" in after


def test_the_chat_waits_for_an_overloaded_server_and_shows_the_wait(project):
    with Loopback(refuses(529, "overloaded_error", "Overloaded"), says("Here I am.")) as server:
        done = chat(project, server, "hello\n")
    assert done.stdout == "Here I am.\n"
    assert "waiting" in done.stderr


def test_a_rejected_key_ends_the_turn_and_is_never_shown(project):
    with Loopback(refuses(401, "authentication_error", "invalid x-api-key")) as server:
        secret = next(v for k, v in server.env.items() if "KEY" in k)
        done = chat(project, server, "hello\n")
    assert done.returncode == 1
    assert "model_error" in done.stderr
    assert secret not in done.stdout + done.stderr
    kept = next((project / ".workbench" / "sessions").glob("*.jsonl")).read_text()
    assert secret not in kept
    assert '"fault"' in kept


def test_a_conversation_with_claude_replays_without_a_model(project):
    with Loopback(calls(("enter_journey", {"journey": "returns"})), says("Which order is it?")) as server:
        chat(project, server, "a return please\n", "--save", "Asks for the order")
    command = [sys.executable, "-m", "workbench", "replay"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "1 PASS" in done.stderr
    assert "changed prompt" not in done.stderr


def test_the_model_and_its_parameters_are_those_of_the_project_and_are_recorded(project):
    text = '[model]\nname = "claude-sonnet-5"\ntemperature = 0.2\nmax_tokens = 900\n'
    (project / "workbench.toml").write_text(text)
    with Loopback(says("Hello!")) as server:
        done = chat(project, server, "hello\n", "--json")
    assert done.returncode == 0, done.stderr
    sent = server.requests[0].body
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("claude-sonnet-5", 0.2, 900)
    prompt = next(s for s in map(json.loads, done.stdout.splitlines()) if s["event"] == "prompt")
    assert (prompt["model"], prompt["params"]["temperature"]) == ("claude-sonnet-5", 0.2)
