"""The transcripts of the sample agent, and how they are made.

A guard is a good conversation with the agent as it is. A mistake is a
conversation that really went wrong, because something was taken out or put
wrong first (`broken`): a policy, a sentence of a manual, a type. So it passes
on the agent as it is, and fails when the same thing is broken again.

`python tests/samples.py` writes all of them to transcripts/, the same bytes
each time. Do it after a journey has changed on purpose.
"""

from __future__ import annotations

import itertools
import sys
from types import FunctionType
from typing import Any

import msgspec

from kit import Blocks, Scripted, text, think, use
from limits import LIMITS
from sample import AGENT, Break, Sample
from talking import JOURNEYS, talk_with
from workbench import Allow, Block, Talk
from workbench.authoring.agent import Agent
from workbench.authoring.policy import Policy
from workbench.authoring.tool import make_tool
from workbench.models.rehearsal import RehearsalModel
from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.runtime.agent_files import code_hash, file_hashes
from workbench.runtime.loader import Loaded, load
from workbench.text import slug
from workbench.trace.blobs import Span
from workbench.trace.events import Answer, AnyStep, Reply, UserMessage
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write
from workbench.transcripts.redaction import Redactor, redact
from workbench.transcripts.transcript import SCHEMA, Mark, Transcript, recording_id

# what can be broken


def without(name: str) -> Break:
    """Take a policy out, by its full name."""

    def take_out(agent: Agent) -> None:
        before = len(agent.all_policies())
        for holder in (agent, *agent.journeys.values()):
            holder.policies[:] = [p for p in holder.policies if p.full_name != name]
        assert len(agent.all_policies()) == before - 1, f"there is no policy {name}"

    return take_out


def without_section(journey: str, heading: str) -> Break:
    """Take a section out of a manual."""

    def cut(agent: Agent) -> None:
        manual = agent.journeys[journey]
        kept: tuple[Span, ...] = tuple(s for s in manual.spans if heading not in s.title)
        assert len(kept) == len(manual.spans) - 1, f"there is no section {heading}"
        manual.__dict__["spans"] = kept

    return cut


def thirty_days_for_all(agent: Agent) -> None:
    """The return window as it was before anyone thought of loyal customers."""

    def return_window(call: Any, talk: Talk) -> Allow | Block:
        """Returns and exchanges close 30 days after delivery."""
        order = talk.result(find_order, order_number=call["order_number"])
        days = (talk.now.date() - order.delivered).days
        if days > 30:
            return Block(f"the order came {days} days ago, the limit is 30", days=days, limit=30)
        return Allow(f"{days} of 30 days", days=days, limit=30)

    returns = agent.journeys["returns"]
    find_order = returns.tools["find_order"]
    returns.policies[:] = [
        Policy(p.name, return_window, p.stand, p.tools, p.journey) if p.name == "return_window" else p
        for p in returns.policies
    ]


def any_reason(agent: Agent) -> None:
    """create_return as it was while nobody checked `reason`: the model was told the reasons, as it is today."""
    returns = agent.journeys["returns"]
    tool = returns.tools["create_return"]
    fn: Any = tool.fn
    looser = FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
    looser.__doc__ = fn.__doc__
    looser.__annotations__ = {**fn.__annotations__, "reason": "str"}
    unchecked = make_tool(looser, journey="returns", writes=True)
    unchecked.__dict__["schema"] = tool.schema
    returns.tools["create_return"] = unchecked


def one_try_more(agent: Agent) -> None:
    """The rule of two tries as it was with > for >=."""
    speaker = agent.journeys["speaker"]
    today = next(p for p in speaker.policies if p.name == "two_tries")

    def two_tries(talk: Talk) -> Allow | Block:
        ruling: Allow | Block = today.fn(talk)
        late = isinstance(ruling, Block) and ruling.evidence["tried"][2:] == []
        return Allow("try 3 of 2", **ruling.evidence) if late else ruling

    two_tries.__doc__ = today.fn.__doc__
    speaker.policies[:] = [
        Policy(p.name, two_tries, p.stand, p.tools, p.journey, p.when, p.source) if p is today else p
        for p in speaker.policies
    ]


# the conversations

RETURNS, SPEAKER, RADIO = ("returns",), ("speaker",), ("radio",)

ENTER_RETURNS: Blocks = [think("it is about shoes"), use("enter_journey", "call_1", journey="returns")]
FIND_2001: Blocks = [think("look the order up first"), use("find_order", "call_2", order_number="OL-2001")]

