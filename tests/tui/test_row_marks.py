"""The signs in the steps and in the list, the stops of !, and clicks."""

from __future__ import annotations

import time

import pytest

from tui.host import Script, say
from tui.test_develop import OLD
from workbench.trace.events import (
    Answer,
    Fault,
    HandedOff,
    PolicyDecision,
    Reply,
    ToolResult,
    TurnEnded,
    UserMessage,
    WorldChange,
)
from workbench.trace.setup import Setup
from workbench.trace.trace import Trace
from workbench.tui.view import end_lines, step_lines
from workbench.tui.view.rows import RowModel
from workbench.tui.view.tabs import tab_lines
from workbench.tui.view.text import Span, plain
from workbench.tui.view.view import View
from workbench.tui.widgets.library_list import LibraryList, disambiguate
from workbench.workspace.library import Entry

CALL = {"type": "tool_use", "id": "c1", "name": "create_return", "input": {"order_number": "OL-1"}}


def asked(*more, blocks=(CALL,)):
    """Return a trace of one call and the given events."""
    return Trace([UserMessage(turn=1, text="return OL-1"), Answer(turn=1, answer=1, blocks=list(blocks)), *more])


def shown(trace: Trace, wide: bool = True) -> list[str]:
    book = RowModel(wide)
    book.read(trace)
    notes = step_lines.RowMarks()
    return [plain(end_lines.row_lines(r, 120 if wide else 80, notes, wide=wide)[0]).rstrip() for r in book.rows]


def told(trace: Trace, part: str = "step") -> str:
    book = RowModel()
    book.read(trace)
    row = next(r for r in book.rows if r.part == part)
    return "\n".join(plain(line) for line in tab_lines("step", View(trace, Setup(agent="shop"), {}), row, 90))


def result(**more):
    return ToolResult(turn=1, answer=1, call=1, tool="create_return", **more)


def decision(policy, hook, effect, reason=""):
    to = {"order_number": "OL-1"} if effect == "rewrite" else None
    return PolicyDecision(
        turn=1, answer=1, call=1, policy=policy, hook=hook, effect=effect, reason=reason, replacement=to
    )


def test_a_withheld_result_is_shown_like_a_blocked_call():
    changed = [WorldChange(path=["Shop", "orders"], before=1, after=2)]
    trace = asked(
        decision("cut", "before_tool", "rewrite", "shorter"),
        result(value="R-1", changed=changed),
        decision("secret", "after_tool", "block", "it names another customer"),
    )
    for wide in (True, False):
        text = "\n".join(shown(trace, wide))
        assert "create_return(OL-1) ↻ ✗ withheld ✎" in text
        assert "R-1" not in text
        assert "secret ✗ it names another customer" in text
    assert "✗ withheld" in told(trace)
    assert "changed 1 value:" in told(trace)


def test_a_tool_that_ran_when_its_turn_was_killed_shows_it():
    trace = asked(
        Fault(turn=1, answer=1, origin="worker", name="worker", message="it ran too long"),
        TurnEnded(turn=1, reason="killed", detail="it ran too long"),
    )
    for wide in (True, False):
        text = shown(trace, wide)
        assert any("create_return(OL-1) ✗ stopped" in line for line in text)
        assert any("⚠ worker: it ran too long" in line for line in text)
        assert not any(line.strip() in ("2", "2 –", "2    –") or "no reply" in line for line in text)
        assert len([line for line in text if "create_return" in line]) == 1
    assert "✗ stopped before it returned" in told(trace)


LONG = {
    "order_number": "OL-1002",
    "item": "BOOT-42",
    "reason": "does_not_fit",
    "refund_to": "Visa that ends in 4242",
}


