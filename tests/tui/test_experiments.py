"""Experiments with a step: rerun, manual answer, disabled parts; and several open conversations."""

from __future__ import annotations

import msgspec
import pytest

from tui.host import Script, say, think, use
from workbench.workspace.open_conversations import WorkspaceSnapshot

OLD = [[think("look"), use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")]]
TURN = [*OLD, [say("It is too late for that.")]]


def outcomes(bench):
    return [(len(o.runs), o.actions) for o in bench.screen.list.found]


async def go_to(bench, words):
    """Move the cursor of the steps to the first row that contains these words."""
    lines = bench.pane("#steps").split("\n")
    at = next(i for i, line in enumerate(lines) if words in line)
    bench.screen.steps.move(bench.screen.steps.item_at(at))
    await bench.settle()


async def ask_the_model(bench, times):
    """Rerun the step of the cursor with the model, and wait until all runs have ended."""
    await bench.press("r")
    bench.screen.query_one("#ask").choose("the model")
    bench.screen.query_one("#times").text = str(times)
    await bench.press("ctrl+s")
    await bench.until(lambda: f"{times} of {times} ran" in bench.text())


def test_a_step_is_run_several_times_with_the_model_and_the_outcomes_are_counted(play):
    async def flow(bench):
        await bench.say("return OL-1")
        await bench.press("escape")
        await go_to(bench, "create_return")
        await ask_the_model(bench, times=3)
        assert outcomes(bench) == [
            (2, ("reply",)),
            (1, ("blocked create_return(order_number=OL-1)", "reply")),
        ]
        bench.picture("rerun")

    again = [[say("No.")], [say("It is too late.")], OLD[1], [say("Sorry.")]]
    play(flow, Script(*TURN, *again))


def test_only_the_selected_run_becomes_a_conversation(play):
    async def flow(bench):
        await bench.say("return OL-1")
        original = bench.app.session
        await bench.press("escape")
        await go_to(bench, "create_return")
        await ask_the_model(bench, times=1)
        assert list(bench.store.records) == [original.id]
        await bench.press("enter")
        assert bench.app.session is not original
        assert "No, I cannot." in bench.pane("#chat")
        assert "It is too late for that." not in bench.pane("#chat")
        assert len(bench.store.records[bench.app.session.id]) > 3
        assert [s.id for s in bench.app.conversations.open] == [original.id, bench.app.session.id]

    play(flow, Script(*TURN, [say("No, I cannot.")]))


def test_a_run_keeps_the_earlier_steps_and_their_world(play):
    async def flow(bench):
        await bench.say("return OL-2")
        await bench.press("escape")
        await go_to(bench, "Done")
        await ask_the_model(bench, times=1)
        run = bench.screen.runs[0]
        values = [s.value for s in run.trace if getattr(s, "tool", "") == "find_order"]
        assert [v["returned"] for v in values] == [False, True]

    first = [[use("find_order", order_number="OL-2")], [use("create_return", order_number="OL-2")], [say("Done")]]
    play(flow, Script(*first, [use("find_order", order_number="OL-2")], [say("It is returned.")]))


def test_esc_stops_the_runs_and_keeps_the_finished_ones_on_screen(play):
    async def flow(bench):
        await bench.say("return OL-1")
        await bench.press("escape")
        await go_to(bench, "create_return")
        await bench.press("r")
        bench.screen.query_one("#ask").choose("the model")
        bench.screen.query_one("#times").text = "50"
        bench.model.pace = 0.05
        await bench.press("ctrl+s")
        await bench.until(lambda: bench.screen.runs)
        await bench.press("escape")
        await bench.until(lambda: not bench.screen.running)
        await bench.until(lambda: "ran" in bench.text())
        assert 0 < len(bench.screen.runs) < 50
        await bench.press("escape")
        await bench.say("are you there?")

    play(flow, Script(*TURN))


def test_a_takeover_calls_a_tool_and_adds_the_annotation_that_was_chosen(play):
    async def flow(bench):
        await bench.say("return OL-1")
        original = bench.app.session
        await bench.press("escape")
        await go_to(bench, "create_return")
        await bench.press("W")
        bench.screen.query_one("#args").text = '{"order_number": "OL-2"}'
        bench.screen.query_one("#cause").choose("policy")
        bench.picture("takeover")
        await bench.press("ctrl+s")
        await bench.until(lambda: "It is returned." in bench.pane("#chat"))
        assert original.annotations["1.2.1"].cause == "policy"
        assert original.annotations["1.2.1"].expected == "call create_return(order_number='OL-2')"
        fork = bench.app.session
        assert fork is not original
        results = [(s.tool, s.outcome) for s in fork.trace if hasattr(s, "outcome")]
        assert results == [("find_order", "ok"), ("create_return", "blocked")]  # OL-2 was never looked up
        assert "manual create_return(OL-2)" in bench.pane("#steps")
        assert [s.model for s in fork.trace if hasattr(s, "blocks")] == ["script", "manual", "script"]

    play(flow, Script(*TURN, [say("It is returned.")]))


def test_a_takeover_annotates_only_with_a_chosen_cause(play):
    async def flow(bench):
        await bench.say("return OL-1")
        original = bench.app.session
        await bench.press("escape")
        await go_to(bench, "create_return")
        await bench.press("W", "ctrl+s")
        await bench.until(lambda: bench.app.session is not original)
        assert original.annotations == {}

    play(flow, Script(*TURN, [say("It is returned.")]))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ('{"order_number": 7}', "order_number: 7 is not of type 'string'"),
        ("{}", "order_number is missing"),
        ('{"order_number": "OL-1"', "JSON object"),
        ("OL-2", "JSON object"),
    ],
)
def test_the_arguments_of_a_takeover_are_checked_as_they_are_typed(play, args, words):
    async def flow(bench):
        await bench.say("return OL-1")
        original = bench.app.session
        await bench.press("escape")
        await go_to(bench, "create_return")
        await bench.press("W")
        bench.screen.query_one("#args").text = args
        await bench.settle()
        assert words in bench.text()
        await bench.press("ctrl+s")
        assert bench.app.session is original
        assert bench.screen.focused is bench.screen.query_one("#args")
        bench.screen.query_one("#args").text = '{"order_number": "OL-1"}'
        await bench.settle()
        assert words not in bench.text()

    play(flow, Script(*TURN))