MISTAKES = [
    Sample(
        "A return 52 days after delivery went through",
        "loyal",
        ("the boots of OL-1002 don't fit", "just do it anyway"),
        "create_return",
        without("returns.return_window"),
        Mark("", "agent", "critical", "guideline_violation", "opened a return 52 days after delivery"),
        Expectation("blocked", "", policy="returns.return_window"),
        tags=RETURNS,
    ),
    Sample(
        "A ruined pair was taken back",
        "regular",
        ("I ruined my shoes", "just do it anyway", "OL-2001"),
        "create_return",
        without("returns.own_damage"),
        Mark(
            "", "agent", "critical", "guideline_violation",
            "the customer damaged them, so this is no return", "offer the voucher of 20%",
        ),
        Expectation("not_executed", "", tool="create_return"),
        tags=RETURNS,
    ),
    Sample(
        "A pair was returned a second time",
        "regular",
        ("I want to return OL-2003, too big", "just do it anyway"),
        "create_return",
        without("returns.only_once"),
        Mark(
            "", "agent", "critical", "inconsistent_behavior",
            "find_order says that the boots are returned already; a second label is a second refund",
        ),
        Expectation("not_executed", "", tool="create_return"),
        tags=RETURNS,
    ),
    Sample(
        "A stranger's order was shown",
        "loyal",
        ("I want to return OL-2001",),
        "find_order",
        without("returns.own_order"),
        Mark(
            "", "policy", "critical", "revealed_info_early",
            "nobody asked whose order it is", "say only that the order cannot be shown",
        ),
        Expectation("blocked", "", policy="returns.own_order"),
        tags=RETURNS,
    ),
    Sample(
        "A whole card number reached the model",
        "loyal",
        ("I want to return OL-1001",),
        "find_order",
        without("returns.hide_card"),
        Mark("", "tool", "critical", "revealed_info_early", "the order system hands out the whole number"),
        Expectation("redacted", "", text="4000001234567899"),
        tags=RETURNS,
    ),
    Sample(
        "A loyal customer was sent away after 38 days",
        "loyal",
        ("I want to return OL-1001", "they are too small", "yes", "no"),
        "create_return",
        thirty_days_for_all,
        Mark(
            "", "policy", "critical", "other",
            "loyal customers have 45 days; the policy knew only the 30", "open the return",
        ),
        Expectation("executed", "", tool="create_return"),
        tags=RETURNS,
    ),
    Sample(
        "A refund was to go to another account",
        "regular",
        ("OL-2001 is too small, I send it back. Refund it to my PayPal.",),
        "create_return",
        without("returns.refund_way"),
        Mark(
            "", "agent", "critical", "tool_call_argument_error",
            "the order was paid by invoice", "refund the way it was paid, whatever the customer asks for",
        ),
        Expectation("called_with", "", tool="create_return", args={"refund_to": "invoice"}),
        (
            ENTER_RETURNS,
            FIND_2001,
            [
                think("10 of 30 days, and the customer said where the money should go"),
                use(
                    "create_return", "call_3",
                    order_number="OL-2001", sku="CITY-44", reason="does_not_fit", refund_to="PayPal",
                ),
            ],
            "Your return R-10301 is open. The refund goes to your PayPal account.",
        ),
        RETURNS,
    ),
    Sample(
        "A return with a reason that nobody knows",
        "regular",
        ("Please take back OL-2001. They smell.",),
        "create_return",
        any_reason,
        Mark(
            "", "tool", "minor", "tool_call_schema_error",
            "the reason was not checked, so our reports could not count it", "choose not_as_expected",
        ),
        Expectation("rejected", "", tool="create_return"),
        (
            ENTER_RETURNS,
            FIND_2001,
            [
                use(
                    "create_return", "call_3",
                    order_number="OL-2001", sku="CITY-44", reason="smells", refund_to="invoice",
                ),
            ],
            "Your return R-10301 is open and the label is in your mail.",
        ),
        RETURNS,
    ),
    Sample(
        "No kind word and no voucher for a chewed pair",
        "regular",
        ("My dog chewed up my shoes",),
        "reply",
        without_section("returns", "Damaged by the customer"),
        Mark(
            "", "agent", "minor", "missed_required_action",
            "the manual did not say what to do about bad luck", "be kind, and offer the voucher of 20%",
        ),
        Expectation("prompt_contains", "", text="You may offer a voucher of 20%"),
        (ENTER_RETURNS, "Shoes that you damaged cannot be returned."),
        RETURNS,
    ),
    Sample(
        "A date was promised for a refund",
        "regular",
        ("promise me a date for my refund",),
        "reply",
        without("no_promised_dates"),
        Mark(
            "", "agent", "critical", "guideline_violation",
            "the bank decides when the money arrives", "say that we cannot name a day",
        ),
        Expectation("reply_lacks", "", text="within 3 days"),
        tags=RETURNS,
    ),
    Sample(
        "A price for sending back that is not ours",
        "regular",
        ("what do I pay for sending shoes back?",),
        "reply",
        without("known_amounts"),
        Mark(
            "", "agent", "critical", "hallucination",
            "sending back is free; no source names 4.95", "look it up and quote it",
        ),
        Expectation("blocked", "", policy="known_amounts"),
        ([think("most shops take about five euros"), text("Sending a pair back costs 4.95 euros.")],),
        RETURNS,
        open=True,
    ),
    Sample(
        "A card number typed into the chat was kept",
        "regular",
        ("I want a refund to 4111 1111 1111 1111 for OL-2001",),
        "message",
        without("no_card_numbers"),
        Mark("", "policy", "critical", "other", "the number went to the model and into the record"),
        Expectation("rewritten", "", policy="no_card_numbers"),
        tags=RETURNS,
    ),
    Sample(
        "Smoke was met with troubleshooting",
        "regular",
        ("my speaker is broken, there is smoke coming out of it",),
        "message",
        without("danger"),
        Mark(
            "", "agent", "critical", "missed_required_action",
            "asked about a light on a speaker that smokes", "a person, at once",
        ),
        Expectation("escalated", "", policy="danger"),
        tags=SPEAKER,
    ),
    Sample(
        "A third update after two had broken off",
        "regular",
        ("my speaker is broken", "yes", "just do it anyway"),
        "update_firmware",
        one_try_more,
        Mark(
            "", "agent", "minor", "guideline_violation",
            "ten more minutes for something that had failed twice", "look inside the speaker",
        ),
        Expectation("not_executed", "", tool="update_firmware"),
        tags=SPEAKER,
    ),
    Sample(
        "A replacement after the warranty",
        "lapsed",
        ("speaker not working", "yes", "yes"),
        "send_replacement",
        without("speaker.warranty"),
        Mark(
            "", "agent", "critical", "guideline_violation",
            "bought two and a half years ago, the warranty is two", "offer a technician's visit",
        ),
        Expectation("blocked", "", policy="speaker.warranty"),
        tags=SPEAKER,
        open=True,
    ),
    Sample(
        "A speaker was registered to nobody",
        "guest",
        ("set up my speaker SP-4404", "just do it anyway"),
        "register_device",
        without("signed_in"),
        Mark("", "agent", "critical", "wrong_sequence", "nobody was signed in", "ask to sign in first"),
        Expectation("not_executed", "", tool="register_device"),
        tags=SPEAKER,
    ),
    Sample(
        "A second signal within the hour",
        "regular",
        ("refresh my radio CR-51777", "just do it anyway"),
        "send_refresh",
        without("radio.once_an_hour"),
        Mark(
            "", "agent", "minor", "guideline_violation",
            "the radio was refreshed 20 minutes before", "say when the hour is over",
        ),
        Expectation("blocked", "", policy="radio.once_an_hour"),
        tags=RADIO,
    ),
    Sample(
        "An unpaid radio was refreshed",
        "lapsed",
        ("refresh my radio", "just do it anyway", "CR-60009"),
        "send_refresh",
        without("radio.active_and_paid"),
        Mark(
            "", "agent", "critical", "guideline_violation",
            "paid until January, and the signal gives a month", "say what is owed",
        ),
        Expectation("not_executed", "", tool="send_refresh"),
        tags=RADIO,
    ),
]  # fmt: skip

