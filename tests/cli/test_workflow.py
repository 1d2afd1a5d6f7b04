"""The workflow and the hooks to copy: they are YAML, and what they run exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from workbench.cli.app import build

DOCS = Path(__file__).parents[2] / "docs"


def workflow():
    return yaml.safe_load((DOCS / "workflow.yml").read_text())


def hooks():
    block = re.search(r"```yaml\n(.*?)```", (DOCS / "ci.md").read_text(), re.S)
    return yaml.safe_load(block[1])["repos"][0]["hooks"]


def commands() -> list[str]:
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step] + [hook["entry"] for hook in hooks()]


def test_the_merge_job_waits_for_the_shards():
    jobs = workflow()["jobs"]
    assert jobs["replay"]["needs"] == "shards"
    shards = jobs["shards"]["strategy"]["matrix"]["shard"]
    assert shards == list(range(1, len(shards) + 1))
    assert any(f"--shard ${{{{ matrix.shard }}}}/{len(shards)}" in command for command in commands())


def test_the_deciding_job_may_not_continue_on_error():
    deciding = [step for step in workflow()["jobs"]["replay"]["steps"] if "merge" in step.get("run", "")]
    assert [step.get("continue-on-error", False) for step in deciding] == [False]


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("workbench ")])
def test_every_command_of_the_workflow_and_the_hooks_exists(line):
    known = typer.main.get_command(build()).commands  # type: ignore[attr-defined]
    _, name, *words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "1", line))
    options = {option for parameter in known[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_hooks_match_the_transcript_files():
    form, replay = hooks()
    assert re.search(form["files"], "transcripts/support/a.json")
    assert not re.search(form["files"], "src/app.py")
    assert replay["always_run"]  # what was taken away is no file to look at
    assert not replay["pass_filenames"]
