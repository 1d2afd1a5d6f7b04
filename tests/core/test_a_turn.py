"""What happens between a customer's message and the reply."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from support.kit import JOURNEY, WINDOW, ScriptedModel, all_moves, converse, kinds, shop, use
from workbench.engine.conversation import ConversationRun
from workbench.engine.sandbox import Sandbox
from workbench.engine.turn import run_turn
from workbench.engine.world import World
from workbench.errors import NoAnswer
from workbench.replay.rerun import rerun, run_sync
from workbench.runtime.protocol import EventRecorded, pack, unpack_event
from workbench.testing import text
from workbench.testing import thinking as think
from workbench.trace.events import Answer, Fault, PolicyDecision, ToolResult, TurnEnded, Usage, UserMessage
from workbench.trace.step_id import StepId

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def end(conversation):
    step = conversation.trace[-1]
    assert isinstance(step, TurnEnded)
    return step


def test_a_reply_ends_the_turn(tmp_path):
    conversation = converse(shop(tmp_path), ScriptedModel("Hello."), "hi")
    assert end(conversation).reason == "replied"
    assert conversation.state.agent_messages == ["Hello."]


def test_an_agent_with_one_journey_starts_inside_it(tmp_path):
    conversation = converse(shop(tmp_path), ScriptedModel("Hello."), "hi")
    assert kinds(conversation)[:2] == ["UserMessage", "JourneyEntered"]
    assert conversation.state.journey == "returns"


def test_the_model_reads_a_result_and_its_world_changes_are_recorded(tmp_path):
    model = ScriptedModel([use("create_return", order_number="OL-2")], "Done.")
    conversation = converse(shop(tmp_path), model, "return OL-2")
    result = all_moves(conversation)[1].result
    assert (result.outcome, result.value) == ("ok", "R-1")
    assert [(c.path, c.before, c.after) for c in result.changed] == [
        (["Shop", "orders", "OL-2", "returned"], False, True)
    ]
    assert model.messages[1][-1]["content"][0]["content"] == "R-1"


def test_a_blocked_call_does_not_run_and_the_model_reads_the_reason(tmp_path):
    model = ScriptedModel(
        [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Sorry."
    )
    conversation = converse(shop(tmp_path, WINDOW), model, "return OL-1")
    step = all_moves(conversation)[2]
    assert step.effect == "blocked"
    assert not step.executed
    assert step.decisions[0].evidence == {"days": 52, "looked at": ["find_order at 1.1.1"]}
    assert "52 days" in model.messages[2][-1]["content"][0]["content"]


def test_evidence_contains_the_defaults_of_fields_that_an_older_recording_lacks(tmp_path):
    model = ScriptedModel(
        [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Sorry."
    )
    conversation = converse(shop(tmp_path, WINDOW.replace("days=order.days", "order=order")), model, "return OL-1")
    bare = {"number": "OL-1", "days": 52}
    older = [
        replace(s, value=bare) if isinstance(s, ToolResult) and s.outcome == "ok" else s
        for s in conversation.trace
    ]
    again = run_sync(conversation.agent, rerun(conversation.agent, conversation.setup, older))
    decided = next(s for s in again.trace if isinstance(s, PolicyDecision))
    assert decided.evidence["order"] == {"number": "OL-1", "days": 52, "returned": False}


def test_a_block_stops_one_call_and_the_others_are_judged_separately(tmp_path):
    calls = [use("create_return", "a", order_number="OL-1"), use("create_return", "b", order_number="OL-2")]
    model = ScriptedModel(
        [use("find_order", order_number="OL-1"), use("find_order", order_number="OL-2")], calls, "Done."
    )
    conversation = converse(shop(tmp_path, WINDOW), model, "return both")
    assert [m.effect for m in all_moves(conversation) if m.step_id.answer == 2] == ["blocked", "allowed"]


def test_invalid_arguments_never_reach_the_body_and_the_model_can_fix_them(tmp_path):
    model = ScriptedModel([use("find_order", order_number=7)], [use("find_order", order_number="OL-1")], "Found.")
    conversation = converse(shop(tmp_path), model, "hi")
    first, second = all_moves(conversation)[1:3]
    assert first.result.outcome == "rejected"
    assert "`order_number`" in first.result.value
    assert second.result.outcome == "ok"


def test_a_call_of_a_missing_tool_is_a_step_that_the_model_reads(tmp_path):
    conversation = converse(shop(tmp_path), ScriptedModel([use("give_money")], "Sorry."), "hi")
    assert all_moves(conversation)[1].result.outcome == "absent"


def test_a_tool_error_is_text_for_the_model(tmp_path):
    conversation = converse(shop(tmp_path), ScriptedModel([use("find_order", order_number="OL-9")], "Hm."), "hi")
    result = all_moves(conversation)[1].result
    assert (result.outcome, result.value) == ("error", "there is no such order")


def test_a_tool_that_raises_is_a_fault_with_its_line_and_the_turn_continues(tmp_path):
    loaded = shop(tmp_path)
    conversation = converse(loaded, ScriptedModel([use("create_return", order_number="OL-9")], "Sorry."), "hi")
    fault = next(s for s in conversation.trace if isinstance(s, Fault))
    assert fault.where == "shop/returns/journey.py:26"
    assert end(conversation).reason == "replied"


def test_a_tool_that_exits_the_process_is_a_fault_too(tmp_path):
    body = "\n    @returns.tool\n    def leave() -> str:\n        raise SystemExit(3)\n"
    conversation = converse(shop(tmp_path, body), ScriptedModel([use("leave")], "Still here."), "hi")
    assert all_moves(conversation)[1].result.outcome == "fault"
    assert conversation.state.agent_messages == ["Still here."]


def test_a_result_without_a_plain_form_is_a_fault(tmp_path):
    body = "\n    @returns.tool\n    def odd() -> object:\n        return object()\n"
    conversation = converse(shop(tmp_path, body), ScriptedModel([use("odd")], "Hm."), "hi")
    assert all_moves(conversation)[1].result.outcome == "fault"


def test_output_of_a_tool_is_recorded_up_to_a_limit(tmp_path):
    body = (
        "\n    @returns.tool\n    def loud() -> str:\n        for _ in range(1000):\n"
        "            print('x' * 1000)\n        return 'ok'\n"
    )
    conversation = converse(shop(tmp_path, body), ScriptedModel([use("loud")], "Hm."), "hi")
    printed = all_moves(conversation)[1].result.output
    assert len(printed) < 5000
    assert printed.endswith("997,000 characters more")


def test_a_policy_that_raises_blocks_and_is_a_fault(tmp_path):
    broken = (
        "\n    @returns.policy(before=create_return)\n    def broken(call, conversation):\n        return 1 / 0\n"
    )
    conversation = converse(
        shop(tmp_path, broken), ScriptedModel([use("create_return", order_number="OL-2")], "No."), "hi"
    )
    step = all_moves(conversation)[1]
    assert step.effect == "blocked"
    assert step.decisions[0].fault
    assert step.faults[0].message == "ZeroDivisionError: division by zero"


def test_a_policy_that_returns_an_invalid_value_blocks(tmp_path):
    odd = "\n    @returns.policy(before=create_return)\n    def odd(call, conversation):\n        return True\n"
    conversation = converse(
        shop(tmp_path, odd), ScriptedModel([use("create_return", order_number="OL-2")], "No."), "hi"
    )
    assert all_moves(conversation)[1].effect == "blocked"


def test_a_policy_whose_condition_fails_is_called(tmp_path):
    policy = (
        "\n    @returns.policy(before=create_return, when=lambda conversation: 1 / 0)\n"
        "    def strict(call, conversation):\n        return Block('no')\n"
    )
    conversation = converse(
        shop(tmp_path, policy), ScriptedModel([use("create_return", order_number="OL-2")], "No."), "hi"
    )
    assert all_moves(conversation)[1].effect == "blocked"


def test_a_hidden_tool_is_unavailable_and_the_prompt_records_why(tmp_path):
    secret = (
        "\n    def is_friday(conversation):\n        return False\n"
        "\n    @returns.tool(when=is_friday)\n    def secret() -> str:\n        return 'x'\n"
    )
    model = ScriptedModel([use("secret")], "Hm.")
    conversation = converse(shop(tmp_path, secret), model, "hi")
    assert all_moves(conversation)[1].result.outcome == "absent"
    prompt = conversation.trace.prompt_at(StepId(1, 1))
    assert [(h.kind, h.name, h.condition) for h in prompt.hidden] == [("tool", "secret", "is_friday")]
    assert "secret" not in [t["name"] for t in model.requests[0].tools]


REPLY = """
    from workbench import Rewrite, Escalate

    @returns.policy(before_reply=True)
    def no_promises(reply, conversation):
        '''Never promise a day.'''
        if "tomorrow" in reply:
            return Block("do not promise a day")
        if "secret" in reply:
            return Rewrite(reply.replace("secret", "…"), "a secret")
        if "lawyer" in reply:
            return Escalate("legal", reply="A colleague will write to you.")