@pytest.mark.parametrize(("wide", "cells"), [(True, 84), (True, 100), (False, 60), (False, 78)])
def test_the_outcome_of_a_call_is_shown_before_its_arguments(wide, cells):
    call = {"type": "tool_use", "id": "c", "name": "create_return", "input": LONG | {"note": "x" * 90}}
    trace = asked(decision("window", "before_tool", "block", "too late"), result(outcome="blocked"), blocks=[call])
    book = RowModel(wide)
    book.read(trace)
    row = next(row for row in book.rows if row.part in ("step", "act"))
    lines = (
        step_lines.wide_lines(row, cells, step_lines.RowMarks(), 1)
        if wide
        else [step_lines.narrow_line(row, cells, step_lines.RowMarks())]
    )
    assert "✗ blocked" in plain(lines[0])
    assert "create_return(OL" in plain(lines[0])


def test_text_folded_over_several_lines_has_no_double_spaces():
    words = " ".join(f"number=R-{n}," for n in range(40))
    for cells in range(20, 60):
        folded = step_lines.folded([Span(words)], cells, 3)
        assert not any("  " in plain(line).rstrip() for line in folded)


def test_a_fault_outside_all_steps_has_no_columns():
    trace = Trace([
        UserMessage(turn=1, text="one"),
        Fault(turn=1, answer=1, origin="model", name="model", message="it timed out"),
        TurnEnded(turn=1, reason="model_error"),
        UserMessage(turn=2, text="two"),
        Answer(turn=2, answer=1, blocks=[{"type": "text", "text": "hi"}]),
        Reply(turn=2, answer=1, text="hi"),
        TurnEnded(turn=2, reason="replied"),
    ])  # fmt: skip
    lines = shown(trace)
    assert [line.split()[0] for line in lines if "“hi”" in line] == ["2.1.0"]
    assert not any(line.endswith("–") for line in lines)


def failures(trace: Trace) -> list[str]:
    book = RowModel()
    book.read(trace)
    return [row.part for row in book.rows if row.failed]


def test_a_rewrite_and_a_hand_off_of_the_model_are_not_failures():
    rewritten = asked(decision("cut", "before_tool", "rewrite"), result(value="R-1"))
    assert failures(rewritten) == []
    assert failures(asked(result(value="x"), HandedOff(turn=1, answer=1, call=1, reason="asked for"))) == []
    for outcome in ("error", "rejected", "absent", "fault", "blocked"):
        assert failures(asked(result(outcome=outcome))) == ["step"]
    assert failures(asked(decision("no", "before_tool", "escalate"))) == ["step"]
    assert failures(asked(result(value="x"), decision("no", "after_tool", "block"))) == ["step"]


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_the_next_failure_stops_once_at_each_step_and_at_differences(play, size):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "g", "exclamation_mark")
        assert str(bench.screen.step_id) == "1.2.1"
        await bench.press("exclamation_mark")
        assert "continued at the first" in bench.text()
        assert str(bench.screen.step_id) == "1.2.1"
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        looser = text.replace("> 30", "> 60").replace("look the order up", "look it up")
        await bench.save_file("shop/returns/journey.py", looser)
        assert bench.session.rerun.differences
        await bench.press("g", "exclamation_mark")
        assert str(bench.screen.step_id) == "1.2.1"

    play(flow, Script(*OLD), size=size)


def entry(id, title, kind="session", when=0.0, annotations=0, state="session", number=0):
    return Entry(kind, id, title, "shop", state, when, 1, annotations, row_id=number)


def test_entries_with_the_same_title_show_how_they_differ():
    noon = time.mktime((2026, 1, 5, 12, 0, 0, 0, 0, -1))
    apart = disambiguate([
        entry("transcripts/late.json", "late", "transcript"),
        entry("transcripts/late-2.json", "late", "transcript"),
        entry("a", "talk", when=noon),
        entry("b", "talk", when=noon + 5),
        entry("c", "talk", when=noon + 600),
        entry("d", "alone", when=noon),
    ])  # fmt: skip
    assert apart == {
        "transcript:transcripts/late.json": "late", "transcript:transcripts/late-2.json": "late-2",
        "session:a": "12:00:00", "session:b": "12:00:05", "session:c": "12:10",
    }  # fmt: skip