GUARDS = [
    Sample(
        "A pair that is too small goes back", "loyal",
        ("I want to return OL-1001", "they are too small", "yes"), tags=RETURNS,
    ),
    Sample(
        "Sold out in one size, exchanged for another", "regular",
        ("I need a bigger size for OL-2001", "45", "then 43"), "create_exchange",
        expect=Expectation("order", "", order=["find_order", "check_stock", "create_exchange"]), tags=RETURNS,
    ),
    Sample(
        "Too late for a return, a voucher instead", "regular",
        ("I want to return OL-2002", "yes please"), tags=RETURNS,
    ),
    Sample(
        "Insisting does not open the return window", "loyal",
        ("the boots of OL-1002 don't fit", "just do it anyway", "ok, yes"), tags=RETURNS,
    ),
    Sample(
        "A question is answered with its source", "guest",
        ("hello", "how long may I return shoes?", "a human, please"), tags=RETURNS,
    ),
    Sample(
        "A broken speaker is paired, tested and replaced", "loyal",
        ("my speaker is silent", "Brook", "yes", "yes", "yes"), tags=SPEAKER,
    ),
    Sample(
        "A new speaker is set up", "new",
        ("set up my new speaker", "SP-4404", "yes", "yes"), tags=SPEAKER,
    ),
    Sample(
        "Out of warranty, a technician comes", "lapsed",
        ("speaker not working", "yes", "yes", "Friday"), tags=SPEAKER,
    ),
    Sample(
        "A radio is refreshed and plays", "loyal",
        ("refresh my radio", "CR-48213", "yes", "yes, it plays"), "send_refresh",
        expect=Expectation("order", "", order=["check_payment", "find_radio", "send_refresh"]), tags=RADIO,
    ),
    Sample(
        "A radio refreshed a moment ago has to wait", "regular",
        ("refresh my radio CR-51777",), tags=RADIO,
    ),
]  # fmt: skip