"""


def test_a_blocked_reply_is_not_sent_and_the_model_tries_again(tmp_path):
    model = ScriptedModel("It comes tomorrow.", "It is on its way.")
    conversation = converse(shop(tmp_path, REPLY), model, "when?")
    assert conversation.state.agent_messages == ["It is on its way."]
    assert "do not promise a day" in model.messages[1][-1]["content"][-1]["text"]


def test_a_rewritten_reply_is_sent_and_is_in_the_next_request(tmp_path):
    model = ScriptedModel("the secret is out", "bye")
    conversation = converse(shop(tmp_path, REPLY), model, "tell me", "more")
    assert conversation.state.agent_messages[0] == "the … is out"
    assert model.messages[1][1]["content"] == [text("the … is out")]


def test_an_escalated_reply_hands_off_and_no_model_answers_after_it(tmp_path):
    conversation = converse(shop(tmp_path, REPLY), ScriptedModel("ask a lawyer"), "help", "hello?")
    assert conversation.state.agent_messages == ["A colleague will write to you."]
    assert end(conversation).reason == "handed_off"


MESSAGE = """
    from workbench import Rewrite

    @returns.policy(on_message=True)
    def hide_numbers(message, conversation):
        '''Card numbers never reach the model.'''
        if "4111" in message:
            return Rewrite(message.replace("4111", "****"), "a card")
        if "spam" in message:
            return Block("spam", reply="Please write about an order.")
