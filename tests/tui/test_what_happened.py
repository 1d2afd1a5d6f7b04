"""What a turn says of itself: cut-off answers, faults, limits, hidden values, times; each once."""

from __future__ import annotations

import pytest

from tui.host import Script, say, use
from workbench.engine.model import Delta, ModelAnswer
from workbench.errors import NoAnswer
from workbench.trace.events import (
    Answer,
    Fault,
    PartialAnswer,
    PolicyDecision,
    Reply,
    ToolResult,
    TurnEnded,
    Usage,
    UserMessage,
)
from workbench.trace.setup import Setup
from workbench.trace.trace import Trace
from workbench.tui.view import chat, end_lines, step_lines
from workbench.tui.view.row_filter import Filter, VisibleRows
from workbench.tui.view.rows import RowModel
from workbench.tui.view.tabs import tab_lines
from workbench.tui.view.text import plain, value
from workbench.tui.view.view import View

RETRY = "r on this step tries again"
SIZES = [(True, 107), (True, 160), (False, 100), (False, 80)]


def rows_of(trace, wide=True):
    model = RowModel(wide)
    model.read(trace)
    return model.rows


def steps(trace, wide=True, cells=120, retry=RETRY):
    drawn = [
        end_lines.row_lines(row, cells, step_lines.RowMarks(), wide=wide, tall=3, retry=retry)
        for row in rows_of(trace, wide)
    ]
    return "\n".join(plain(line).rstrip() for lines in drawn for line in lines)


def chat_of(trace, retry=RETRY):
    model = RowModel()
    model.read(trace)
    return "\n".join(plain(line).rstrip() for turn in model.turns for line in chat.turn(turn, 70, retry))


def detail(trace, part="step", tab="step", cells=90):
    row = [row for row in rows_of(trace) if row.part == part][-1]
    view = View(trace, Setup(agent="shop"), {}, retry=RETRY)
    return "\n".join(plain(line).rstrip() for line in tab_lines(tab, view, row, cells))


def talk(*events, text="hi"):
    return Trace([UserMessage(turn=1, text=text), *events])


def answer(*blocks, stop="end_turn", usage=None, number=1):
    return Answer(turn=1, answer=number, blocks=list(blocks), stop=stop, usage=usage)


# answers that are not complete


@pytest.mark.parametrize(
    ("stop", "word"),
    [("max_tokens", "cut off"), ("model_context_window_exceeded", "cut off"), ("refusal", "refused")],
)
def test_an_answer_that_ends_too_early_has_one_sign_in_each_pane(stop, word):
    text = "This answer is cut short in the middle of a"
    trace = talk(
        answer(say(text), stop=stop), Reply(turn=1, answer=1, text=text), TurnEnded(turn=1, reason="replied")
    )
    for wide, cells in SIZES:
        assert steps(trace, wide, cells).count("⚠") == 1
        assert word in steps(trace, wide, cells)
    assert chat_of(trace).count("⚠") == 1
    assert RETRY in chat_of(trace)
    assert detail(trace).count("⚠") == 1
    assert stop in detail(trace)


def test_the_filter_for_failures_finds_a_reply_that_was_cut_off():
    trace = talk(answer(say("half a"), stop="max_tokens"), Reply(turn=1, answer=1, text="half a"))
    shown = VisibleRows()
    shown.filter = Filter.parse(":failed")
    for wide in (True, False):
        shown.select(rows_of(trace, wide), View(trace, Setup(agent="shop"), {}))
        assert [row.part for row in shown.rows] == ["step" if wide else "act"]


def test_a_complete_answer_has_no_sign():
    trace = talk(answer(say("All of it.")), Reply(turn=1, answer=1, text="All of it."))
    assert "⚠" not in steps(trace) + chat_of(trace) + detail(trace)


def test_a_call_that_was_cut_off_says_so_and_not_twice():
    events = (
        answer(use("pay", amount=3), stop="max_tokens"),
        ToolResult(
            turn=1,
            answer=1,
            call=1,
            tool="pay",
            outcome="rejected",
            value="the call was cut off by the token limit",
        ),
    )
    assert steps(talk(*events)).count("cut off") == 1
    assert detail(talk(*events)).count("cut off") == 1


def test_bad_arguments_are_named_once():
    refused = ToolResult(
        turn=1, answer=1, call=1, tool="pay", outcome="rejected", value="bad arguments for pay: amount is missing"
    )
    trace = talk(answer(use("pay")), refused)
    for text in (steps(trace), detail(trace)):
        assert text.count("bad arguments") == 1
        assert "amount is missing" in text


# ends and faults


