"""No replay is green where a second program, made of the policies alone, says otherwise (tests/oracle.py)."""

# ruff: noqa: E501

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import WINDOW, Scripted, converse, saved, shop, use
from oracle import green, opinion
from talking import JOURNEYS
from workbench import follow
from workbench.expectation import Expectation
from workbench.outside.loader import load
from workbench.outside.transcripts import find
from workbench.replay import Verdict, replay
from workbench.transcript import Mark, encode, read


def rule(name: str, at: str, wants: str, body: str) -> str:
    return (
        "\n    from workbench import Escalate, Rewrite\n"
        f"\n    @returns.policy({at})\n    def {name}({wants}):\n        '''A rule.'''\n        {body}\n"
    )


RULES = [
    WINDOW,
    rule("strict", "before=create_return", "call, talk", "return Block('no') if talk.turn > 1 else None"),
    rule("other", "before=create_return", "call", "return Rewrite({'order_number': 'OL-2'}, 'rather this')"),
    rule("person", "before=create_return", "call, talk", "return Escalate('ask') if len(talk.calls) > 1 else None"),
    rule("hide", "after=find_order", "result", "return Rewrite({'number': result.number, 'days': 1}, 'private')"),
    rule("withhold", "after=find_order", "result", "return Block('no') if result.days > 30 else None"),
    rule("polite", "before_reply=True", "reply", "return Rewrite(reply + '!', 'friendly') if '!' not in reply else None"),
    rule("mute", "before_reply=True", "reply, talk", "return Block('no') if talk.turn > 1 and 'Done' in reply else None"),
    rule("quiet", "on_message=True", "message", "return Block('no shouting', say='Please') if message.isupper() else None"),
    rule("tidy", "on_message=True", "message", "return Rewrite(message.lower(), 'tidy') if 'R' in message else None"),
]  # fmt: skip
SOME = st.frozensets(st.integers(0, len(RULES) - 1), max_size=4)
SAID = st.lists(st.sampled_from(["return OL-1", "RETURN", "Return it", "hello"]), min_size=1, max_size=2)
EXPECT = st.sampled_from(["", "", "blocked", "rewritten", "escalated", "not_executed", "executed", "allowed"])
PLACES = st.sampled_from(["1.0.0", "1.1.1", "1.2.1", "1.2.2", "2.1.1", "2.2.1"])


def recorded(folder, rules, said):
    look = [use("find_order", order_number="OL-1")]
    back = [use("create_return", "a", order_number="OL-1"), use("create_return", "b", order_number="OL-2")]
    answers = [look, back, *["Done."] * 8] * 2
    return converse(shop(folder, *(RULES[n] for n in sorted(rules))), Scripted(*answers), *said)


def agreed(transcript, agent) -> str:
    """The verdict, after the second opinion has been heard on it."""
    outcome = replay(transcript, agent)
    if outcome.verdict is Verdict.PASS:
        whole = json.loads(encode(transcript))
        told = opinion(agent, whole)
        assert green(whole, told), [row for row in told if row[1] != row[2]]
    return outcome.verdict


@settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(SOME, SOME, SAID, EXPECT, PLACES)
def test_no_pair_of_journey_and_transcript_is_green_where_the_oracle_disagrees(
    tmp_path_factory, then, now, said, expect, at
):
    folder = tmp_path_factory.mktemp("pair")
    talk = recorded(folder / "then", then, said)
    fields = {"kind": "mistake", "expectations": [Expectation(expect, at)], "marks": [Mark(at)]} if expect else {}
    agent = shop(folder / "now", *(RULES[n] for n in sorted(now))).agent
    agreed(saved(talk, **fields), agent)


@pytest.mark.parametrize("path", find([JOURNEYS.parent / "transcripts"]), ids=lambda path: path.stem)
def test_the_oracle_agrees_with_every_green_sample(path):
    transcript = read(path)
    agreed(transcript, load(JOURNEYS, transcript.agent).agent)


def test_the_oracle_sees_a_replay_that_overlooks_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(follow, "differs", lambda *_: "")
    monkeypatch.setattr(follow._Follower, "_ended", lambda *_: True)
    talk = recorded(tmp_path / "then", set(), ["return OL-1"])
    with pytest.raises(AssertionError):
        agreed(saved(talk), shop(tmp_path / "now", RULES[0]).agent)
