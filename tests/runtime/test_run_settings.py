"""What the table [replay] of workbench.toml gives to journey code, in a chat and in a replay."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from support.kit import ScriptedModel, converse, put, saved, shop_files, use, write
from workbench.errors import JourneyError
from workbench.replay.verdict import Verdict
from workbench.runtime.agent_files import file_hashes
from workbench.runtime.loader import load
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replay_server import ReplayServer
from workbench.runtime.run_settings import read_run_settings

SETTINGS = '[replay]\nenvironment = { SHOP_REGION = "berlin" }\ndata = ["prices"]\n'
READS = """
    import os
    from pathlib import Path
    REGION = os.environ["SHOP_REGION"]
    PRICES = Path(__file__).parents[3] / "prices" / "list.txt"

    @returns.policy(before=find_order)
    def region(call):
        '''Uses a variable, at load and at run, and a data folder.'''
        here = os.environ["SHOP_REGION"]
        return None if (REGION, here, PRICES.read_text()) == ("berlin", "berlin", "5") else Block(here)
"""


def project(folder: Path) -> Path:
    (folder / "workbench.toml").write_text(SETTINGS)
    (folder / "prices").mkdir()
    (folder / "prices/list.txt").write_text("5")
    return write(folder / "journeys", shop_files(READS))


def test_a_replay_uses_the_recorded_variables_and_the_data_folders(tmp_path: Path):
    journeys = project(tmp_path)
    loaded = load(journeys, "shop")
    assert loaded.fixtures["base"].setup.environment == {"SHOP_REGION": "berlin"}
    model = ScriptedModel([use("find_order", order_number="OL-1")], "Here.")
    path = put(tmp_path, "a", msgspec.structs.replace(saved(converse(loaded, model, "hi")), code=loaded.files))
    with ReplayServer(ReplayJob(str(journeys))) as server:
        assert server.case(str(path)).verdict is Verdict.PASS
    (tmp_path / "workbench.toml").write_text(SETTINGS.replace("berlin", "oslo"))
    (tmp_path / "prices/list.txt").write_text("6")
    with ReplayServer(ReplayJob(str(journeys))) as server:
        outcome = server.case(str(path)).outcome
    assert outcome.verdict is Verdict.FAIL
    assert "../prices/list.txt" in outcome.changed


def test_the_files_of_data_folders_are_hashed_with_the_agent(tmp_path: Path):
    journeys = project(tmp_path)
    assert "../prices/list.txt" in file_hashes(journeys, "shop")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('environment = { "A=B" = "x" }', "A=B"),
        ('data = ["/etc"]', "/etc"),
        ('data = ["../x"]', "../x"),
        ('data = ["transcripts"]', "transcripts"),
        ("envronment = {}", "envronment"),
    ],
)
def test_a_wrong_setting_is_an_error_with_its_file(tmp_path: Path, line: str, word: str):
    journeys = project(tmp_path)
    (tmp_path / "workbench.toml").write_text(f"[replay]\n{line}\n")
    with pytest.raises(JourneyError, match=word) as wrong:
        read_run_settings(journeys)
    assert wrong.value.where.startswith("workbench.toml:")