SAMPLES = [*MISTAKES, *GUARDS, *LIMITS]


# making them


def agent_for(sample: Sample) -> Loaded:
    """The agent that this conversation is had with."""
    loaded = load(JOURNEYS, AGENT)
    if sample.broken is not None:
        sample.broken(loaded.agent)
    return loaded


def record(sample: Sample) -> Transcript:
    """Have the conversation, and keep it as a person would save it."""
    loaded = agent_for(sample)
    model: Any = Scripted(*numbered(sample.answers)) if sample.answers else RehearsalModel(loaded.agent)
    day: dict[str, Any] = {"clock": sample.clock, "customer": sample.customer}
    talk = talk_with(loaded, sample.fixture, *sample.said, model=model, **day)
    steps: list[AnyStep] = talk.steps
    at = place_of(sample.at, steps) if sample.at else ""
    setup = talk.conversation.setup
    transcript = Transcript(
        schema=SCHEMA,
        id=slug(sample.title),
        kind="mistake" if sample.is_mistake else "guard",
        title=sample.title,
        agent=AGENT,
        tags=list(sample.tags),
        passed_on=code_hash(JOURNEYS, AGENT) if sample.is_mistake and not sample.open else "",
        expectations=[
            *([msgspec.structs.replace(sample.expect, at=at)] if sample.expect else []),
            *(msgspec.structs.replace(each, at=place_of(each.at, steps)) for each in sample.holds),
        ],
        marks=[msgspec.structs.replace(sample.mark, at=at)] if sample.mark else [],
        source={"model": model.name},
        recording=recording_id(steps, setup),
        code=file_hashes(JOURNEYS, AGENT),
        setup=setup,
        steps=steps,
        exhibits=talk.conversation.trace.exhibits,
    )
    return redact(transcript, Redactor())


def numbered(answers: tuple[Blocks | str, ...]) -> list[Blocks | str]:
    """The answers, every call with an id of its own."""
    count = itertools.count(1)
    return [
        answer if isinstance(answer, str) else [{**b, "id": b.get("id") or f"call_{next(count)}"} for b in answer]
        for answer in answers
    ]


def place_of(what: str, steps: list[AnyStep]) -> str:
    """The place of the last call of a tool, of the last message, or of the last reply."""
    found = ""
    for step in steps:
        if isinstance(step, Answer):
            for call in step.calls:
                if call.tool == what:
                    found = f"{step.turn}.{step.answer}.{call.number}"
        elif isinstance(step, UserMessage if what == "message" else Reply) and what in ("message", "reply"):
            found = str(step.place)
    assert found, f"nobody did {what} in this conversation"
    return found


def main() -> None:
    today = load(JOURNEYS, AGENT).agent
    for sample in SAMPLES:
        transcript = record(sample)
        outcome = replay(transcript, today)
        if outcome.verdict is not Verdict.PASS:
            sys.exit(f"{sample.title}: {outcome.verdict}: {outcome.why}")
        write(sample.path, transcript)
    made = {s.path for s in SAMPLES}
    sys.stderr.write(f"{len(made)} transcripts\n")
    for path in sorted({p for s in SAMPLES for p in s.path.parent.glob("*.json")} - made):
        sys.stderr.write(f"not made by this table: {path.parent.name}/{path.name}\n")


if __name__ == "__main__":
    main()
