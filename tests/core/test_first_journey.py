"""The journey of an agent with one: entered by the first message or by a call, it is the same."""

from __future__ import annotations

import msgspec
import pytest

from oracle import green
from support.kit import AGENT, WINDOW, ScriptedModel, converse, saved, shop_files, use, write
from workbench.plain import to_plain
from workbench.replay.judge import replay
from workbench.replay.verdict import Options, Verdict
from workbench.runtime.loader import load, make_world
from workbench.trace.events import JourneyEntered, PolicyDecision, Prompt, TurnEnded

BOTH = """
    from workbench import Agent
    from .returns.journey import returns
    from .repairs.journey import repairs
    agent = Agent("shop", journeys=[repairs, returns])
"""
OTHER = """
    from workbench import Block, Journey
    repairs = Journey("repairs", goal="Repair a speaker")

    @repairs.policy(on_message=True)
    def none_here(message):
        '''Nothing is repaired.'''
        return Block("no repairs", reply="No.")
"""
RETURN = [use("find_order", order_number="OL-2")], [use("create_return", order_number="OL-2")], "Done."
ENTER = [use("enter_journey", journey="returns")]
GREETED = "Good morning."


def agent_of(folder, code):
    files = shop_files(WINDOW, agent=code)
    files |= {"shop/repairs/journey.py": OTHER, "shop/repairs/manual.md": "# Repairs\nNone.\n"}
    return load(write(folder / "journeys", files), "shop")


def recorded(folder, code, *script, said=("return OL-2",)):
    return saved(converse(agent_of(folder / "then", code), ScriptedModel(*script), *said))


def again(folder, transcript, code, options=Options()):  # noqa: B008
    loaded = agent_of(folder / "now", code)
    outcome = replay(transcript, loaded.agent, options, lambda setup: make_world(loaded, setup))
    if outcome.verdict is Verdict.PASS:
        assert green(loaded.agent, to_plain(transcript)) == ""
    return outcome


@pytest.mark.parametrize("tools", ["recorded", "sandbox"])
@pytest.mark.parametrize(
    ("script", "said"), [(RETURN, ("return OL-2",)), ((GREETED, *RETURN), ("hello", "return OL-2"))]
)
def test_a_second_journey_that_was_never_entered(tmp_path, script, said, tools):
    transcript = recorded(tmp_path, AGENT, *script, said=said)
    assert again(tmp_path, transcript, BOTH, Options(tools=tools)).verdict is Verdict.PASS


def test_a_policy_of_the_first_journey_still_applies_next_to_a_second(tmp_path):
    transcript = recorded(tmp_path, AGENT, *RETURN)
    loaded = agent_of(tmp_path / "now", BOTH)
    file = tmp_path / "now" / "journeys" / "shop" / "returns" / "journey.py"
    file.write_text(file.read_text().replace("> 30", "> 1"))
    assert replay(transcript, load(loaded.root, "shop").agent).verdict is Verdict.FAIL


def test_an_entered_journey_that_is_now_the_only_one(tmp_path):
    transcript = recorded(tmp_path, BOTH, ENTER, *RETURN)
    outcome = again(tmp_path, transcript, AGENT)
    assert (outcome.verdict, outcome.why) == (Verdict.PASS, "")


def test_a_journey_that_was_never_entered_stays_closed(tmp_path):
    transcript = recorded(tmp_path, BOTH, *RETURN)
    assert not any(isinstance(event, JourneyEntered) for event in transcript.events)
    assert [r.outcome for r in transcript.events if type(r).__name__ == "ToolResult"] == ["absent", "absent"]
    assert again(tmp_path, transcript, BOTH).verdict is Verdict.PASS
    assert again(tmp_path / "b", transcript, AGENT).verdict is Verdict.FAIL


def test_a_live_agent_with_two_journeys_starts_in_none(tmp_path):
    conversation = converse(agent_of(tmp_path, BOTH), ScriptedModel(GREETED), "hello")
    assert conversation.state.journey == ""


def as_imported(transcript):
    """The transcript as an import would have it: without what only Workbench records."""
    kept = [
        e for e in transcript.events if not isinstance(e, JourneyEntered | Prompt | PolicyDecision | TurnEnded)
    ]
    setup = msgspec.structs.replace(transcript.setup, imported=True)
    return msgspec.structs.replace(transcript, events=kept, blobs={}, setup=setup)


def test_an_imported_conversation_starts_in_the_journey_of_its_tools(tmp_path):
    transcript = as_imported(recorded(tmp_path, AGENT, *RETURN))
    assert again(tmp_path / "one", transcript, AGENT).verdict is Verdict.PASS
    assert again(tmp_path / "two", transcript, BOTH).verdict is Verdict.PASS