LONG = "the server had an error (502) and then another, " * 4
BROKEN = talk(
    Fault(turn=1, answer=1, origin="model", name="claude", message=LONG.strip()),
    TurnEnded(turn=1, reason="model_error", detail=LONG.strip()),
)


def test_a_fault_of_the_model_is_shown_once_in_each_pane_with_the_key_that_tries_again():
    for wide, cells in SIZES:
        text = " ".join(steps(BROKEN, wide, cells).split())
        assert text.count("claude") == 1
    for text in (chat_of(BROKEN), detail(BROKEN, part="fault")):
        assert " ".join(text.split()).count(LONG.strip()) == 1
        assert RETRY in " ".join(text.split())


def test_a_fault_takes_several_lines_where_there_is_room():
    assert RETRY in " ".join(steps(BROKEN, True, 160).split())
    assert len(steps(BROKEN, True, 107).splitlines()) == 4


def test_a_fault_with_another_text_than_the_end_leaves_both():
    trace = talk(
        Fault(turn=1, answer=1, origin="condition", name="is_late", message="ZeroDivisionError"),
        TurnEnded(turn=1, reason="model_error", detail="the answer held no words and no call"),
    )
    assert "ZeroDivisionError" in steps(trace)
    assert "no words" in steps(trace)


def test_a_limit_is_shown_once_with_the_key():
    trace = talk(answer(say("Hm.")), TurnEnded(turn=1, reason="limit", detail="2,000 tokens; the limit is 1,000"))
    assert steps(trace).count("a limit was reached") == chat_of(trace).count("a limit was reached") == 1
    assert RETRY in steps(trace)
    assert RETRY in " ".join(chat_of(trace).split())


def test_a_screen_without_that_key_does_not_name_it():
    assert "tries again" not in steps(BROKEN, retry="") + chat_of(BROKEN, retry="")


def test_blocked_replies_are_one_line_and_the_fallback_is_shown():
    events = []
    for number in (1, 2, 3):
        decided = PolicyDecision(
            turn=1,
            answer=number,
            policy="no_promise",
            hook="before_reply",
            effect="block",
            reason="promise nothing",
        )
        events += [answer(say("You get 50 euros."), number=number), decided]
    events += [
        Reply(turn=1, answer=3, text="Please call us."),
        TurnEnded(turn=1, reason="limit", detail="blocked"),
    ]
    assert chat_of(talk(*events)).count("no_promise") == 1
    assert "3 replies were blocked by no_promise" in chat_of(talk(*events))
    assert chat_of(talk(*events)).index("no_promise") < chat_of(talk(*events)).index("Please call us.")
    assert "“Please call us.”" in steps(talk(*events), cells=200)
    assert steps(talk(*events), cells=200).count("✗ blocked") == 3


# what a policy hid


def rewritten(hook, to, **at):
    return PolicyDecision(turn=1, policy="hide_card", hook=hook, effect="rewrite", replacement=to, **at)


CARD = "4000001234567899"


def test_a_row_shows_the_result_that_the_model_read_and_the_detail_what_changed():
    trace = talk(
        answer(use("find_order", number="OL-1")),
        ToolResult(turn=1, answer=1, call=1, tool="find_order", value={"card": CARD, "number": "OL-1"}),
        rewritten("after_tool", {"card": "ends in 7899", "number": "OL-1"}, answer=1, call=1),
    )
    for wide, cells in SIZES:
        assert CARD not in steps(trace, wide, cells)
        assert "7899" in steps(trace, wide, cells)
    lines = [line for line in detail(trace).splitlines() if CARD in line]
    assert len(lines) == 1
    assert "card:" in lines[0]
    assert "→" in lines[0]


def test_a_row_shows_the_arguments_that_the_model_wrote():
    trace = talk(
        answer(use("pay", account="mine")),
        rewritten("before_tool", {"account": "DE00 SECRET"}, answer=1, call=1),
        ToolResult(turn=1, answer=1, call=1, tool="pay", value="ok"),
    )
    assert "SECRET" not in steps(trace)
    assert "mine" in steps(trace)
    assert "SECRET" in detail(trace)


def test_the_header_of_a_turn_shows_the_message_that_the_model_read():
    trace = talk(rewritten("on_message", "my card is (hidden)"), answer(say("Thanks.")), text=f"my card is {CARD}")
    for wide, cells in SIZES:
        assert CARD not in steps(trace, wide, cells)
        assert "(hidden)" in steps(trace, wide, cells)


