"""Invariants of a session during concurrent requests: no screen, the engine in the same loop."""

from __future__ import annotations

import asyncio

import pytest

from tui.host import FakeHost, Memory, Script, make_agent, say, use
from workbench.engine.ablation import DisabledPart
from workbench.errors import JourneyError, UsageError
from workbench.file_edits import CHANGED_SINCE
from workbench.trace.events import Answer, Reply, TurnEnded, UserMessage
from workbench.trace.step_id import StepId
from workbench.trace.trace import Trace
from workbench.transcripts.transcript import Annotation
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session

WINDOW = DisabledPart("policy", "returns/return_window")
TURN = [[use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], [say("Too late.")]]


@pytest.fixture
def shop(tmp_path):
    """Run a flow with a session on a small agent: `shop(flow, *answers)`."""

    def run(flow, *answers):
        host = FakeHost(make_agent(tmp_path), Script(*answers))

        async def whole():
            session = Session(CodeService(host, "shop", "script"), Memory())
            await session.reload()
            await flow(session)

        asyncio.run(whole())

    return run


def test_a_takeover_that_could_not_start_can_be_repeated(shop):
    async def flow(session):
        await session.send("return OL-1")
        fork = session.fork_mid_turn(StepId(1, 2), [say("No.")])

        def full(id, head):
            raise UsageError("no space left")

        begin, session.store.begin = session.store.begin, full
        with pytest.raises(UsageError, match="no space"):
            await fork.turn.resume()
        session.store.begin = begin
        await fork.turn.resume()
        assert [str(s.text) for s in fork.trace if isinstance(s, Reply)] == ["No."]

    shop(flow, *TURN)


def test_a_greeting_before_the_first_customer_message_cannot_be_run_again(shop):
    async def flow(session):
        greeting = [
            Answer(turn=1, answer=1, blocks=[say("Hello, how can I help?")]),
            TurnEnded(turn=1, reason="replied"),
        ]
        session.load(session.setup, Trace(greeting), [], begun=False)
        with pytest.raises(UsageError, match="the agent spoke first"):
            session.fork_mid_turn(StepId(1, 1))

    shop(flow)


def test_a_re_run_without_a_policy_is_not_shown_after_the_policy_is_enabled(shop):
    async def flow(session):
        await session.send("return OL-1")
        run, go = session.reruns.rerun_events, asyncio.Event()

        async def slow(*what):
            found = await run(*what)
            await go.wait()
            return found

        session.reruns.rerun_events = slow
        first = asyncio.create_task(session.reruns.disable([WINDOW]))
        await asyncio.sleep(0)
        await session.reruns.disable([])
        go.set()
        await first
        assert session.disabled == ()
        assert session.rerun is None
        assert session.reruns.note == ""

    shop(flow, *TURN)


def test_a_fork_before_a_turn_that_ran_without_a_policy_can_be_saved(shop):
    async def flow(session):
        await session.send("hello")
        await session.reruns.disable([WINDOW])
        await session.send("return OL-1")
        with pytest.raises(UsageError, match="fork before that turn"):
            await session.saving.save("golden", "a guard")
        fork = session.fork(StepId(2))
        await fork.reruns.disable([])
        saved = await fork.saving.save("golden", "a guard")
        assert saved.verdict == "PASS"

    shop(flow, [say("hi")], *TURN)


def test_an_error_during_a_turn_ends_the_recorded_turn(shop):
    async def flow(session):
        hear = session.turn._receive

        async def breaks(worker, turn):
            session.turn._record(UserMessage(turn=1, text=turn.text))
            raise JourneyError("a bug")

        session.turn._receive = breaks
        with pytest.raises(JourneyError):
            await session.send("hello")
        assert isinstance(session.trace[-1], TurnEnded)
        session.turn._receive = hear
        await session.send("again")
        assert [s.turn for s in session.trace if isinstance(s, UserMessage)] == [1, 2]

    shop(flow, [say("hi")])


def test_a_failed_undo_can_be_repeated_later(shop):
    async def flow(session):
        await session.send("hello")
        await session.saving.save("golden", "a guard")

        def locked(path):
            raise UsageError("cannot remove it")

        remove, session.store.remove = session.store.remove, locked
        with pytest.raises(UsageError, match="cannot remove"):
            session.history.undo()
        session.store.remove = remove
        assert "save of" in session.history.undo()
        assert session.store.saved == {}
        assert "save of" in session.history.redo()
        assert [saved.path for saved in session.saving.saved.values()] == list(session.store.saved)

    shop(flow, [say("hi")])


def test_undo_and_redo_go_back_and_forth_and_a_new_change_ends_the_redo(shop):
    async def flow(session):
        await session.send("hello")
        session.annotate(Annotation("1.1.0", note="one"))
        session.annotate(Annotation("1.1.0", note="two"))
        session.history.undo()
        assert session.annotations["1.1.0"].note == "one"
        session.history.undo()
        assert session.annotations == {}
        session.history.redo()
        session.history.redo()
        assert session.annotations["1.1.0"].note == "two"
        session.history.undo()
        session.annotate(Annotation("1.1.0", note="three"))
        with pytest.raises(UsageError, match="nothing to redo"):
            session.history.redo()

    shop(flow, [say("hi")])


def test_an_annotation_that_another_program_has_changed_is_kept_and_the_change_before_can_be_undone(shop):
    async def flow(session):
        await session.send("hello")
        session.annotate(Annotation("1.1.1", note="first"))
        session.annotate(Annotation("1.1.0", note="mine"))
        stored = {"1.1.1": Annotation("1.1.1", note="first"), "1.1.0": Annotation("1.1.0", note="theirs")}
        session.store.annotations = lambda id: stored
        with pytest.raises(UsageError) as error:
            session.history.undo()
        assert error.value.code == CHANGED_SINCE
        assert session.history.undo() == "annotation at 1.1.1"

    shop(flow, [say("hi")])
