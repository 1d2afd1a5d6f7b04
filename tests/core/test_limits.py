"""Limits apply in a replay: to the recorded answers, tokens and seconds."""

from __future__ import annotations

import msgspec
import pytest

from oracle import green
from support.kit import AGENT, ScriptedModel, converse, saved, shop, use
from workbench import Limits
from workbench.engine.limits import still_exceeded
from workbench.errors import JourneyError
from workbench.plain import to_plain
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.trace.events import Answer, PartialAnswer, Reply, ToolResult, TurnEnded, Usage, UserMessage
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


# blocked replies

PROMISES = [f"You will get {euros} euros." for euros in (10, 20, 30)]
NO_PROMISE = """

@returns.policy(before_reply=True)
def no_promise(reply: str):
    '''No money is promised.'''
    return Block("promise nothing") if "euros" in reply else None
"""


def promising(folder, options=""):
    """The shop with a policy that blocks promises; `options` are those of the agent."""
    agent = AGENT.replace("import Agent", "import Agent, Escalate, Limits")
    return shop(folder, NO_PROMISE, agent=agent.replace("[returns])", f"[returns], {options})"))


def promise(folder, options="", script=(*PROMISES, "Hello.")):
    return converse(promising(folder, options), ScriptedModel(*script), "hi")


def ends(run):
    return [(e.reason, e.detail) for e in run.trace if type(e) is TurnEnded]


def replies(run):
    return [e.text for e in run.trace if type(e) is Reply]


def test_a_reply_that_is_blocked_once_is_tried_again(tmp_path):
    run = promise(tmp_path, script=(PROMISES[0], "Hello."))
    assert replies(run) == ["Hello."]
    assert ends(run) == [("replied", "")]


def test_after_two_blocked_replies_the_customer_gets_the_fallback(tmp_path):
    run = promise(tmp_path, 'fallback="Please call us."')
    assert replies(run) == ["Please call us."]
    assert ends(run) == [("limit", "policies blocked 2 replies")]
    assert sum(type(e) is Answer for e in run.trace) == 2
    assert run.state.messages[-1] == {
        "role": "assistant",
        "content": [{"type": "text", "text": "Please call us."}],
    }


def test_without_a_fallback_of_its_own_an_agent_has_one(tmp_path):
    assert "sorry" in replies(promise(tmp_path))[0]


def test_an_empty_fallback_sends_nothing(tmp_path):
    run = promise(tmp_path, 'fallback=""')
    assert replies(run) == []
    assert ends(run)[0][0] == "limit"


def test_a_fallback_may_hand_the_conversation_off(tmp_path):
    run = promise(tmp_path, 'fallback=Escalate("no reply got through", reply="A colleague answers.")')
    assert replies(run) == ["A colleague answers."]
    assert ends(run) == [("handed_off", "no reply got through")]
    assert run.state.handed_off


def test_the_limit_of_blocked_replies_counts_within_one_turn(tmp_path):
    run = converse(promising(tmp_path), ScriptedModel(PROMISES[0], "Hello.", PROMISES[1], "Hello."), "hi", "hi")
    assert replies(run) == ["Hello.", "Hello."]


def test_a_fallback_that_is_no_text_is_refused_with_its_line(tmp_path):
    with pytest.raises(JourneyError) as refused:
        promising(tmp_path, "fallback=3")
    assert "fallback" in refused.value.message


FALLBACKS = ["", 'fallback="Please call us."', 'fallback=""', 'fallback=Escalate("stuck")']


@pytest.mark.parametrize("options", [*FALLBACKS, "limits=Limits(blocked_replies=1)"])
def test_a_replay_ends_at_the_limit_of_blocked_replies_too(tmp_path, options):
    transcript = decode(encode(saved(promise(tmp_path / "then", options))))
    agent = promising(tmp_path / "now", options).agent
    assert replay(transcript, agent).verdict is Verdict.PASS
    assert green(agent, to_plain(transcript)) == ""


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("", "limits=Limits(blocked_replies=3)"),
        ("limits=Limits(blocked_replies=3)", ""),
        ("", 'fallback=Escalate("stuck")'),
        ('fallback=Escalate("stuck")', ""),
    ],
)
def test_another_limit_of_blocked_replies_or_another_end_diverges(tmp_path, then, now):
    transcript = decode(encode(saved(promise(tmp_path / "then", then))))
    agent = promising(tmp_path / "now", now).agent
    assert replay(transcript, agent).verdict is Verdict.FAIL
    assert green(agent, to_plain(transcript)) != ""


def test_another_text_of_the_fallback_is_drift(tmp_path):
    transcript = decode(encode(saved(promise(tmp_path / "then", 'fallback="Please call us."'))))
    found = replay(transcript, promising(tmp_path / "now", 'fallback="Please write to us."').agent)
    assert found.verdict is Verdict.PASS
    assert any("text sent" in str(one) for one in found.drift)


# interrupted answers


def test_a_replay_ignores_what_an_interrupted_answer_had_said(tmp_path):
    run = converse(shop(tmp_path), ScriptedModel("Hello."), "hi")
    partial = PartialAnswer(turn=2, answer=1, text="Well,\nlet me", thinking="a\nb", usage=Usage(tokens_in=9))
    stopped = UserMessage(turn=2, text="and?"), partial, TurnEnded(turn=2, reason="interrupted")
    transcript = msgspec.structs.replace(saved(run), events=[*run.trace.events, *stopped])
    again = decode(encode(transcript))
    assert str(next(e for e in again.events if type(e) is PartialAnswer).text) == "Well,\nlet me"
    agent = shop(tmp_path / "now").agent
    assert replay(again, agent).verdict is Verdict.PASS
    assert green(agent, to_plain(again)) == ""
