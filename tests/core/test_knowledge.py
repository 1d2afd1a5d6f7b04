"""Searches of the knowledge run again in a replay, and what they find is compared."""

from __future__ import annotations

import pytest

from support.kit import AGENT, JOURNEY, ScriptedModel, converse, saved, shop_files, use, write
from workbench.replay.judge import replay
from workbench.replay.verdict import Options, Verdict
from workbench.runtime.loader import load, load_agent, make_world
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.redaction import Redactor, redact
from workbench.transcripts.transcript import Annotation

READER = AGENT.replace("journeys=[returns]", 'journeys=[returns], knowledge="knowledge"')
HOURS = "# Hours\nWe are open until 18.\n\n# Fees\nA late return costs 2 euros.\n"
LOOKED = [use("look_up", question="when are you open, which hours?")], "Until 18."


def shop_with(folder, knowledge=HOURS, journey=JOURNEY, agent=READER):
    files = shop_files(journey=journey, agent=agent) | {"shop/knowledge/hours.md": knowledge}
    return load(write(folder / "journeys", files), "shop")


def recorded(folder, *script, **changes):
    return saved(converse(shop_with(folder / "then", **changes), ScriptedModel(*(script or LOOKED)), "open?"))


def again(folder, transcript, *, options=Options(), **changes):  # noqa: B008
    loaded = shop_with(folder / "now", **changes)
    return replay(transcript, loaded.agent, options, lambda setup: make_world(loaded, setup))


LATER = HOURS.replace("until 18", "until 20")
MODES = [
    (Options(), Verdict.PASS),
    (Options(strict_drift=True), Verdict.STALE),
    (Options(tools="sandbox"), Verdict.STALE),
    (Options(tools="sandbox", strict_drift=True, repeat=True), Verdict.STALE),
]


@pytest.mark.parametrize(("options", "verdict"), MODES)
def test_a_changed_passage_that_was_found(tmp_path, options, verdict):
    outcome = again(tmp_path, recorded(tmp_path), options=options, knowledge=LATER)
    assert outcome.verdict is verdict
    assert (outcome.drift == ("1.1.1 knowledge",)) is (options.tools == "recorded")
    assert ("hours: Hours (changed)" in outcome.why) is (verdict is Verdict.STALE)


@pytest.mark.parametrize(
    ("knowledge", "words"),
    [
        ("# Fees\nA late return costs 2 euros.\n", "hours: Hours is no longer found"),
        (HOURS + "\n# Open hours\nOpen hours on Sunday.\n", "hours: Open hours is found now"),
    ],
)
def test_another_choice_of_passages_is_named(tmp_path, knowledge, words):
    outcome = again(tmp_path, recorded(tmp_path), options=Options(strict_drift=True), knowledge=knowledge)
    assert words in outcome.why


@pytest.mark.parametrize("options", [options for options, _ in MODES])
@pytest.mark.parametrize(
    "knowledge",
    [
        HOURS,
        "# Before\nA new section.\n\n" + HOURS,
        HOURS.replace("2 euros", "3 euros"),
    ],
)
def test_what_was_not_found_and_the_line_of_a_passage_do_not_count(tmp_path, options, knowledge):
    outcome = again(tmp_path, recorded(tmp_path), options=options, knowledge=knowledge)
    assert (outcome.verdict, outcome.drift) == (Verdict.PASS, ())


def test_personal_data_in_the_knowledge_has_the_substitutes_of_the_transcript(tmp_path):
    knowledge = HOURS + "\n# Phone\nCall +49 30 1234567 or write to mia@shop.example.org.\n"
    script = [use("look_up", question="phone number to call +49 30 1234567")], "Here it is."
    kept = redact(recorded(tmp_path, *script, knowledge=knowledge), Redactor())
    assert b"1234567" not in encode(kept)
    outcome = again(tmp_path, decode(encode(kept)), options=Options(strict_drift=True), knowledge=knowledge)
    assert (outcome.verdict, outcome.why) == (Verdict.PASS, "")
    moved = knowledge.replace("1234567", "7654321")
    assert again(tmp_path, kept, options=Options(strict_drift=True), knowledge=moved).verdict is Verdict.STALE


def test_a_replay_without_a_search_does_not_read_the_knowledge(tmp_path):
    transcript = recorded(tmp_path, "Good morning.")
    shop_with(tmp_path / "now")
    agent = load_agent(tmp_path / "now" / "journeys", "shop")
    assert replay(transcript, agent).verdict is Verdict.PASS
    assert "knowledge_sections" not in vars(agent)


@pytest.mark.parametrize(
    ("tools", "knowledge", "verdict"),
    [
        ("recorded", LATER, Verdict.NEEDS_TOOLS),
        ("sandbox", HOURS, Verdict.FAIL),
        ("sandbox", LATER, Verdict.PASS),
    ],
)
def test_an_expectation_on_a_search_is_decided_if_tools_run(tmp_path, tools, knowledge, verdict):
    conversation = converse(shop_with(tmp_path / "then"), ScriptedModel(*LOOKED), "open?")
    expectation = Expectation("result", "1.1.1", text="until 20")
    marked = saved(conversation, "mistake", expectations=[expectation], annotations=[Annotation("1.1.1")])
    assert again(tmp_path, marked, options=Options(tools=tools), knowledge=knowledge).verdict is verdict


def test_an_expectation_of_a_golden_transcript_on_a_search_is_decided_if_tools_run(tmp_path):
    conversation = converse(shop_with(tmp_path / "then"), ScriptedModel(*LOOKED), "open?")
    golden = saved(conversation, expectations=[Expectation("result", "1.1.1", text="until 18")])
    assert again(tmp_path, golden, options=Options(tools="sandbox")).verdict is Verdict.PASS
