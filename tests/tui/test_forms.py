"""The dialogs: enter goes to the next field, ctrl+s saves, drafts are restored."""

from __future__ import annotations

import msgspec
import pytest

from tui.host import Script, say, use
from tui.test_develop import NEW, OLD
from workbench.runtime.protocol import PolicyInfo
from workbench.transcripts.expectation import Expectation

LATE = [use("find_order", order_number="OL-2")], [say("It came two days ago.")]


async def open_mark(bench):
    await bench.say("return OL-1 please")
    await bench.press("escape", "exclamation_mark", "a")


def test_enter_moves_to_the_next_field_and_saves_on_the_last(play):
    async def flow(bench):
        await open_mark(bench)
        assert "ctrl+s save" in bench.text()
        for _ in range(3):
            await bench.press("enter")
        await bench.press(*"bad", "enter", *"good")
        assert bench.session.annotations == {}
        await bench.press("enter")
        mark = bench.session.annotations["1.2.1"]
        assert (mark.note, mark.expected) == ("bad", "good")

    play(flow, Script(*OLD))


def test_ctrl_s_saves_from_any_field(play):
    async def flow(bench):
        await open_mark(bench)
        await bench.press("ctrl+s")
        assert "1.2.1" in bench.session.annotations

    play(flow, Script(*OLD))


def test_the_form_of_a_step_keeps_its_text_when_it_is_reopened(play):
    async def flow(bench):
        await open_mark(bench)
        await bench.press("right", "enter", "enter", "enter", *"bad", "escape")
        assert bench.session.annotations == {}
        await bench.press("right_square_bracket", "a")
        assert bench.screen.query_one("#note").text == ""
        await bench.press("escape", "left_square_bracket", "a")
        assert bench.screen.query_one("#note").text == "bad"
        assert "draft restored" in bench.text()
        await bench.press("ctrl+s")
        assert bench.session.annotations["1.2.1"].note == "bad"
        assert bench.session.annotations["1.2.1"].cause == "tool"
        await bench.press("u", "a")
        assert bench.screen.query_one("#note").text == ""

    play(flow, Script(*OLD))


def test_the_save_form_asks_for_text_if_the_expectation_needs_it(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "G", "a", "ctrl+s", "t")
        await bench.press(*"title", "enter")
        choices = bench.screen.query_one("#expectations").choices
        for _ in range([e.kind for e in choices].index("rubric")):
            await bench.press("down")
        assert bench.screen.query_one("#text").region.height
        await bench.press("enter", "enter")
        assert "write the words to look for" in bench.text()
        assert not bench.store.saved
        await bench.press(*"kind", "enter")
        await bench.until(lambda: bench.store.saved)
        (saved,) = bench.store.saved.values()
        assert saved.expectations[0].text == "kind"

    play(flow, Script(*NEW))


def test_the_save_form_suggests_the_text_of_a_reply_that_begins_with_a_parenthesis(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "G", "a", "ctrl+s", "t")
        expectations, text = (bench.screen.query_one(id) for id in ("#expectations", "#text"))
        kinds = [e.kind for e in expectations.choices]
        expectations.move(kinds.index("reply_excludes"))
        await bench.settle()
        assert text.text == "(smiles) Done."
        expectations.move(kinds.index("rubric"))
        await bench.settle()
        assert text.text == ""
        assert "good reply" in text.placeholder

    play(flow, Script([say("(smiles) Done.")]))


def test_the_title_of_a_mistake_without_a_note_is_its_expectation(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "left_square_bracket", "a", "ctrl+s", "t")
        title, kind = bench.screen.query_one("#title"), bench.screen.query_one("#kind")
        expectations = bench.screen.query_one("#expectations")
        assert title.text == expectations.choices[0].description
        expectations.move(1)
        await bench.settle()
        assert title.text == expectations.choices[1].description
        kind.choose("golden")
        await bench.settle()
        assert title.text == "return OL-2 please"
        kind.choose("mistake")
        await bench.settle()
        assert title.text
        await bench.press(*"mine")
        assert title.text == "mine"
        expectations.move(0)
        await bench.settle()
        assert title.text == "mine"

    play(flow, Script(*NEW))


def test_without_a_title_the_save_form_focuses_the_title(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "G", "a", "ctrl+s", "t")
        bench.screen.query_one("#title").text = ""
        bench.screen.query_one("#expectations").focus()
        await bench.press("ctrl+s")
        assert bench.screen.focused is bench.screen.query_one("#title")

    play(flow, Script(*NEW))


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
def test_the_save_form_offers_only_expectations_that_it_can_fill(play, size):
    async def flow(bench):
        await bench.say("where is OL-2")
        await bench.press("escape", "g", "right_square_bracket", "a", "ctrl+s", "t")
        choices = bench.screen.query_one("#expectations").choices
        assert [e.kind for e in choices] == ["not_executed", "escalated", "must_not_call", "must_not_call"]
        for index in range(len(choices)):
            line = bench.pane("#expectations").splitlines()[index]
            assert choices[index].description.strip()[:40] in line
            assert line.rstrip().endswith(("offline", "needs a model"))

    play(flow, Script(*LATE), size=size)


def test_the_save_form_offers_no_policies_of_other_journeys(play):
    async def flow(bench):
        card = bench.session.agent_info
        other = PolicyInfo("speaker.own_speaker", "before_tool", ["writes"])
        everywhere = PolicyInfo("polite", "before_tool", ["every"])
        bench.session.code_service.agent_info = msgspec.structs.replace(
            card, policies=[*card.policies, other, everywhere]
        )
        await bench.say("return OL-2 please")
        await bench.press("escape", "left_square_bracket", "a", "ctrl+s", "t")
        policies = {e.policy for e in bench.screen.query_one("#expectations").choices}
        assert policies == {"", "returns.return_window", "polite"}

    play(flow, Script(*NEW))


