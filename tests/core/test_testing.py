"""The helpers that journey authors use in their own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.kit import WINDOW, shop_files, write
from workbench.errors import JourneyError, NoAnswer
from workbench.runtime.loader import LoadedAgent
from workbench.testing import ScriptedModel, load_agent, run_conversation, text, thinking, tool_use


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> LoadedAgent:
    return load_agent(write(tmp_path_factory.mktemp("shop") / "journeys", shop_files(WINDOW)), "shop")


def test_a_blocked_call_names_its_policy_and_the_reply_is_the_last_one(agent: LoadedAgent) -> None:
    model = ScriptedModel(
        [thinking("which order?"), tool_use("find_order", order_number="OL-1")],
        [tool_use("create_return", order_number="OL-1")],
        [text("It is too late.")],
    )
    conversation = run_conversation(agent, "base", "return OL-1", model=model)
    assert conversation.calls == ["find_order ok", "create_return blocked"]
    assert conversation.blocked_by == ["returns.return_window"]
    assert conversation.reply == "It is too late."
    assert conversation.ends == ["replied"]
    assert [s.effect for s in conversation.steps] == ["allowed", "allowed", "blocked", "allowed"]
    assert conversation.steps[1].reasoning == "which order?"
    assert conversation.args("find_order") == {"order_number": "OL-1"}
    assert conversation.value("find_order")["days"] == 52


def test_customer_facts_and_the_clock_replace_those_of_the_fixture(agent: LoadedAgent) -> None:
    conversation = run_conversation(
        agent, "base", "hi", model=ScriptedModel("Hello."), customer={"name": "Ada"}, clock="2027-01-01T00:00:00Z"
    )
    assert conversation.setup.customer == {"name": "Ada"}
    assert conversation.setup.clock == "2027-01-01T00:00:00Z"
    assert conversation.user_messages == ["hi"]


def test_without_a_model_and_without_a_rehearsal_the_turn_ends_without_an_answer(agent: LoadedAgent) -> None:
    assert run_conversation(agent, "base", "hi").handed_off is False


def test_the_model_receives_the_messages_so_far(agent: LoadedAgent) -> None:
    model = ScriptedModel("Hello.", "Bye.")
    run_conversation(agent, "base", "hi", "bye", model=model)
    assert [m["role"] for m in model.messages[1]] == ["user", "assistant", "user"]
    assert len(model.requests) == 2


def test_an_exception_in_the_script_ends_the_turn(agent: LoadedAgent) -> None:
    conversation = run_conversation(agent, "base", "hi", model=ScriptedModel(NoAnswer("overloaded")))
    assert conversation.ends == ["overloaded"]


def test_a_script_that_is_too_short_fails_the_test(agent: LoadedAgent) -> None:
    with pytest.raises(AssertionError, match="the script has no answer 2"):
        run_conversation(agent, "base", "hi", "and now?", model=ScriptedModel("Hello."))


def test_a_missing_agent_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(JourneyError, match="there is no agent"):
        load_agent(tmp_path, "shop")
