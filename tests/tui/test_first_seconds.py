"""What the screen says is so: while loading, while a turn runs, and after a reload."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from support.kit import JOURNEY, WINDOW
from tui.host import Script, say, use
from workbench.engine.model import Delta
from workbench.runtime.protocol import DeltaStreamed, DifferenceInfo, RerunDone
from workbench.trace.events import (
    Answer,
    PolicyDecision,
    Prompt,
    Reply,
    ToolResult,
    TurnEnded,
    UserMessage,
)
from workbench.trace.setup import Setup
from workbench.trace.step_id import StepId
from workbench.trace.trace import Trace
from workbench.tui.view.rows import RowModel
from workbench.tui.view.status import waiting_text
from workbench.tui.view.tabs import tab_lines, tab_text
from workbench.tui.view.text import plain
from workbench.tui.view.view import View
from workbench.workspace.outcomes import actions_of
from workbench.workspace.partial_answer import AnswerInProgress
from workbench.workspace.reruns import describe_rerun

LATE = [[use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], [say("Too late.")]]


def test_the_footer_shows_the_keys_of_the_input_from_the_start(play):
    async def flow(bench):
        assert bench.screen.focused is bench.screen.entry
        assert bench.screen.keys.keys[0] == ("enter", "send")

    play(flow)


def test_while_a_turn_runs_the_footer_has_esc_once(play):
    async def flow(bench):
        bench.screen.entry.text = "hello"
        await bench.pilot.press("enter")
        await bench.until(lambda: bench.app.session.busy)
        bench.screen.offer_keys()
        for where in ("typing", "steps"):
            keys = [title for key, title in bench.screen.keys.keys if "esc" in key.split()]
            assert keys == ["interrupt"], where
            bench.screen.steps.focus()
            await bench.settle()
            bench.screen.offer_keys()
        await bench.until(lambda: not bench.app.session.busy)

    play(flow, Script([say("one two three four five six seven")], pace=0.1))


def working(*deltas):
    progress = AnswerInProgress("script")
    for delta in deltas:
        progress.add(DeltaStreamed(1, 1, delta))
    trace = Trace([UserMessage(turn=1, text="hi"), Answer(turn=1, answer=1, blocks=[use("pay", amount=1)])])
    return progress, SimpleNamespace(turn=SimpleNamespace(last_event_at=0.0, answering=progress), trace=trace)


def test_the_status_names_the_policy_that_decides_and_then_the_tool():
    progress, session = working(Delta("policy", "returns.ask_first"))
    assert waiting_text(session).startswith("ask_first decides")
    progress.take(PolicyDecision(turn=1, answer=1, call=1, policy="returns.ask_first", hook="before_tool"))
    assert waiting_text(session).startswith("pay runs")


def test_a_policy_that_loops_is_named_while_it_does(play, tmp_path):
    """The engine tells the name before it calls the policy."""
    seen = []

    async def flow(bench):
        turn = bench.app.session.turn
        bench.app.session.listeners.append(
            lambda changed: seen.append(turn.answering.activity) if changed.delta is not None else None
        )
        await bench.say("return OL-1")
        assert "returns.return_window" in seen
        assert turn.answering.activity == ""

    play(flow, Script(*LATE))


# reloads


NEW = (
    WINDOW
    + """

@returns.policy(before=create_return)
def ask_first(call, conversation):
    '''The customer is asked first.'''
    return None
"""
)


def test_a_new_policy_that_lets_everything_pass_is_reported(play):
    async def flow(bench):
        await bench.say("return OL-2")
        await bench.save_file("shop/returns/journey.py", dedented(JOURNEY, NEW))
        await bench.until(lambda: "1 new policy was asked, and let it pass" in bench.text())

    good = [[use("create_return", order_number="OL-2")], [say("Done.")]]
    play(flow, Script([use("find_order", order_number="OL-2")], *good))


def dedented(*parts):
    import textwrap

    return "\n".join(textwrap.dedent(part) for part in parts)


def test_without_a_new_policy_the_note_names_none():
    prompt = Prompt(turn=1, answer=1, sections=[], tools=[], policies=["a"])
    decided = PolicyDecision(turn=1, answer=1, policy="a", hook="before_reply")
    done = RerunDone([prompt, decided], {})
    assert describe_rerun(done, "script", recorded=[prompt]) == "same actions"
    assert "1 new policy" in describe_rerun(done, "script", recorded=[])


def test_a_rerun_on_older_code_is_not_shown_as_now(play):
    async def flow(bench):
        await bench.say("return OL-1")
        first = bench.app.session
        await bench.save_file("shop/returns/journey.py", dedented(JOURNEY, WINDOW.replace("> 30", "> 60")))
        await bench.until(lambda: first.rerun is not None)
        await bench.press("escape", "ctrl+n")
        await bench.save_file("shop/returns/journey.py", dedented(JOURNEY, WINDOW))
        assert first.rerun is None

    play(flow, Script(*LATE))


# outcomes and differences


def test_the_outcome_of_a_run_comes_before_its_arguments():
    call = Answer(turn=1, answer=1, blocks=[use("pay", amount="x" * 90)])
    blocked = ToolResult(turn=1, answer=1, call=1, tool="pay", outcome="error", value="no")
    limit = TurnEnded(turn=1, reason="limit", detail="")
    events = [UserMessage(turn=1, text="hi"), call, blocked, limit]
    first, second = actions_of(events, StepId(1))
    assert first == "ended: limit"
    assert second.startswith("error pay(")


@pytest.mark.parametrize("cells", [60, 70, 91, 92, 120])
def test_a_difference_keeps_its_sides_at_every_width(cells):
    trace = Trace([
        UserMessage(turn=1, text="hi"),
        Answer(turn=1, answer=1, blocks=[say("Hello.")]),
        PolicyDecision(turn=1, answer=1, policy="p", hook="before_reply", effect="block", reason="then"),
    ])  # fmt: skip
    now = [
        *list(trace)[:2],
        PolicyDecision(turn=1, answer=1, policy="p", hook="before_reply", reason="today"),
        Reply(turn=1, answer=1, text="Hello."),
    ]
    rerun = RerunDone(now, {}, [DifferenceInfo("1.1.0", "blocked", "allowed", "it was blocked")])
    model = RowModel()
    model.read(trace)
    view = View(trace, Setup(agent="shop"), {}, rerun)
    texts = ["\n".join(plain(line) for line in tab_lines("step", view, model.rows[-1], cells))]
    if cells < 92:
        texts.append(tab_text("step", view, model.rows[-1]))
        for text in texts:
            lines = [line.strip() for line in text.splitlines()]
            assert lines.index("recorded") < next(i for i, line in enumerate(lines) if "“then”" in line)
            assert lines.index("now") < next(i for i, line in enumerate(lines) if "“today”" in line)
            assert lines.index("recorded") < lines.index("now")
    else:
        assert "│" in texts[0]


def test_a_manual_answer_is_recorded_with_the_model_that_continues(play):
    async def flow(bench):
        await bench.say("return OL-1")
        await bench.say("and now?")
        session = bench.app.session
        fork = session.fork_mid_turn(StepId(2, 1), [say("By hand.")])
        await fork.turn.resume()
        assert "" not in [event.model for event in fork.trace if isinstance(event, Prompt)]

    play(flow, Script(*LATE, [say("Sorry.")]))
