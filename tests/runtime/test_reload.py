"""From a save in an editor to the new code code_service, whatever was saved."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from support.kit import JOURNEY, WINDOW, shop_files, write
from workbench.errors import UsageError
from workbench.runtime.watch import watch_code
from workbench.runtime.worker import WorkerPool, start_fork_server
from workbench.store.session_log import SessionLogs
from workbench.trace.events import Fault, TurnEnded
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session

REHEARSAL = """
    from workbench import Rehearsal, Say, Call
    from .journey import create_return, find_order, returns

    returns.rehearsal = script = Rehearsal()

    @script.intent("return my shoes")
    def give_back(scene):
        yield Call(find_order, order_number="OL-1")
        yield Call(create_return, order_number="OL-1")
        yield Say("Done.")
"""
AGENT = """
    from workbench import Agent, Limits
    from .returns.rehearsal import returns
    agent = Agent("shop", journeys=[returns], limits=Limits(blocking_seconds=1.0, turn_seconds=20))
"""


class Desk:
    """A session with its watcher, on a shop in a folder."""

    def __init__(self, folder: Path) -> None:
        start_fork_server("rehearsal")
        self.root = folder / "journeys"
        self.journey = self.root / "shop/returns/journey.py"
        write(self.root, {**shop_files(agent=AGENT), "shop/returns/rehearsal.py": REHEARSAL})
        self.host = WorkerPool(self.root)
        self.history = SessionLogs(folder / ".workbench", folder / "transcripts")
        self.session = Session(CodeService(self.host, "shop", "rehearsal"), self.history)
        self.states: list[str] = []

    def heard(self, changed: object) -> None:
        code = self.session.code
        if not self.states or self.states[-1] != code.state:
            self.states.append(code.state)

    async def until(self, holds: Callable[[], bool], seconds: float = 15) -> None:
        for _ in range(int(seconds * 100)):
            if holds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"it never came to that; code is {self.session.code}")


async def nothing() -> AsyncIterator[str]:
    for never in ():
        yield never


def at_desk(folder: Path, flow: Callable[[Desk], Awaitable[None]], *, watched: bool = True) -> None:
    """Run `flow` with a session, its folder watched, and clear away after it."""

    async def run() -> None:
        desk = Desk(folder)
        tasks: set[asyncio.Task[None]] = set()
        await desk.session.reload()
        desk.session.listeners.append(desk.heard)

        async def watch() -> None:
            async for _ in watch_code(desk.root, "shop") if watched else nothing():
                task = asyncio.create_task(desk.session.reload())
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        watcher = asyncio.create_task(watch())
        await asyncio.sleep(0.3)
        try:
            await flow(desk)
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, *tasks, return_exceptions=True)
            desk.host.close()
            desk.history.close()

    asyncio.run(run())


def policies(desk: Desk) -> list[str]:
    return [p.name for p in desk.session.agent_info.policies] if desk.session.agent_info else []


def with_window() -> str:
    return shop_files(WINDOW)["shop/returns/journey.py"]


def test_a_save_loads_the_new_policy_and_runs_the_conversation_again(tmp_path):
    async def flow(desk):
        await desk.session.send("I want to return my shoes")
        write(desk.root, {"shop/returns/journey.py": with_window()})
        await desk.until(lambda: desk.session.rerun is not None)
        first = desk.session.rerun.differences[0]
        assert first.step_id == "1.2.1"
        assert "return_window" in first.now
        assert desk.session.code.note == "actions differ at step 1.2.1"
        assert len(desk.session.trace) == len(desk.history.read(desk.session.id).events)

    at_desk(tmp_path, flow)


def test_an_edited_manual_is_reported_if_the_actions_are_the_same(tmp_path):
    async def flow(desk):
        await desk.session.send("I want to return my shoes")
        (desk.root / "shop/returns/manual.md").write_text("# Returns\nBe quick.\n")
        await desk.until(lambda: desk.session.rerun is not None)
        note = desk.session.code.note
        assert note == "same actions; the prompt differs from step 1.1.1 on; the rehearsal does not read it"

    at_desk(tmp_path, flow)


def test_a_syntax_error_names_its_line_and_the_old_code_stays_in_use(tmp_path):
    async def flow(desk):
        desk.journey.write_text(desk.journey.read_text() + "\ndef broken(:\n")
        await desk.until(lambda: desk.session.code.state == "broken")
        line = desk.journey.read_text().count("\n")
        assert desk.session.code.where == f"shop/returns/journey.py:{line}"
        assert desk.session.code.usable
        await desk.session.send("I want to return my shoes")
        assert str(desk.session.trace[-2].text) == "Done."

    at_desk(tmp_path, flow)


def test_fixing_the_syntax_error_loads_the_code_again(tmp_path):
    async def flow(desk):
        good = desk.journey.read_text()
        desk.journey.write_text(good + "\ndef broken(:\n")
        await desk.until(lambda: desk.session.code.state == "broken")
        desk.journey.write_text(good + "\n# mended\n")
        await desk.until(lambda: desk.session.code.state == "ready")
        assert desk.session.code.error == ""

    at_desk(tmp_path, flow)


def test_an_atomic_save_is_detected(tmp_path):
    async def flow(desk):
        beside = desk.journey.with_name("journey.py.new")
        beside.write_text(with_window())
        os.replace(beside, desk.journey)
        await desk.until(lambda: policies(desk) == ["returns.return_window"])

    at_desk(tmp_path, flow)


def test_the_second_of_two_quick_saves_of_the_same_size_is_loaded(tmp_path):
    async def flow(desk):
        one = with_window()
        desk.journey.write_text(one.replace("return_window", "return_wind_1"))
        await desk.until(lambda: policies(desk) == ["returns.return_wind_1"])
        desk.journey.write_text(one.replace("return_window", "return_wind_2"))
        await desk.until(lambda: policies(desk) == ["returns.return_wind_2"])

    at_desk(tmp_path, flow)


def test_the_error_of_a_half_written_file_disappears_when_the_file_is_complete(tmp_path):
    async def flow(desk):
        whole = with_window()
        with desk.journey.open("w") as file:
            file.write(whole[: len(whole) // 2])
            file.flush()
            await asyncio.sleep(0.4)
            file.write(whole[len(whole) // 2 :])
        await desk.until(
            lambda: policies(desk) == ["returns.return_window"] and desk.session.code.state == "ready"
        )

    at_desk(tmp_path, flow)


def test_a_new_helper_module_loads_and_a_deleted_one_is_named(tmp_path):
    async def flow(desk):
        helper = desk.root / "shop/returns/limits.py"
        helper.write_text("DAYS = 30\n")
        desk.journey.write_text("from .limits import DAYS\n" + desk.journey.read_text())
        await desk.until(
            lambda: (
                desk.session.code.state == "ready" and "shop/returns/limits.py" in desk.session.agent_info.files
            )
        )
        helper.unlink()
        await desk.until(lambda: desk.session.code.state == "broken")
        assert "limits" in desk.session.code.error
        assert desk.session.code.where == "shop/returns/journey.py:1"

    at_desk(tmp_path, flow)


def test_an_endless_loop_at_import_is_stopped_and_its_line_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.runtime.worker.LOAD_SECONDS", 1.0)

    async def flow(desk):
        desk.journey.write_text(desk.journey.read_text() + "\nwhile True:\n    pass\n")
        await desk.until(lambda: desk.session.code.state == "broken")
        line = desk.journey.read_text().count("\n")
        assert desk.session.code.where in (
            f"shop/returns/journey.py:{line}",
            f"shop/returns/journey.py:{line - 1}",
        )
        await desk.session.send("I want to return my shoes")
        assert str(desk.session.trace[-2].text) == "Done."

    at_desk(tmp_path, flow)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("while True: pass", "blocked for 1 s"),
        ("import time; time.sleep(60)", "blocked for 1 s"),
        ("import os; os._exit(7)", "exit status 7"),
    ],
)
def test_a_tool_that_never_returns_becomes_a_step_and_the_conversation_continues(tmp_path, body, words):
    async def flow(desk):
        broken = JOURNEY.replace('        return "R-1"', f"        {body}")
        assert broken != JOURNEY
        write(desk.root, shop_files(agent=AGENT, journey=broken))
        await desk.session.reload()
        await desk.session.send("I want to return my shoes")
        fault = next(s for s in desk.session.trace if isinstance(s, Fault))
        assert words in fault.message
        if "blocked" in words:
            assert fault.where.startswith("shop/returns/journey.py:")
        assert isinstance(desk.session.trace[-1], TurnEnded)
        assert desk.session.trace[-1].reason == "killed"
        write(desk.root, shop_files(agent=AGENT))
        await desk.session.reload()
        await desk.session.send("I want to return my shoes")
        assert desk.session.trace[-1].reason == "replied"

    at_desk(tmp_path, flow, watched=False)


def test_a_worker_that_is_killed_loses_no_finished_step(tmp_path):
    async def flow(desk):
        await desk.session.send("I want to return my shoes")
        before = len(desk.session.trace)
        os.kill(desk.session.code_service._idle[-1]._process.pid, 9)
        await asyncio.sleep(0.2)
        await desk.session.send("again, return my shoes")
        assert len(desk.history.read(desk.session.id).events) == len(desk.session.trace)
        assert len(desk.session.trace) > before
        assert desk.session.trace[-1].reason == "replied"

    at_desk(tmp_path, flow)


def test_a_session_is_resumed_from_its_file_with_its_world(tmp_path):
    async def flow(desk):
        await desk.session.send("I want to return my shoes")
        kept = desk.history.read(desk.session.id)
        again = Session(CodeService(desk.host, "shop", "rehearsal"), desk.history, id=kept.id)
        again.load(kept.setup, kept.trace, list(kept.annotations.values()), begun=True)
        await again.reload()
        await again.send("return my shoes")
        assert desk.history.read(kept.id).events[-1].turn == 2

    at_desk(tmp_path, flow)


def test_temporary_files_of_editors_are_ignored(tmp_path):
    async def flow(desk):
        code = desk.session.agent_info.code
        (desk.root / "shop/returns/.journey.py.swp").write_text("x")
        (desk.root / "shop/returns/4913").write_text("x")
        await asyncio.sleep(0.5)
        assert desk.states == []
        assert desk.session.agent_info.code == code

    at_desk(tmp_path, flow)


def test_a_turn_ends_at_its_time_limit_and_the_conversation_continues(tmp_path):
    async def flow(desk):
        agent = AGENT.replace("Limits(blocking_seconds=1.0, turn_seconds=20)", "Limits(turn_seconds=0.5)")
        waits = "await asyncio.sleep(60)"
        slow = JOURNEY.replace("def create_return", "async def create_return").replace('return "R-1"', waits)
        slow = slow.replace("from dataclasses", "import asyncio\n    from dataclasses")
        write(desk.root, shop_files(agent=agent, journey=slow))
        await desk.session.reload()
        await desk.session.send("I want to return my shoes")
        assert (desk.session.trace[-1].reason, desk.session.trace[-1].detail) == ("limit", "0.5 seconds")
        write(desk.root, shop_files(agent=AGENT))
        await desk.session.reload()
        await desk.session.send("return my shoes")
        assert desk.session.trace[-1].reason == "replied"

    at_desk(tmp_path, flow, watched=False)


def test_an_interrupted_turn_ends_soon_even_if_a_tool_never_returns(tmp_path):
    async def flow(desk):
        agent = AGENT.replace("code=1.0, seconds=20", "code=60.0, seconds=60")
        stuck = JOURNEY.replace('        return "R-1"', "        while True: pass")
        write(desk.root, shop_files(agent=agent, journey=stuck))
        await desk.session.reload()
        saying = asyncio.create_task(desk.session.send("I want to return my shoes"))
        await desk.until(lambda: len(desk.session.trace) == 6)
        desk.session.turn.interrupt()
        await asyncio.wait_for(saying, 10)
        fault = next(s for s in desk.session.trace if isinstance(s, Fault))
        assert fault.message.startswith("interrupted")
        assert fault.where.startswith("shop/returns/journey.py:")

    at_desk(tmp_path, flow, watched=False)


def test_an_adopted_re_run_is_written_to_disk_immediately(tmp_path):
    async def flow(desk):
        await desk.session.send("I want to return my shoes")
        write(desk.root, {"shop/returns/journey.py": with_window()})
        await desk.until(lambda: desk.session.rerun is not None)
        kept = desk.session.reruns.adopt()
        assert desk.history.read(kept.id).setup == kept.setup
        await kept.turn.resume()
        assert desk.history.read(kept.id).events == list(kept.trace.events)
        assert [s.outcome for s in kept.trace if hasattr(s, "outcome")] == ["ok", "blocked"]

    at_desk(tmp_path, flow)


def test_an_interrupted_turn_ends_as_interrupted(tmp_path):
    async def flow(desk):
        slow = JOURNEY.replace("def create_return", "async def create_return")
        slow = slow.replace('return "R-1"', "await asyncio.sleep(60)")
        slow = slow.replace("from dataclasses", "import asyncio\n    from dataclasses")
        write(desk.root, shop_files(agent=AGENT, journey=slow))
        await desk.session.reload()
        saying = asyncio.create_task(desk.session.send("I want to return my shoes"))
        await desk.until(lambda: len(desk.session.trace) == 6)
        desk.session.turn.interrupt()
        await saying
        assert desk.session.trace[-1].reason == "interrupted"

    at_desk(tmp_path, flow, watched=False)


SLOW = (
    JOURNEY.replace("def create_return", "async def create_return")
    .replace('return "R-1"', 'await asyncio.sleep(0.8); return "R-1"')
    .replace("from dataclasses", "import asyncio\n    from dataclasses")
)


async def slow_turn(desk: Desk) -> asyncio.Task[None]:
    """A turn in progress, in the middle of a tool that takes its time."""
    write(desk.root, shop_files(agent=AGENT, journey=SLOW))
    await desk.session.reload()
    saying = asyncio.create_task(desk.session.send("I want to return my shoes"))
    await desk.until(lambda: len(desk.session.trace) == 6)
    return saying


def test_saves_during_a_turn_leave_no_extra_worker(tmp_path):
    async def flow(desk):
        saying = await slow_turn(desk)
        for number in (1, 2, 3):
            write(desk.root, shop_files(agent=AGENT + f"    # {number}\n", journey=SLOW))
            await desk.session.reload()
        await saying
        assert desk.session.trace[-1].reason == "replied"
        await desk.until(lambda: len(multiprocessing.active_children()) <= 2, 5)  # it, and the spare one
        await desk.session.send("return my shoes")
        assert desk.session.trace[-1].reason == "replied"

    at_desk(tmp_path, flow, watched=False)


def test_a_conversation_that_starts_after_a_save_uses_the_new_code(tmp_path):
    async def flow(desk):
        saying = await slow_turn(desk)
        write(desk.root, shop_files(WINDOW, agent=AGENT))
        await desk.session.reload()
        other = desk.session.fork(events=[])
        await saying
        await other.send("I want to return my shoes")
        assert other.trace[-1].reason == "replied"
        assert any(getattr(step, "policy", "") == "returns.return_window" for step in other.trace)

    at_desk(tmp_path, flow, watched=False)


def test_a_new_conversation_does_not_show_the_re_run_of_the_previous_one(tmp_path):
    async def flow(desk):
        await desk.session.send("I want to return my shoes")
        write(desk.root, {"shop/returns/journey.py": with_window()})
        await desk.session.reload()
        assert desk.session.code.note
        assert desk.session.fork(events=[]).code.note == ""

    at_desk(tmp_path, flow, watched=False)


def test_a_policy_that_hangs_during_a_save_stops_the_worker_and_loses_no_message(tmp_path):
    async def flow(desk):
        loops = WINDOW.replace("if order is None:", "while True: pass\n        if order is None:")
        await desk.session.send("I want to return my shoes")
        write(desk.root, {"shop/returns/journey.py": shop_files(loops)["shop/returns/journey.py"]})
        await desk.session.reload()
        assert "was stopped" in desk.session.code.note
        with pytest.raises(UsageError, match="hung"):
            await desk.session.saving.save("golden", "Hangs")
        write(desk.root, shop_files(agent=AGENT))
        await desk.session.reload()
        await desk.session.send("return my shoes")
        assert desk.session.trace[-1].reason == "replied"

    at_desk(tmp_path, flow, watched=False)


def test_two_messages_sent_together_after_a_crash_do_not_overlap(tmp_path):
    async def flow(desk):
        desk.session.code_service.close()
        said = await asyncio.gather(
            desk.session.send("return my shoes"), desk.session.send("return my shoes"), return_exceptions=True
        )
        done = [type(one).__name__ for one in said].count("NoneType")
        assert [s.reason for s in desk.session.trace if isinstance(s, TurnEnded)] == ["replied"] * done
        assert [s.turn for s in desk.session.trace] == sorted(s.turn for s in desk.session.trace)

    at_desk(tmp_path, flow, watched=False)