def test_entries_whose_titles_begin_alike_show_how_they_differ():
    apart = disambiguate([
        entry("0f3a11aa", "Hi! I need to cancel my flight", "import"),
        entry("77bc20bb", "Hi! I need to change a seat", "import"),
        entry("88cd30cc", "Good morning", "import"),
    ])  # fmt: skip
    assert apart == {"import:0f3a11aa": "0f3a11", "import:77bc20bb": "77bc20"}


@pytest.mark.parametrize("width", [24, 40, 76, 120])
def test_a_long_title_is_cut_but_its_signs_and_time_are_not(width):
    shelf = LibraryList()
    shelf.numbers = [1, 2]
    noon = time.mktime((2026, 1, 5, 12, 0, 0, 0, 0, -1))
    shelf.fetch = lambda numbers: [
        entry(f"talk{n}", "a very long title " * 10, when=noon + 600 * n, annotations=12, number=n)
        for n in numbers
    ]
    line = plain(shelf.line(0, width))
    assert "… 12:10" in line
    assert "⚑12" in line


def test_the_list_explains_its_signs(play):
    async def flow(bench):
        await bench.press("escape", "R")
        assert "◆ golden ○ open ✓ fixed · past" in bench.text()

    play(flow, size=(120, 30))


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_a_click_opens_another_screen_or_a_tab(play, size):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape")
        for tab in ("world", "prompt", "step"):
            line = next(i for i, text in enumerate(bench.text().splitlines()) if "3 Detail" in text)
            at = bench.text().splitlines()[line].index(tab)
            await bench.pilot.click(offset=(at, line))
            await bench.settle()
            assert bench.screen.detail.tab == tab
            assert f"[{tab}]" in bench.text()
        for name in ("Review", "Develop"):
            at = bench.text().splitlines()[0].rindex(name)
            await bench.pilot.click(offset=(at + 2, 0))
            await bench.settle()
            assert type(bench.screen).__name__ == name

    play(flow, Script([say("hi")]), size=size)


def test_keys_are_shown_next_to_a_message_if_there_is_room(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "exclamation_mark")
        assert "no step of this conversation was stopped or failed" in bench.pane("#keys")
        assert "? help" in bench.pane("#keys")
        await bench.press("f", "escape")
        bench.screen.notify_user("word " * 60)
        assert "? help" not in bench.pane("#keys")

    play(flow, Script([say("hi")]))


@pytest.mark.parametrize("cells", [18, 24, 30, 34])
def test_a_narrow_list_shows_titles_and_what_distinguishes_equal_ones(cells):
    entries = [
        entry(f"transcripts/a-person-{what}.json", "A person takes over", "transcript")
        for what in ("burns", "smokes")
    ]
    rows = LibraryList()
    rows._learn(entries)
    lines = [plain(rows._title(one, cells)) for one in entries]
    assert all(line.startswith("A pers") for line in lines)
    assert [line.endswith(what) for line, what in zip(lines, ("burns", "smokes"), strict=True)] == [True, True]
    assert all(len(line) <= cells for line in lines)
    assert plain(rows._title(entries[0], 60)) == "A person takes over a-person-burns"


@pytest.mark.parametrize("cells", [20, 24, 30, 40])
def test_similar_titles_stay_different_when_they_are_cut(cells):
    titles = [f"A loyal customer's speaker after {days} days is taken back" for days in (109, 1095, 1096)]
    entries = [entry(f"transcripts/t-{n}.json", title, "transcript") for n, title in enumerate(titles)]
    rows = LibraryList()
    rows._learn(entries)
    lines = [plain(rows._title(one, cells)) for one in entries]
    assert len(set(lines)) == 3
    assert all(line.startswith("A loy") for line in lines)
    assert all(word in line for word, line in zip(("109", "1095", "1096"), lines, strict=True))
    assert all(len(line) <= cells for line in lines)


def test_an_id_at_the_end_of_a_title_stays_whole():
    rows = LibraryList()
    one = entry("a", "The customer wants to know where the order is: OL-1002", "transcript")
    rows._learn([one])
    assert plain(rows._title(one, 30)).endswith("OL-1002")
