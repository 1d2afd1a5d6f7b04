"""The rehearsal as such: the same conversation gets the same moves, and it never loops or guesses."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.talking import JOURNEYS, talk_with
from workbench import Confirm, Slot
from workbench.engine.conversation import ConversationRun
from workbench.engine.model import Delta
from workbench.engine.sandbox import Sandbox
from workbench.engine.turn import run_turn
from workbench.models.rehearsal import RehearsalModel
from workbench.runtime.loader import load, make_world
from workbench.trace.events import Answer
from workbench.trace.trace import Trace

SAYS = ("hello", "my speaker has no sound", "Brook", "yes", "I want to return OL-1001", "too small", "yes")

AGENT = """
from workbench import *

agent = Agent("desk", journeys=[], persona="persona.md"{more})
desk = Journey("desk", goal="Take a note", manual="persona.md")
agent.journeys["desk"] = desk
{body}
"""

NOTES = """
@desk.tool(writes=True)
def note(text: str) -> str:
    "Write a note."
    {tool}

desk.rehearsal = script = Rehearsal()

@script.intent("take a note")
def take(scene):
    {script}
"""


def desk(
    tmp_path: Path, script: str = "", tool: str = "return text", more: str = "", options: str = ""
) -> tuple[Path, str]:
    """A small agent with one tool and one script."""
    folder = tmp_path / "journeys" / "desk"
    folder.mkdir(parents=True)
    (folder / "persona.md").write_text("# A desk\n")
    body = NOTES.format(script=script, tool=tool) + more if script else ""
    (folder / "agent.py").write_text(AGENT.format(body=body, more=options))
    return tmp_path / "journeys", "desk"


def note(tmp_path: Path, *says: str, script: str, tool: str = "return text", more: str = "", options: str = ""):  # type: ignore[no-untyped-def]
    root, name = desk(tmp_path, script, tool, more, options)
    return talk_with(name, "empty", *(says or ("take a note",)), root=root)


def test_the_same_conversation_gets_the_same_steps() -> None:
    assert list(talk_with("support", "loyal", *SAYS).trace) == list(talk_with("support", "loyal", *SAYS).trace)


def test_a_conversation_resumed_from_its_trace_continues_unchanged() -> None:
    whole = talk_with("support", "loyal", *SAYS)
    cut = next(i for i, s in enumerate(whole.trace) if s.turn == len(SAYS))
    loaded = load(JOURNEYS, "support")
    start = loaded.fixtures["loyal"]
    resumed = ConversationRun(loaded.agent, start.setup, Trace(whole.trace.events[:cut]))
    world = make_world(loaded, start.setup)
    world.apply(resumed.state.changes)
    asyncio.run(run_turn(resumed, SAYS[-1], RehearsalModel(loaded.agent), Sandbox(world)))
    assert list(resumed.trace) == list(whole.trace)


def test_the_id_of_a_call_contains_its_position() -> None:
    conversation = talk_with("support", "loyal", "my speaker has no sound")
    answers = [s for s in conversation.trace if isinstance(s, Answer)]
    assert [c.id for c in answers[1].calls] == ["call_1_2_1", "call_1_2_2"]


def test_every_answer_has_its_reasoning() -> None:
    assert all(s.thinking for s in talk_with("support", "loyal", *SAYS).trace if isinstance(s, Answer))


def test_a_reply_is_streamed_in_pieces() -> None:
    loaded = load(JOURNEYS, "support")
    start = loaded.fixtures["loyal"]
    conversation = ConversationRun(loaded.agent, start.setup)
    world = make_world(loaded, start.setup)
    heard: list[Delta] = []
    model = RehearsalModel(loaded.agent)
    asyncio.run(run_turn(conversation, "hello", model, Sandbox(world), lambda _, delta: heard.append(delta)))
    pieces = [delta.text for delta in heard if delta.kind == "text"]
    assert len(pieces) > 1
    assert "".join(pieces) == conversation.state.agent_messages[-1]


def test_an_agent_without_a_rehearsal_explains_how_to_use_a_model(tmp_path: Path) -> None:
    root, name = desk(tmp_path)
    assert "--model claude" in talk_with(name, "empty", "hello", root=root).reply


def test_a_message_that_is_not_understood_is_answered_with_the_goals() -> None:
    reply = talk_with("support", "loyal", "fiddlesticks").reply
    assert reply.startswith("Sorry, I did not follow that.")
    assert "Return or exchange a pair of shoes" in reply


def test_thanks_are_answered_politely() -> None:
    assert talk_with("support", "loyal", "thanks!").reply == "You are welcome. Is there anything else?"


def test_an_error_of_a_tool_is_stated_in_the_reply(tmp_path: Path) -> None:
    conversation = note(tmp_path, script='yield Call(note, text="x")', tool='raise ToolError("the pen is dry")')
    assert conversation.reply == "That did not work: the pen is dry."


def test_a_crash_of_a_tool_is_stated_without_details(tmp_path: Path) -> None:
    conversation = note(tmp_path, script='yield Call(note, text="x")', tool="1 / 0")
    assert "Something went wrong on our side" in conversation.reply


def test_rejected_arguments_do_not_cause_a_loop(tmp_path: Path) -> None:
    conversation = note(tmp_path, script='yield Call(note, text=["no", "text"])')
    assert conversation.calls == ["note rejected"]


def test_the_same_call_twice_in_a_script_makes_two_calls(tmp_path: Path) -> None:
    script = 'yield Call(note, text="x"); yield Call(note, text="x"); yield Say("both")'
    assert note(tmp_path, script=script).calls == ["note ok", "note ok"]


def test_a_script_can_yield_several_calls_at_once(tmp_path: Path) -> None:
    script = 'a, b = yield [Call(note, text="x"), Call(note, text="y")]; yield Say(a + b)'
    assert note(tmp_path, script=script).reply == "xy"


def test_a_call_that_a_policy_rewrites_is_not_repeated(tmp_path: Path) -> None:
    more = (
        '\n@desk.policy(before=note)\ndef shout(call):\n    "Notes are loud."\n    return Rewrite({"text": "X"})\n'
    )
    conversation = note(tmp_path, script='text = yield Call(note, text="x"); yield Say(text)', more=more)
    assert conversation.reply == "X"


def test_a_blocked_reply_is_replaced(tmp_path: Path) -> None:
    more = (
        "\n@desk.policy(before_reply=True)\ndef hush(reply):\n"
        '    "No secrets."\n    return Block("it is a secret") if "s3cret" in reply else None\n'
    )
    conversation = note(tmp_path, script='yield Say("s3cret")', more=more)
    assert conversation.replies == ["I am sorry, I am not allowed to do that: it is a secret."]


def test_the_customer_gets_the_fallback_if_every_reply_is_blocked(tmp_path: Path) -> None:
    more = '\n@desk.policy(before_reply=True)\ndef hush(reply):\n    "Silence."\n    return Block("hush")\n'
    conversation = note(tmp_path, script='yield Say("anything")', more=more)
    assert conversation.reply
    assert "anything" not in conversation.reply


def test_a_script_that_raises_ends_the_turn_with_its_line(tmp_path: Path) -> None:
    conversation = note(tmp_path, script="yield Say(1 / 0)")
    assert conversation.ends == ["model_error"]
    assert "ZeroDivisionError" in conversation.faults[0]


def test_an_agent_without_hand_off_says_that_it_cannot_hand_off(tmp_path: Path) -> None:
    conversation = note(tmp_path, "a human, please", script='yield Say("hi")', options=", allow_handoff=False")
    assert "I cannot pass you on" in conversation.reply


def test_a_slot_with_choices_prefers_the_longest_phrase() -> None:
    fact = Slot("fit", {"small": ["small"], "tiny": ["far too small"]})
    assert fact.find("They are far too small!") == "tiny"


def test_a_slot_can_be_a_number() -> None:
    assert Slot("age", int).find("I am 42 years old") == 42


def test_an_answer_without_yes_or_no_is_undecided() -> None:
    assert Confirm("Really?").find("what do you mean by that") is None


def test_a_question_can_define_words_for_yes_and_no() -> None:
    question = Confirm("Is the light on?", yes="on", no="off")
    assert (question.find("it is on"), question.find("it went off")) == (True, False)


def test_a_bare_number_counts_only_as_an_answer() -> None:
    fact = Slot("order", r"OL-(\d{4})", format="OL-{}", bare_pattern=r"\d{4}")
    assert (fact.find("1001"), fact.find("1001", asked=True)) == (None, "OL-1001")
