"""No replay is green where a second program, made of the policies alone, says otherwise (tests/oracle/).

Conversations of a small shop are recorded under some of its rules and put to others; records,
expectations and journeys are altered by dice on the way (tests/support/editing.py, tests/support/altering.py).
The dice are the same at every run, and few. For more of them, a kind:

    WORKBENCH_EXAMPLES=5000 python -m pytest tests/flows/test_oracle.py
"""

# ruff: noqa: E501

from __future__ import annotations

import ast
import json
import os
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import oracle
from oracle import green
from oracle.expects import OFFLINE
from support.altering import altered
from support.editing import Editor
from support.kit import JOURNEY, WINDOW, ScriptedModel, converse, saved, shop, use
from support.realdata import data
from support.talking import JOURNEYS
from workbench.authoring.agent import Agent
from workbench.errors import JourneyError, TranscriptError
from workbench.mutation.mutants import generate_mutants
from workbench.mutation.run import read_sources
from workbench.replay import comparison
from workbench.replay import judge as replaying
from workbench.replay.verdict import Verdict
from workbench.runtime.loader import load
from workbench.runtime.module_loader import replace_sources
from workbench.trace import steps
from workbench.transcripts.codec import decode, encode, read
from workbench.transcripts.expectation import EXPECTATION_KINDS
from workbench.transcripts.files import find
from workbench.transcripts.importers.importing import import_bytes
from workbench.transcripts.transcript import Transcript

MANY = int(os.environ.get("WORKBENCH_EXAMPLES", "0"))


def rule(name: str, at: str, wants: str, body: str) -> str:
    return (
        "\n    from workbench import Escalate, Rewrite\n"
        f"\n    @returns.policy({at})\n    def {name}({wants}):\n        '''A rule.'''\n        {body}\n"
    )


RULES = [
    WINDOW,
    rule("strict", "before=create_return", "call, conversation", "return Block('no') if conversation.turn > 1 else None"),
    rule("other", "before=create_return", "call", "return Rewrite({'order_number': 'OL-2'}, 'rather this')"),
    rule("again", "before=create_return", "call", "return Rewrite({'order_number': 'OL-1'}, 'that') if call['order_number'] == 'OL-2' else None"),
    rule("person", "before=create_return", "call, conversation", "return Escalate('ask') if len(conversation.calls) > 1 else None"),
    rule("meddle", "before=create_return", "call", "call.args['order_number'] = 'OL-2'"),
    rule("every", "before='every', when=lambda conversation: conversation.turn > 1", "call, conversation", "return Block('no') if len(conversation.calls) % 2 else None"),
    rule("hide", "after=find_order", "result", "return Rewrite({'number': result.number, 'days': 1}, 'private')"),
    rule("withhold", "after=find_order", "result", "return Block('no') if result.days > 30 else None"),
    rule("tell", "after=find_order", "result", "return Block('it is ' + result.number)"),
    rule("all", "after='every'", "call, result, conversation", "return Escalate('look', reply='One moment.') if len(conversation.results('create_return')) > 1 else None"),
    rule("polite", "before_reply=True", "reply", "return Rewrite(reply + '!', 'friendly') if '!' not in reply else None"),
    rule("blunt", "before_reply=True", "reply", "return Rewrite(reply.replace('!', ''), 'plain') if '!' in reply else None"),
    rule("mute", "before_reply=True", "reply, conversation", "return Block('no') if conversation.turn > 1 and 'Done' in reply else None"),
    rule("fails", "before_reply=True", "reply, conversation", "1 / (2 - conversation.turn)"),
    rule("waits", "before_reply=True", "reply, conversation", "return Block('no') if 'hello' in conversation.user_messages else None").replace("def w", "async def w"),
    rule("quiet", "on_message=True", "message", "return Block('no shouting', reply='Please') if message.isupper() else None"),
    rule("tidy", "on_message=True", "message", "return Rewrite(message.lower(), 'tidy') if 'R' in message else None"),
]  # fmt: skip
SAID = [("return OL-1",), ("RETURN", "hello"), ("Return it", "return OL-1"), ("return OL-1", "RETURN")]
ANSWERS = [
    [use("find_order", order_number="OL-1")],
    [use("create_return", "a", order_number="OL-1"), use("create_return", "b", order_number="OL-2")],
    *["Done."] * 8,
]


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Gives the agent of a journey's source, in parts, and the record of a conversation with it: each made once."""

    @cache
    def agent(*parts: str) -> Agent:
        return shop(tmp_path_factory.mktemp("shop"), *parts[1:], journey=parts[0]).agent

    @cache
    def record(rules: frozenset[int], said: tuple[str, ...]) -> bytes:
        loaded = shop(tmp_path_factory.mktemp("then"), *(RULES[n] for n in sorted(rules)))
        return encode(saved(converse(loaded, ScriptedModel(*ANSWERS * 2), *said)))

    class Shops:
        today = staticmethod(agent)

        @staticmethod
        def recorded(rules, said):
            return json.loads(record(frozenset(rules), said))

    return Shops