def test_a_takeover_refuses_arguments_that_are_not_an_object_and_keeps_the_text(play):
    async def flow(bench):
        await bench.say("return OL-1")
        await bench.press("escape")
        await go_to(bench, "create_return")
        await bench.press("W")
        bench.screen.query_one("#args").text = "OL-2"
        await bench.press("ctrl+s")
        assert "must be a JSON object" in bench.text()
        await bench.press("escape", "W")
        assert bench.screen.query_one("#args").text == "OL-2"

    play(flow, Script(*TURN))


def test_a_takeover_writes_the_reply_and_undo_removes_the_annotation(play):
    async def flow(bench):
        await bench.say("return OL-1")
        original = bench.app.session
        await bench.press("escape")
        await go_to(bench, "too late")
        await bench.press("W")
        bench.screen.query_one("#reply").text = "The limit is 30 days."
        bench.screen.query_one("#cause").choose("agent")
        await bench.press("ctrl+s")
        await bench.until(lambda: "The limit is 30 days." in bench.pane("#chat"))
        assert original.annotations["1.3.0"].expected == "reply: The limit is 30 days."
        bench.app.navigation.switch(original)
        await bench.press("escape", "u")
        assert original.annotations == {}

    play(flow, Script(*TURN))


async def without_the_window(bench):
    await bench.say("return OL-1")
    await bench.press("escape")
    await go_to(bench, "create_return")
    await bench.press("x")
    await bench.press("enter", "ctrl+s")
    await bench.until(lambda: bench.app.session.rerun is not None)


def test_disabling_a_policy_runs_the_conversation_again_and_shows_the_changes(play):
    async def flow(bench):
        await without_the_window(bench)
        assert "WITHOUT returns.return_window" in bench.text()
        assert "without policy returns.return_window: actions differ at step 1.2.1" in bench.text()
        bench.picture("disable")

    play(flow, Script(*TURN))


