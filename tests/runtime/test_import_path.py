"""No process imports code from the working folder, however the program was started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.kit import WINDOW, ScriptedModel, converse, saved, shop, shop_files, use, write
from workbench.transcripts.files import write as write_transcript

BESIDE = ("random", "colorsys", "statistics", "msgspec")  # modules of Python that a journey, or the SDK, imports
COMMANDS = (["check"], ["replay"], ["replay", "--check-flaky"], ["chat", "--model", "rehearsal"])
PROGRAM = [str(Path(sys.executable).with_name("workbench"))]
MODULE = [sys.executable, "-m", "workbench"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    agent = write(tmp_path / "journeys", shop_files(WINDOW)) / "shop/agent.py"
    agent.write_text("import colorsys, random, statistics\n" + agent.read_text())
    model = ScriptedModel([use("find_order", order_number="OL-1")], "Here.")
    (tmp_path / "transcripts").mkdir()
    conversation = converse(shop(tmp_path / "recorded"), model, "where is OL-1")
    write_transcript((tmp_path / "transcripts/a.json"), saved(conversation))
    for name in BESIDE:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\n1 / 0\n")
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("program", [PROGRAM, MODULE], ids=["workbench", "python -m workbench"])
def test_modules_beside_the_journeys_are_not_imported(project: Path, program: list[str], words: list[str]) -> None:
    done = subprocess.run(
        [*program, *words], cwd=project, input="hi\n", capture_output=True, text=True, timeout=60
    )
    assert not (project / "ran").exists(), done.stderr
    assert done.returncode == 0, done.stderr