def some(rng: Random) -> list[int]:
    return rng.sample(range(len(RULES)), rng.randint(0, 4))


def near(rng: Random, rules: list[int]) -> list[int]:
    """The same rules, one of them more or one less; or others."""
    if rng.random() < 0.1:
        return some(rng)
    return sorted({*rules} ^ {rng.randrange(len(RULES))}) if rng.random() < 0.8 else rules


def parts(rules) -> list[str]:
    return [JOURNEY, *(RULES[n] for n in sorted(rules))]


def agreed(whole, agent: Agent) -> Verdict | None:
    """The verdict, after the second opinion has been heard on it; None for a file that cannot be read."""
    try:
        transcript = whole if isinstance(whole, Transcript) else decode(json.dumps(whole).encode(), "edited.json")
    except TranscriptError:
        return None
    recorded = json.loads(encode(transcript))
    try:
        outcome = replaying.replay(transcript, agent)
    except JourneyError:
        return Verdict.ERROR
    assert json.loads(encode(transcript)) == recorded, "a replay changed its transcript"
    if outcome.verdict is Verdict.PASS:
        assert green(agent, recorded) == ""
    return outcome.verdict


def tell(verdict: Verdict | None) -> None:
    """For --hypothesis-show-statistics."""
    event(str(verdict))


def examples(few: int):
    """A test of so many examples, the same at every run; of MANY where that is asked for."""
    calm = settings(
        max_examples=MANY or few, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )  # fmt: skip

    def decorate(test):
        return calm(given(rng=st.randoms(use_true_random=False))(test))

    return decorate


# the shop


@examples(120)
def test_no_pair_of_journey_and_transcript_passes_if_the_oracle_disagrees(shops, rng):
    rules = some(rng)
    whole = shops.recorded(rules, rng.choice(SAID))
    if rng.random() < 0.7:
        Editor(rng).expect(whole)
    tell(agreed(whole, shops.today(*parts(near(rng, rules)))))


@examples(120)
def test_no_edited_recording_passes_if_the_oracle_disagrees(shops, rng):
    rules = some(rng)
    whole = Editor(rng).of(shops.recorded(rules, rng.choice(SAID)))
    tell(agreed(whole, shops.today(*parts(rules if rng.random() < 0.6 else near(rng, rules)))))


@examples(80)
def test_no_altered_journey_passes_if_the_oracle_disagrees(shops, rng):
    rules = some(rng)
    whole = shops.recorded(rules, rng.choice(SAID))
    if rng.random() < 0.5:
        Editor(rng).expect(whole)
    try:
        agent = shops.today(*altered(rng, parts(rules)))
    except JourneyError:
        return
    tell(agreed(whole, agent))


# the sample agent

SAMPLES = find([JOURNEYS.parent / "transcripts"])


@cache
def sample() -> Agent:
    return load(JOURNEYS, "support").agent


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_oracle_agrees_with_every_sample(path):
    assert agreed(read(path), sample()) is Verdict.PASS