def test_a_conversation_with_a_turn_without_a_policy_cannot_be_saved(play):
    async def flow(bench):
        await without_the_window(bench)
        await bench.say("do it")
        assert "R-1" in bench.pane("#steps")
        await bench.press("escape", "x", "enter", "ctrl+s")
        await bench.until(lambda: bench.app.session.disabled == ())
        assert "WITHOUT" not in bench.text()
        assert "some turns ran without" in bench.text()
        await bench.press("t")
        assert not bench.screen.query("#title")
        assert "cannot be saved" in bench.text()
        assert bench.store.saved == {}

    play(flow, Script(*TURN, OLD[1], [say("Done.")]))


def test_a_paragraph_and_a_tool_can_be_disabled(play):
    async def flow(bench):
        await bench.say("return OL-1")
        await bench.press("escape", "x")
        for words in ("manual then", "tool create"):
            bench.screen.query_one("#search").text = words
            await bench.settle()
            await bench.press("enter")
        await bench.press("ctrl+s")
        await bench.until(lambda: bench.app.session.rerun is not None)
        assert "WITHOUT create_return, returns manual: Then ¶1" in bench.text()
        assert "actions differ at step 1.2.1" in bench.text()
        assert "absent" in bench.pane("#detail")

    play(flow, Script(*TURN))


def test_a_conversation_can_answer_while_another_is_on_screen(play):
    async def flow(bench):
        bench.model.pace = 0.02
        bench.screen.entry.text = "tell me a long story"
        await bench.press("enter")
        first = bench.app.session
        await bench.until(lambda: first.busy)
        await bench.press("ctrl+n")
        second = bench.app.session
        assert second is not first
        assert first.busy
        bench.screen.entry.text = "hello"
        await bench.press("enter")
        await bench.until(lambda: "has finished" in bench.text())
        await bench.until(lambda: not second.busy)
        assert "story" in first.trace[len(first.trace) - 2].text
        await bench.press("escape", "b")
        assert "tell me a long story" in bench.text()
        bench.picture("conversations")
        await bench.press("k", "enter")
        assert bench.app.session is first
        await bench.press("right_parenthesis")
        assert bench.app.session is second

    play(flow, Script([say("a story " * 60)], [say("hi")]))


def test_closing_the_last_conversation_opens_an_empty_one(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "ctrl+n", "escape", "ctrl+n")
        assert len(bench.app.conversations.open) == 2
        await bench.press("escape", "b", "x", "x", "escape")
        assert len(bench.app.conversations.open) == 1
        assert len(bench.app.session.trace) == 0
        assert "A new conversation with shop" in bench.pane("#chat")

    play(flow, Script([say("hi")]))


def test_the_workspace_is_saved_with_the_step_and_the_unsent_text(play):
    async def flow(bench):
        await bench.say("return OL-1")
        bench.screen.entry.text = "but I"
        await bench.press("escape")
        await go_to(bench, "create_return")
        bench.screen.save_workspace()
        snapshot = msgspec.json.decode(bench.store.workspace, type=WorkspaceSnapshot)
        assert snapshot == WorkspaceSnapshot([bench.app.session.id], bench.app.session.id, "1.2.1", "but I", False)

    play(flow, Script(*TURN))


def test_the_open_conversations_are_restored_after_a_crash(play):
    async def flow(bench):
        await bench.say("return OL-1")
        first = bench.app.session
        bench.shelf.sessions[first.id] = first
        bench.app.conversations.switch_to(first.fork(events=[]))
        bench.app.conversations.open.remove(first)
        bench.app.conversations.previous = WorkspaceSnapshot([first.id], first.id, "1.2.1", "but I")
        bench.app.navigation.show_live()
        await bench.press("escape", "B")
        assert bench.app.session.id == first.id
        assert str(bench.screen.step_id) == "1.2.1"
        assert bench.screen.entry.text == "but I"
        await bench.press("B")
        assert "nothing to restore" in bench.text()

    play(flow, Script(*TURN))


def test_the_screen_shows_how_long_a_turn_has_been_waiting(play):
    async def flow(bench):
        bench.model.pace = 30
        bench.screen.entry.text = "hello"
        await bench.press("enter")
        await bench.until(lambda: "answering" in bench.text())
        bench.app.session.turn.last_event_at -= 12
        await bench.until(lambda: "answering… 12 s" in bench.text() or "answering… 13 s" in bench.text())
        await bench.press("escape")
        await bench.until(lambda: not bench.app.session.busy)

    play(flow, Script([say("slow words")]))