"""


def test_a_message_can_be_rewritten_before_the_model_reads_it(tmp_path):
    model = ScriptedModel("Thanks.")
    converse(shop(tmp_path, MESSAGE), model, "my card is 4111")
    assert model.messages[0][0]["content"] == [text("my card is ****")]


def test_a_blocked_message_never_reaches_the_model(tmp_path):
    model = ScriptedModel()
    conversation = converse(shop(tmp_path, MESSAGE), model, "spam")
    assert end(conversation).reason == "message_blocked"
    assert conversation.state.agent_messages == ["Please write about an order."]


AFTER = """
    from workbench import Rewrite

    @returns.policy(after=find_order)
    def hide_days(call, result, conversation):
        '''The model need not know the days.'''
        return Rewrite({"number": result.number}, "days hidden")
"""


def test_a_policy_after_a_tool_changes_what_the_model_and_later_policies_see(tmp_path):
    model = ScriptedModel([use("find_order", order_number="OL-1")], "Found.")
    conversation = converse(shop(tmp_path, AFTER), model, "hi")
    assert model.messages[1][-1]["content"][0]["content"] == '{"number":"OL-1"}'
    assert all_moves(conversation)[1].result.value == {"number": "OL-1", "days": 52, "returned": False}
    assert conversation.state.calls[0].value == {"number": "OL-1"}


def test_the_model_may_hand_off_to_a_person(tmp_path):
    conversation = converse(
        shop(tmp_path), ScriptedModel([use("hand_off", reason="wants a person")]), "a human, please"
    )
    assert conversation.state.handed_off
    assert end(conversation).reason == "handed_off"
    assert len(conversation.state.agent_messages) == 1


def test_a_model_that_never_replies_ends_at_the_limit_of_answers(tmp_path):
    agent = """
        from workbench import Agent, Limits
        from .returns.journey import returns
        agent = Agent("shop", journeys=[returns], limits=Limits(model_calls=3))
    """
    calls = [[use("find_order", order_number="OL-1")] for _ in range(9)]
    conversation = converse(shop(tmp_path, agent=agent), ScriptedModel(*calls), "hi")
    assert (end(conversation).reason, end(conversation).turn) == ("limit", 1)
    assert sum(isinstance(s, ToolResult) for s in conversation.trace) == 3


def test_a_turn_with_too_many_tokens_ends_at_the_limit(tmp_path):
    class Wordy(ScriptedModel):
        async def answer(self, request, show):
            return replace(await super().answer(request, show), usage=Usage(tokens_out=600))

    agent = """
        from workbench import Agent, Limits
        from .returns.journey import returns
        agent = Agent("shop", journeys=[returns], limits=Limits(tokens=1000))
    """
    calls = [[use("find_order", order_number="OL-1")] for _ in range(9)]
    conversation = converse(shop(tmp_path, agent=agent), Wordy(*calls), "hi")
    assert end(conversation).detail == "1,200 tokens; the limit is 1,000"


def test_a_model_error_ends_the_turn_and_the_next_message_starts_a_new_one(tmp_path):
    model = ScriptedModel(NoAnswer("model_error", "overloaded"), "Back again.")
    conversation = converse(shop(tmp_path), model, "hi", "still there?")
    assert [type(s).__name__ for s in conversation.trace if isinstance(s, Fault)] == ["Fault"]
    assert conversation.state.agent_messages == ["Back again."]


def test_a_call_cut_by_the_token_limit_is_not_run(tmp_path):
    class Cut(ScriptedModel):
        async def answer(self, request, show):
            answer = await super().answer(request, show)
            return replace(answer, stop="max_tokens") if self.answers else answer

    conversation = converse(shop(tmp_path), Cut([use("create_return", order_number="OL-2")], "Sorry."), "hi")
    assert all_moves(conversation)[1].result.outcome == "rejected"


def test_reasoning_is_the_thinking_and_the_text_next_to_a_call(tmp_path):
    model = ScriptedModel(
        [think("which one?"), text("let me look"), use("find_order", order_number="OL-1")], "Ok."
    )
    step = all_moves(converse(shop(tmp_path), model, "hi"))[1]
    assert step.reasoning == "which one?\nlet me look"


def test_async_tools_and_policies_work_like_plain_ones(tmp_path):
    both = """
    @returns.tool
    async def slow() -> str:
        return "waited"

    @returns.policy(before=slow)
    async def patient(call, conversation):
        return None
    """
    assert (
        all_moves(converse(shop(tmp_path, both), ScriptedModel([use("slow")], "Ok."), "hi"))[1].result.value
        == "waited"
    )


def test_the_same_events_rebuild_the_same_conversation(tmp_path):
    loaded = shop(tmp_path)
    conversation = converse(loaded, ScriptedModel([use("create_return", order_number="OL-2")], "Done."), "hi")
    from workbench.engine.conversation import ConversationRun
    from workbench.trace.trace import Trace

    again = ConversationRun(
        loaded.agent, conversation.setup, Trace(conversation.trace.events, conversation.trace.blobs)
    )
    assert again.state.messages == conversation.state.messages
    assert again.state.changes == conversation.state.changes
    assert isinstance(again.trace[0], UserMessage)


def test_world_changes_before_an_exception_are_recorded(tmp_path):
    breaks = JOURNEY.replace('return "R-1"', 'raise RuntimeError("printer")')
    assert breaks != JOURNEY
    model = ScriptedModel([use("create_return", order_number="OL-2")], "Hm.")
    result = all_moves(converse(shop(tmp_path, journey=breaks), model, "hi"))[1].result
    assert result.outcome == "fault"
    assert [(c.path, c.after) for c in result.changed] == [(["Shop", "orders", "OL-2", "returned"], True)]


@pytest.mark.parametrize(
    ("said", "verdict", "words"),
    [
        ("Block(5)", "block", "reason is 5"),
        ("Block(None)", "block", "not a string"),
        (r"Block('half \ud83d')", "block", "half \\ud83d"),
        (r"Allow('ok', n=10**30, half='\ud83d')", "allow", "ok"),
    ],
)
def test_decisions_with_any_value_can_be_saved(tmp_path, said, verdict, words):
    odd = f"""
    from workbench import Allow

    @returns.policy(before=find_order)
    def odd(call):
        '''Odd.'''
        return {said}
    """
    conversation = converse(
        shop(tmp_path, odd), ScriptedModel([use("find_order", order_number="OL-1")], "Hm."), "hi"
    )
    decision = all_moves(conversation)[1].decisions[0]
    assert decision.effect == verdict
    assert words in decision.reason
    for event in conversation.trace:
        assert unpack_event(pack(EventRecorded(event))) == EventRecorded(event)


def test_the_model_is_closed_before_its_answer_is_executed(tmp_path):
    order = []

    class Live(ScriptedModel):
        async def answer(self, request, show):
            try:
                return await super().answer(request, show)
            finally:
                order.append("closed")

    calls = [use("find_order", order_number="OL-1")]
    loaded = shop(tmp_path)
    conversation = ConversationRun(
        loaded.agent, loaded.fixtures["base"].setup, on_step=lambda s: order.append(type(s))
    )
    asyncio.run(run_turn(conversation, "hi", Live(calls, "Done."), Sandbox(World(now=NOW, seed=1))))
    before = [order[at - 1] for at, step in enumerate(order) if step is Answer]
    assert before == ["closed", "closed"]


def test_prompt_sections_and_tools_are_recorded_in_order(tmp_path):
    """The same conversation is the same bytes, whatever order a set may have."""
    conversation = converse(shop(tmp_path, WINDOW), ScriptedModel("Hello."), "hi")
    prompt = conversation.state.prompt
    assert list(conversation.trace.blobs) == [*prompt.sections[:-1], *prompt.tools, prompt.sections[-1]]
