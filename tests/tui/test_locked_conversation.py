"""A conversation locked by another workbench: every action that would write to it is refused."""

from __future__ import annotations

from tui.host import Script
from tui.test_experiments import OLD, TURN, ask_the_model, go_to
from workbench.errors import UsageError
from workbench.transcripts.transcript import Annotation
from workbench.workspace.open_conversations import WorkspaceSnapshot

HELD = "another workbench (pid 7) has this conversation open"


async def held(bench):
    """Open a past conversation that another workbench has locked."""
    await bench.say("return OL-1")
    session = bench.app.session
    session.load(session.setup, session.trace, [], begun=True)
    bench.store.lock = lambda id: HELD
    await bench.press("escape")
    await go_to(bench, "create_return")
    return session


def test_an_annotation_on_a_locked_conversation_is_refused_with_a_message(play):
    async def flow(bench):
        session = await held(bench)
        await bench.press("a", "ctrl+s")
        assert "another workbench" in bench.text()
        assert session.annotations == {}

    play(flow, Script(*TURN))


def test_a_takeover_of_a_locked_conversation_is_refused_with_a_message(play):
    async def flow(bench):
        session = await held(bench)
        await bench.press("W")
        bench.screen.query_one("#do").choose("reply")
        bench.screen.query_one("#reply").text = "No."
        bench.screen.query_one("#cause").choose("agent")  # an annotation is written to the original
        await bench.press("ctrl+s")
        assert "another workbench" in bench.text()
        assert session.annotations == {}

    play(flow, Script(*TURN))


def test_a_run_that_cannot_be_written_is_not_reported_as_kept(play):
    async def flow(bench):
        await bench.say("return OL-1")
        session = bench.app.session
        await bench.press("escape")
        await go_to(bench, "create_return")
        await ask_the_model(bench, times=1)

        def full(id, head):
            raise UsageError("cannot write it: No space left on device")

        bench.store.begin = full
        await bench.press("enter")
        assert "No space left" in bench.text()
        assert bench.app.session is session

    play(flow, Script(*TURN, *OLD))


def test_undo_in_a_reopened_conversation_affects_that_conversation(play):
    async def flow(bench):
        await bench.say("return OL-1")
        first = bench.app.session
        await bench.press("escape", "ctrl+n")
        await bench.say("return OL-1")
        second = bench.app.session
        for session in (first, second):
            bench.shelf.sessions[session.id] = session
        bench.app.conversations.switch_to(first.fork(events=[]))
        bench.app.conversations.open[:] = [bench.app.session]
        bench.app.conversations.previous = WorkspaceSnapshot([first.id, second.id], first.id, "1.2.1", "")
        bench.app.navigation.restore()
        await bench.settle()
        here, beside = (bench.app.conversations.find(session.id) for session in (first, second))
        beside.annotate(Annotation("1.2.1", "agent"))
        await bench.press("u")
        assert "nothing to undo" in bench.text()
        assert list(beside.annotations) == ["1.2.1"]
        assert here is bench.app.session

    play(flow, Script(*TURN, *TURN))