@examples(120)
def test_no_edited_sample_passes_if_the_oracle_disagrees(rng):
    tell(agreed(Editor(rng).of(json.loads(rng.choice(SAMPLES).read_bytes())), sample()))


def test_no_mutant_of_the_sample_agent_passes_if_the_oracle_disagrees():
    made = generate_mutants(read_sources(JOURNEYS), "support")
    transcripts = [read(path) for path in SAMPLES]
    chosen = made if MANY else Random(1).sample(made, 6)
    try:
        for mutant in chosen:
            data = mutant.apply((JOURNEYS / mutant.file).read_bytes())
            replace_sources(JOURNEYS, {mutant.file: data})
            try:
                agent = load(JOURNEYS, "support").agent
            except JourneyError:
                continue
            for transcript in transcripts if MANY else transcripts[::3]:
                agreed(transcript, agent)
    finally:
        replace_sources(JOURNEYS, {})


# real conversations


@pytest.fixture(scope="module")
def flights():
    """The airline agent, the same without policies, and fifty conversations that a model had with a customer."""
    path = data("tau-airline", "gpt-4o-airline-trial0.json")
    bare = load(JOURNEYS, "airline").agent
    for journey in bare.journeys.values():
        journey.policies.clear()
    return load(JOURNEYS, "airline").agent, bare, import_bytes(path.read_bytes(), "airline", path.name)


def test_the_oracle_agrees_with_every_passing_transcript_of_the_airline(flights):
    agent, bare, transcripts = flights
    verdicts = [agreed(transcript, agent) for transcript in transcripts]
    assert len(verdicts) == 50
    assert verdicts.count(Verdict.PASS) > 10
    assert {agreed(transcript, bare) for transcript in transcripts} == {Verdict.PASS}


@examples(40)
def test_no_edited_conversation_of_the_airline_passes_if_the_oracle_disagrees(flights, rng):
    *agents, transcripts = flights
    tell(agreed(Editor(rng).of(json.loads(encode(rng.choice(transcripts)))), rng.choice(agents)))


# the oracle itself


def test_the_oracle_judges_every_expectation_that_a_replay_decides():
    assert OFFLINE.keys() == {name for name, kind in EXPECTATION_KINDS.items() if kind.decided_by == "offline"}


def test_the_oracle_does_not_import_workbench():
    for file in Path(oracle.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            assert not [
                name for name in names if name.split(".")[0] in ("workbench", "importlib", "kit", "talking")
            ]
            assert not (isinstance(node, ast.Name) and node.id in ("__import__", "eval", "exec"))


BUGS = {
    "no effect is compared": [(comparison, "divergence", lambda *_: "")],
    "what policies make of a result is not compared": [(steps.Step, "result_effect", "allowed")],
    "what fails is passed over": [
        (comparison.Rerun, "journey_fault", ""),
        (replaying, "without_fault", lambda move: True),
    ],
    "the red is not proven": [(replaying, "red_proof", lambda *_: "")],
}


def sees(shops, monkeypatch, bug, kind="") -> bool:
    """Whether the oracle is heard against a replay with this bug, within some hundred pairs."""
    for place, name, wrong in bug:
        monkeypatch.setattr(place, name, wrong)
    for seed in range(400):
        rng = Random(seed)
        rules = some(rng)
        whole = shops.recorded(rules, rng.choice(SAID))
        if kind or rng.random() < 0.7:
            Editor(rng).expect(whole, kind)
        try:
            agreed(whole, shops.today(*parts(near(rng, rules))))
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_a_bug_planted_in_the_replay_is_detected(shops, monkeypatch, bug):
    assert sees(shops, monkeypatch, bug)


@pytest.mark.parametrize("kind", OFFLINE)
def test_a_replay_that_never_fails_an_expectation_is_detected(shops, monkeypatch, kind):
    bug = [(replaying, "holds", lambda e, run: True), (replaying, "red_proof", lambda *_: "")]
    assert sees(shops, monkeypatch, bug, kind)