def test_the_setup_form_cuts_with_an_ellipsis_and_breaks_between_words(play):
    async def flow(bench):
        card = bench.session.agent_info
        long = msgspec.structs.replace(card.fixtures[0], description="word " * 60)
        bench.session.code_service.agent_info = msgspec.structs.replace(card, fixtures=[long, *card.fixtures[1:]])
        customer = {f"key{n}": f"value{n}" for n in range(8)}
        bench.session.set_setup(msgspec.structs.replace(bench.session.setup, customer=customer))
        await bench.press("escape", "s")
        await bench.settle()
        assert bench.pane("#fixtures").splitlines()[0].rstrip().endswith("…")
        assert '{"key0": "value0", "key1": "value1"' in bench.screen.query_one("#customer").text
        parts = bench.text().replace("┃", " ")
        assert all(f'"key{n}": ' in parts or f'"key{n}":' in parts for n in range(8))
        assert all(f'"value{n}"' in parts for n in range(8))

    play(flow, size=(80, 24))


def test_a_form_explains_the_selected_choice(play):
    async def flow(bench):
        await bench.say("return OL-1")
        await bench.press("escape", "a")
        assert "regression test" in bench.text()
        await bench.press("escape", "r")
        assert "today's code on the recorded answers" in bench.text()

    play(flow, Script([say("No.")]), size=(80, 24))


def test_a_key_ignores_an_argument_of_an_expectation(play):
    async def flow(bench):
        await open_mark(bench)
        await bench.press("ctrl+s", "t")
        listed = bench.screen.query_one("#expectations")
        listed.choices[0] = Expectation("must_not_call", "1.2.1", tool="pay", args={"to": "C-1", "sum": 5})
        listed.focus()
        listed.redraw()
        await bench.press("right")
        assert "does not call pay to=anything, sum=5" in bench.text()
        await bench.press("right")
        assert "to='C-1', sum=5" in bench.text()

    play(flow, Script(*OLD))


@pytest.mark.parametrize(
    ("field", "bad", "words"),
    [
        ("customer", "Ada", "JSON object"),
        ("clock", "noon", "must be a time"),
        ("clock", "2026-01-05T10:00:00", "UTC offset"),
        ("seed", "many", "whole number"),
    ],
)
def test_the_setup_is_checked_as_it_is_typed(play, field, bad, words):
    async def flow(bench):
        before = bench.session.setup
        await bench.press("escape", "s")
        bench.screen.query_one(f"#{field}").text = bad
        await bench.settle()
        assert words in bench.text()
        await bench.press("ctrl+s")
        assert bench.screen.focused is bench.screen.query_one(f"#{field}")
        assert bench.app.session.setup == before

    play(flow)


def test_the_number_of_reruns_is_checked_as_it_is_typed(play):
    async def flow(bench):
        await bench.say("return OL-1")
        await bench.press("escape", "r")
        bench.screen.query_one("#ask").choose("the model")
        bench.screen.query_one("#times").text = "many"
        await bench.settle()
        assert "whole number" in bench.text()
        bench.screen.query_one("#ask").choose("the recording")
        await bench.settle()
        assert "whole number" not in bench.text()

    play(flow, Script([say("No.")]))


def test_text_that_is_filled_in_has_the_cursor_at_its_end(play):
    async def flow(bench):
        await bench.say("just do it anyway")
        await bench.press("escape", "f")
        assert bench.screen.entry.text == "just do it anyway"
        await bench.press(*" now")
        assert bench.screen.entry.text == "just do it anyway now"

    play(flow, Script([say("No.")]))


def test_a_golden_transcript_gets_several_expectations_at_several_steps(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "t")
        listed = bench.screen.query_one("#expectations")
        assert bench.screen.query_one("#kind").value == "golden"
        assert bench.screen.query_one("#title").text == "return OL-1 please"
        kinds = [(e.kind, e.step) for e in listed.choices]
        listed.focus()
        for wanted in (("not_executed", "1.2.1"), ("reply_contains", "1.3.0")):
            listed.move(kinds.index(wanted))
            await bench.press("space")
        bench.picture("save-golden")
        await bench.press("ctrl+s")
        await bench.until(lambda: bench.store.saved)
        (saved,) = bench.store.saved.values()
        assert saved.kind == "golden"
        assert {(e.kind, e.step) for e in saved.expectations} == {
            ("not_executed", "1.2.1"),
            ("reply_contains", "1.3.0"),
        }
        assert "PASS" in bench.text()

    play(flow, Script(*OLD))


def test_a_golden_transcript_without_a_choice_has_no_expectation(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "t", "ctrl+s")
        await bench.until(lambda: bench.store.saved)
        (saved,) = bench.store.saved.values()
        assert saved.expectations == []

    play(flow, Script(*OLD))


def test_a_mistake_has_exactly_one_expectation(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "left_square_bracket", "a", "ctrl+s", "t")
        listed = bench.screen.query_one("#expectations")
        listed.focus()
        await bench.press("space", "down", "space", "ctrl+s")
        await bench.until(lambda: bench.store.saved)
        (saved,) = bench.store.saved.values()
        assert len(saved.expectations) == 1

    play(flow, Script(*NEW))
