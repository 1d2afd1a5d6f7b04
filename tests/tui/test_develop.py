"""The Develop screen, from the user's view."""

from __future__ import annotations

from tui.host import Script, say, think, use
from workbench.trace.events import UserMessage

OLD = ([think("Look it up first."), use("find_order", order_number="OL-1")],
       [think("Not long ago."), use("create_return", order_number="OL-1")],
       [say("I cannot take **OL-1** back.")])  # fmt: skip
NEW = ([use("find_order", order_number="OL-2")], [use("create_return", order_number="OL-2")], [say("Done: R-1.")])


def test_an_empty_screen_shows_the_possible_actions(play):
    async def flow(bench):
        assert "A new conversation with shop" in bench.text()
        assert "Return a pair of shoes" in bench.text()
        assert "two orders, one of them old" in " ".join(bench.pane("#chat").split())
        assert "● ready" in bench.text()
        assert "rehearsal (a script, no model)" in bench.text()

    play(flow)


def test_a_chat_shows_each_step_in_three_lanes(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        steps = bench.pane("#steps")
        assert "turn 1 return OL-1 please" in steps
        line = next(line for line in steps.splitlines() if "create_return" in line)
        assert (
            line.index("Not long ago")
            < line.index("create_return(OL-1) ✗ blocked")
            < line.index("return_window ✗")
        )
        assert "I cannot take OL-1 back." in bench.pane("#chat")
        assert "turn 1" in bench.text()
        bench.picture("talked")

    play(flow, Script(*OLD))


def test_a_blocked_call_shows_the_policy_with_its_rule_and_reason(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "exclamation_mark")
        detail = bench.pane("#detail")
        assert "✗ blocked by returns.return_window" in detail
        assert "delivered 52 days ago; the limit is 30" in detail
        assert "Returns close 30 days after delivery." in detail
        assert "worn shoes cannot be sold again." in detail
        assert "days: 52" in detail
        assert "shop/returns/journey.py:" in detail

    play(flow, Script(*OLD))


def test_the_tabs_show_prompt_options_world_and_the_raw_answer(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "left_square_bracket", "right")
        prompt = bench.pane("#detail")
        assert "You are kind." in prompt
        assert "shop/returns/manual.md:1" in prompt
        assert "messages (" in prompt
        await bench.press("right")
        assert "create_return(order_number)" in bench.pane("#detail")
        await bench.press("right")
        assert "Shop.orders.OL-2.returned: false → true" in bench.pane("#detail")
        await bench.press("right")
        assert '"tool_use"' in bench.pane("#detail")

    play(flow, Script(*NEW))


def test_a_reply_is_a_draft_until_the_policies_allow_it(play):
    async def flow(bench):
        bench.screen.entry.text = "hello"
        await bench.pilot.press("enter")
        await bench.until(lambda: "draft" in bench.pane("#chat"))
        assert "agent" not in bench.pane("#chat")
        await bench.until(lambda: not bench.session.busy)
        assert "draft" not in bench.pane("#chat")
        assert "agent" in bench.pane("#chat")

    play(flow, Script([say("one two three four five six seven eight")], pace=0.2))


def test_escape_interrupts_the_agent(play):
    async def flow(bench):
        bench.screen.entry.text = "hello"
        await bench.pilot.press("enter")
        await bench.until(lambda: bench.session.busy)
        await bench.press("escape")
        await bench.until(lambda: not bench.session.busy)
        assert "· interrupted" in bench.text()
        assert "interrupted" in bench.pane("#chat")

    play(flow, Script([say("word " * 200)], pace=0.05))


def test_an_annotation_is_saved_and_undone(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        await bench.press("escape", "exclamation_mark", "a")
        assert "Annotate this step" in bench.text()
        bench.screen.query_one("#note").text = "it is a loyal customer"
        bench.screen.query_one("#expected").text = "take it back"
        await bench.press("ctrl+s")
        assert bench.session.annotations["1.2.1"].note == "it is a loyal customer"
        assert "⚑" in bench.pane("#steps")
        assert "it is a loyal customer" in bench.pane("#detail")
        assert any("annotation" in record for record in bench.store.records[bench.session.id])
        await bench.press("u")
        assert bench.session.annotations == {}
        assert "⚑" not in bench.pane("#steps")

    play(flow, Script(*OLD))


def test_a_mistake_is_saved_with_an_expectation_and_its_verdict_is_shown(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "left_square_bracket", "a")
        bench.screen.query_one("#expected").text = "ask before opening the return"
        await bench.press("ctrl+s")
        await bench.press("t")
        assert "create_return is not executed" in bench.text()
        assert "checked in every replay" in bench.text()
        assert "needs a model" in bench.text()
        bench.picture("save")
        await bench.press("enter", "enter")
        await bench.until(lambda: bench.store.saved)
        assert "transcripts/ask-before-opening-the-return.json" in bench.text()
        assert "FAIL" in bench.text()
        assert "nothing redacted" in bench.text()
        await bench.press("enter")
        await bench.press("u")
        assert bench.store.saved == {}

    play(flow, Script(*NEW))


def test_a_good_conversation_is_saved_as_a_golden_transcript(play):
    async def flow(bench):
        await bench.say("return OL-2 please")
        await bench.press("escape", "t")
        bench.screen.query_one("#title").text = "a plain return"
        await bench.press("enter")
        await bench.until(lambda: bench.store.saved)
        assert "PASS" in bench.text()
        assert bench.store.saved["transcripts/a-plain-return.json"].kind == "golden"

    play(flow, Script(*NEW))


def test_broken_code_is_shown_with_its_line_and_the_last_good_code_stays_in_use(play):
    async def flow(bench):
        await bench.save_file("shop/returns/journey.py", "from workbench import Journey\nx = (\n")
        assert "✗ broken" in bench.text()
        assert "shop/returns/journey.py:2" in bench.text()
        assert "the last good code is in use" in bench.text()
        await bench.say("thank you")
        assert "You are welcome." in bench.pane("#chat")

    play(flow, Script([say("You are welcome.")]))


def test_a_change_of_actions_is_shown_side_by_side_and_adopted_as_a_fork(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        await bench.save_file("shop/returns/journey.py", text.replace("> 30", "> 60"))
        assert "actions differ at step 1.2.1" in bench.text()
        assert str(bench.screen.step_id) == "1.2.1"
        detail = bench.pane("#detail")
        assert "recorded" in detail
        assert "now" in detail
        assert "✓ allowed by returns.return_window" in detail
        bench.picture("rerun")
        assert bench.screen.focused is bench.screen.entry
        assert "esc > continue with the rerun" in bench.text()
        before = bench.session.id
        await bench.press("escape", "greater_than_sign")
        assert bench.app.session.id != before
        assert bench.screen.session is bench.app.session
        await bench.until(lambda: "It is returned." in bench.pane("#chat"))
        assert "create_return(OL-1) → R-1" in bench.pane("#steps")

    play(flow, Script(*OLD, [say("It is returned.")]))


def test_the_user_can_keep_the_recording(play):
    async def flow(bench):
        await bench.say("return OL-1 please")
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        await bench.save_file("shop/returns/journey.py", text.replace("> 30", "> 60"))
        await bench.press("escape", "less_than_sign")
        assert bench.session.rerun is None
        assert "≠" not in bench.pane("#steps")

    play(flow, Script(*OLD))


def test_a_fork_continues_before_the_turn_and_the_original_is_kept(play):
    async def flow(bench):
        await bench.say("first")
        await bench.say("second")
        original = bench.session
        await bench.press("escape", "f")
        assert bench.screen.entry.text == "second"
        assert len(bench.app.session.turns()) == 1
        await bench.say("another second")
        said = [s.text for s in bench.app.session.trace if isinstance(s, UserMessage)]
        assert said == ["first", "another second"]
        assert len(original.turns()) == 2

    play(flow, Script([say("one")], [say("two")], [say("three")]))


def test_a_changed_setup_starts_a_new_conversation_after_the_first_message(play):
    async def flow(bench):
        await bench.press("escape", "s")
        assert "Setup of the conversation" in bench.text()
        await bench.press("down", "ctrl+s")
        assert bench.session.setup.fixture == "empty"
        assert "nothing" in bench.pane("#chat")
        await bench.say("hello")
        await bench.press(
            "escape", "s", "up", "enter", "enter", "enter", "enter", "backspace", "backspace", "7", "enter"
        )
        assert bench.app.session is not bench.session
        assert bench.app.session.setup.fixture == "base"
        assert bench.app.session.setup.seed == 7
        assert len(bench.app.session.trace) == 0

    play(flow, Script([say("hi")]))


def test_an_invalid_setup_is_refused(play):
    async def flow(bench):
        await bench.press("escape", "s")
        bench.screen.query_one("#customer").text = "[1"
        await bench.press("ctrl+s")
        assert "must be a JSON object" in bench.text()
        bench.screen.query_one("#customer").text = ""
        bench.screen.query_one("#clock").text = "tomorrow"
        await bench.press("ctrl+s")
        assert "must be a time" in bench.text()

    play(flow)


def test_a_message_that_cannot_be_sent_returns_to_the_input(play):
    async def flow(bench):
        bench.session.code_service.close()
        (bench.journeys / "shop" / "agent.py").write_text("x = (")
        bench.screen.entry.text = "hello"
        await bench.press("enter")
        await bench.until(lambda: "no code is loaded" in bench.text())
        assert bench.screen.entry.text == "hello"

    play(flow)


def test_a_new_save_replaces_a_load_in_progress(play):
    async def flow(bench):
        text = (bench.journeys / "shop/returns/journey.py").read_text()
        for number in range(5):
            (bench.journeys / "shop/returns/journey.py").write_text(f"{text}\nN = {number}\n")
            await bench.changes.queue.put("x")
        await bench.settle(0.5)
        assert bench.session.code.state == "ready"

    play(flow)
