"""Limits apply in a replay: to the recorded answers, tokens and seconds."""

from __future__ import annotations

import msgspec
import pytest

from oracle import green
from support.kit import AGENT, ScriptedModel, converse, saved, shop, use
from workbench import Limits
from workbench.engine.limits import still_exceeded
from workbench.plain import to_plain
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.trace.events import Answer, ToolResult, TurnEnded, Usage
from workbench.transcripts.codec import decode, encode

CALL = [use("find_order", order_number="OL-1")]
TWO = CALL, CALL, "Done."


def limited(folder, limits):
    agent = AGENT.replace("import Agent", "import Agent, Limits")
    return shop(folder, agent=agent.replace("[returns])", f"[returns], limits=Limits({limits}))"))


class Metered(ScriptedModel):
    """A model whose answers use this much."""

    usage = Usage(tokens_out=600, seconds=40.0)

    async def answer(self, request, show):
        return msgspec.structs.replace(await super().answer(request, show), usage=self.usage)


def recorded(folder, limits="", script=TWO):
    return decode(encode(saved(converse(limited(folder / "then", limits), Metered(*script), "hi"))))


def again(folder, transcript, limits=""):
    """The outcome today; the oracle must not fail what passes."""
    agent = limited(folder / "now", limits).agent
    outcome = replay(transcript, agent)
    if outcome.verdict is Verdict.PASS:
        assert green(agent, to_plain(transcript)) == ""
    return outcome


LOW = ["model_calls=2", "tokens=1000", "turn_seconds=70"]
SAME_OR_LOWER = [
    ("model_calls=2", "model_calls=2"),
    ("tokens=1000", "tokens=1000"),
    ("tokens=1000", "tokens=1199"),
    ("turn_seconds=70", "turn_seconds=70"),
    ("turn_seconds=70", "turn_seconds=60"),
]


@pytest.mark.parametrize("limits", ["", "model_calls=3", "tokens=1200", "turn_seconds=120"])
def test_a_turn_within_todays_limits_passes(tmp_path, limits):
    assert again(tmp_path, recorded(tmp_path), limits).verdict is Verdict.PASS


@pytest.mark.parametrize("limits", [*LOW, "tokens=0", "turn_seconds=1"])
def test_a_turn_that_would_now_reach_a_lower_limit(tmp_path, limits):
    outcome = again(tmp_path, recorded(tmp_path), limits)
    assert outcome.verdict is Verdict.FAIL
    assert "limit" in outcome.first_difference.now


@pytest.mark.parametrize(("then", "now"), SAME_OR_LOWER)
def test_a_turn_that_still_ends_at_its_limit_passes(tmp_path, then, now):
    transcript = recorded(tmp_path, then)
    assert transcript.events[-1].reason == "limit"
    assert again(tmp_path, transcript, now).verdict is Verdict.PASS


@pytest.mark.parametrize("then", LOW)
def test_a_turn_that_would_not_end_at_its_limit_now(tmp_path, then):
    transcript = recorded(tmp_path, then)
    assert again(tmp_path, transcript, "model_calls=100, tokens=100_000, turn_seconds=900").verdict is Verdict.FAIL


def without_usage(transcript):
    events = [msgspec.structs.replace(e, usage=None) if isinstance(e, Answer) else e for e in transcript.events]
    return msgspec.structs.replace(transcript, events=events)


@pytest.mark.parametrize(("limits", "verdict"), [("tokens=1100", Verdict.PASS), ("tokens=1300", Verdict.FAIL)])
def test_a_recording_without_usage_is_compared_by_the_tokens_of_its_end(tmp_path, limits, verdict):
    transcript = without_usage(recorded(tmp_path, "tokens=1000"))
    assert again(tmp_path, transcript, limits).verdict is verdict


def cut_off(folder, *, in_a_tool):
    """A recording that the process cut off after 70 seconds: before the next answer, or in a tool."""
    events = [
        e for e in recorded(folder, script=(CALL, "Done.")).events if e.answer < 2 and type(e) is not TurnEnded
    ]
    events = [e for e in events if not (in_a_tool and isinstance(e, ToolResult))]
    end = TurnEnded(turn=1, reason="limit", detail="70 seconds")
    return msgspec.structs.replace(recorded(folder / "x"), events=[*events, end])


@pytest.mark.parametrize("in_a_tool", [True, False])
@pytest.mark.parametrize(
    ("limits", "verdict"),
    [("turn_seconds=70", Verdict.PASS), ("turn_seconds=50", Verdict.PASS), ("turn_seconds=80", Verdict.FAIL)],
)
def test_a_turn_that_was_cut_off_by_the_clock(tmp_path, in_a_tool, limits, verdict):
    assert again(tmp_path, cut_off(tmp_path, in_a_tool=in_a_tool), limits).verdict is verdict


@pytest.mark.parametrize(
    ("detail", "limits", "still"),
    [
        ("1,200 tokens; the limit is 1,000", Limits(tokens=1199), True),
        ("1,200 tokens; the limit is 1,000", Limits(tokens=1200), False),
        ("0.5 seconds", Limits(turn_seconds=0.5), True),
        ("0.5 seconds", Limits(turn_seconds=0.6), False),
        ("1e+06 seconds", Limits(turn_seconds=2e6), False),
        ("8 model calls without a final reply", Limits(), True),
    ],
)
def test_an_end_at_a_limit_is_read_by_its_detail(detail, limits, still):
    assert still_exceeded(detail, limits) is still
