"""Re-recorded transcripts: compared with their recording, and decided with one key."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop, use
from workbench.transcripts.codec import read
from workbench.transcripts.files import write as write_transcript

ANSWERS = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Done."
ANEW = [use("find_order", order_number="OL-1")], "That is too late."


def put(bench, name, *answers, anew=False):
    folder = bench.shelf.project.transcripts
    folder.mkdir(exist_ok=True)
    conversation = converse(shop(folder.parent / "recorded"), ScriptedModel(*answers), "return OL-1")
    made = msgspec.structs.replace(
        saved(conversation), id=name, title=name, source={"model": "claude" if anew else "old"}
    )
    path = folder / f"{name}{'.pending' if anew else ''}.json"
    write_transcript(path, made)
    return path


async def two_wait(bench):
    return await asyncio.to_thread(_two_wait, bench)


def _two_wait(bench):
    for name in ("one", "two"):
        put(bench, name, *ANSWERS)
        put(bench, name, *ANEW, anew=True)
    return bench.shelf.project.transcripts


async def shown(bench, name):
    await bench.until(lambda: bench.app.navigation.pending_id.endswith(f"{name}.json"))
    await bench.until(lambda: type(bench.screen).__name__ == "Compare" and bench.screen.comparison is not None)
    await bench.settle()


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_a_new_run_is_compared_with_its_recording_and_accepted_with_one_key(play, size):
    async def flow(bench):
        folder = await two_wait(bench)
        await bench.press("escape", "R")
        await bench.until(lambda: "2 re-recorded" in bench.text())
        await bench.press("p")
        await shown(bench, "one")
        assert "create_return" in bench.pane("#pairs")
        assert "accept" in bench.text()
        bench.picture(f"pending-{size[0]}")
        await bench.press("a")
        await shown(bench, "two")
        assert read(folder / "one.json").source == {"model": "claude"}
        assert not (folder / "one.pending.json").exists()
        assert (folder / "two.pending.json").exists()

    play(flow, size=size)


def test_rejecting_keeps_the_recording_and_undo_restores_the_run(play):
    async def flow(bench):
        folder = await two_wait(bench)
        (folder / "two.pending.json").unlink()
        await bench.press("escape", "R", "p")
        await shown(bench, "one")
        await bench.press("r")
        await bench.until(lambda: type(bench.screen).__name__ == "Review")
        assert read(folder / "one.json").source == {"model": "old"}
        assert not (folder / "one.pending.json").exists()
        await bench.press("u")
        await bench.until(lambda: (folder / "one.pending.json").exists())
        await bench.until(lambda: "undone: rejecting the new run" in bench.text())

    play(flow)


def test_skipping_decides_nothing_and_opens_the_next_run(play):
    async def flow(bench):
        folder = await two_wait(bench)
        await bench.press("escape", "R", "p")
        await shown(bench, "one")
        await bench.press("s")
        await shown(bench, "two")
        await bench.press("s")
        await bench.until(lambda: type(bench.screen).__name__ == "Review")
        assert len(list(folder.glob("*.pending.json"))) == 2
        assert bench.app.navigation.pending_id == ""

    play(flow)


def test_a_comparison_of_anything_else_has_nothing_to_accept(play):
    async def flow(bench):
        folder = await two_wait(bench)
        await bench.press("escape", "R", "p")
        await shown(bench, "one")
        left, right = bench.app.navigation.compared
        bench.app.navigation.compare(right, left)
        await bench.press("a")
        assert "nothing to decide here" in bench.text()
        assert (folder / "one.pending.json").exists()

    play(flow)


def test_an_empty_list_of_runs_shows_how_to_re_record(play):
    async def flow(bench):
        await bench.press("escape", "R", "p")
        await bench.until(lambda: "workbench rerecord FILE" in bench.text())

    play(flow)


def test_an_unreadable_run_is_reported(play):
    async def flow(bench):
        folder = await two_wait(bench)
        (folder / "one.pending.json").write_text("{")
        await bench.press("escape", "R", "p")
        await bench.until(lambda: "one.pending.json" in bench.text())
        assert type(bench.screen).__name__ == "Review"

    play(flow)