# values, times, links


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (True, "true"), (False, "false"), (None, "null"), ("true", '"true"'), ("false", '"false"'), 
        ("null", '"null"'),
        ("12", '"12"'), ("1.5", '"1.5"'), ("-3", '"-3"'), ("[]", '"[]"'), ("", '""'), (12, "12"), (1.5, "1.5"),
        ("yes", "yes"), ("OL-12", "OL-12"), ("2024-05-20", "2024-05-20"), ({"a": True}, "a=true"),
        ([False, "false"], '[false, "false"]'),
    ],
)  # fmt: skip
def test_a_value_cannot_be_taken_for_another(thing, text):
    assert value(thing) == text


SLOW = Usage(tokens_in=1_200, tokens_out=87, cost=0.0123, seconds=2.345)


def test_time_and_tokens_are_shown_for_the_step_and_for_the_turn():
    trace = talk(answer(say("Hello."), usage=SLOW), Reply(turn=1, answer=1, text="Hello."))
    header, row = steps(trace).splitlines()[:2]
    assert "2.3 s" in header
    assert "1.3k tok" in header
    assert "2.3 s" in row
    assert "1,200 tokens in, 87 out" in detail(trace)
    assert "$0.0123" in detail(trace)
    narrow = steps(trace, wide=False, cells=80).splitlines()
    assert "2.3 s" in narrow[0]
    assert all("2.3 s" not in line for line in narrow[1:])


def test_without_usage_no_time_is_shown():
    trace = talk(answer(say("Hello.")), Reply(turn=1, answer=1, text="Hello."))
    assert " s " not in steps(trace).replace("tries", "")
    assert "took" not in detail(trace)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see [our terms](https://a.example/t) now", "see our terms (https://a.example/t) now"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ('[a](https://a.example "title")', "a (https://a.example)"),
        ("![a shoe](shoe.png)", "a shoe (shoe.png)"),
        ("<https://a.example>", "https://a.example"),
        ("[wiki](https://a.example/x_(y))", "wiki (https://a.example/x_(y))"),
        ("an [aside] (in brackets)", "an [aside] (in brackets)"),
        ("a[0](b c)", "a[0](b c)"),
    ],
)
def test_links_of_a_reply_are_rendered_with_their_address(text, shown):
    assert "".join(span.text for span in chat.markdown(text, "")) == shown


# on the screen


def test_an_interrupted_answer_keeps_what_it_said(play):
    async def flow(bench):
        bench.screen.messaging.do_type()
        bench.screen.entry.text = "hello"
        await bench.pilot.press("enter")
        await bench.until(lambda: "Welcome to" in bench.pane("#chat"))
        footer = bench.pane("#keys")
        assert footer.count("esc") == 1
        assert "interrupt" in footer
        await bench.press("escape")
        await bench.until(lambda: not bench.app.session.busy)
        (partial,) = [e for e in bench.app.session.trace if isinstance(e, PartialAnswer)]
        assert str(partial.text).startswith("Welcome to")
        assert "Welcome to" in bench.pane("#chat")
        assert "✗ interrupted" in bench.pane("#steps")
        assert {"event": partial} in bench.store.records[bench.app.session.id]
        await bench.say("again")
        assert "Hello again." in bench.pane("#chat")

    play(
        flow,
        Slow([say("Welcome to the Hotel Aurora! How may I help you today?")], [say("Hello again.")], pace=0.2),
    )


class Slow(Script):
    """Only the first answer takes its time."""

    async def answer(self, request, show):
        if request.turn > 1:
            self.pace = 0.0
        return await super().answer(request, show)


class Failing(Script):
    """Fails once in the middle of an answer, then answers."""

    failed = False

    async def answer(self, request, show):
        if self.failed:
            return await super().answer(request, show)
        self.failed = True
        show(Delta("text", "I was about to"))
        raise NoAnswer("model_error", "the server had an error (502)")


def test_after_a_fault_of_the_model_the_key_that_is_named_tries_again(play):
    async def flow(bench):
        await bench.say("hello")
        text = bench.text()
        assert "r on this step tries again" in text
        await bench.press("escape", "r")
        assert type(bench.screen).__name__ == "RerunDialog"

    play(flow, Failing([say("Hello.")]))


class CutOff(Script):
    async def answer(self, request, show):
        made = await super().answer(request, show)
        return ModelAnswer(made.blocks, "max_tokens", made.model)


def test_a_reply_that_was_cut_off_has_a_sign_on_the_screen(play):
    async def flow(bench):
        await bench.say("hello")
        assert "⚠" in bench.pane("#chat")
        assert "⚠" in bench.pane("#steps")

    play(flow, CutOff([say("This answer is cut off in the middle of a")]))
