"""The airline agent on real conversations: what its policies stop, and what they leave alone."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.realdata import data
from workbench import Conversation
from workbench.authoring.agent import Agent
from workbench.authoring.views import ToolCall
from workbench.replay.judge import replay
from workbench.replay.verdict import ReplayResult, Verdict
from workbench.runtime.loader import load
from workbench.trace.events import Answer, AnyEvent, Reply, ToolResult, UserMessage
from workbench.trace.setup import Setup
from workbench.trace.state import ConversationState
from workbench.trace.step_id import StepId
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.importers.importing import import_bytes
from workbench.transcripts.transcript import Annotation, Transcript

JOURNEYS = Path(__file__).parents[2] / "journeys"
CLOCK = "2024-05-15T15:00:00-04:00"


def airline(without: str = "") -> Agent:
    """The agent, without one policy, or without any ("*")."""
    agent = load(JOURNEYS, "airline").agent
    for journey in agent.journeys.values():
        journey.policies[:] = [p for p in journey.policies if without not in ("*", p.name)]
    return agent


@cache
def runs() -> tuple[tuple[dict[str, Any], Transcript], ...]:
    path = data("tau-airline", "gpt-4o-airline-trial0.json")
    return tuple(
        zip(json.loads(path.read_bytes()), import_bytes(path.read_bytes(), "airline", path.name), strict=True)
    )


def mistake(guard: Transcript, tool: str) -> Transcript:
    """The conversation marked where `tool` was first called, as an engineer marks it."""
    place = next(str(s.step_id) for s in guard.events if isinstance(s, ToolResult) and s.tool == tool)
    return msgspec.structs.replace(
        guard,
        kind="mistake",
        expectations=[Expectation("not_executed", place, tool=tool)],
        annotations=[Annotation(place, kind="guideline_violation", note="it may not be cancelled")],
    )


# real conversations


def test_all_fifty_transcripts_pass_without_policies() -> None:
    agent = airline(without="*")
    assert [replay(transcript, agent).verdict for _, transcript in runs()] == [Verdict.PASS] * 50


def test_a_forbidden_cancellation_passes_only_with_the_policy() -> None:
    _, guard = runs()[41]
    marked = mistake(guard, "cancel_reservation")
    assert replay(marked, airline(without="who_may_cancel")).verdict is Verdict.FAIL
    with_it = replay(marked, airline())
    assert with_it.verdict is Verdict.PASS
    assert with_it.first_difference is not None
    assert "booked more than 24 hours ago" in with_it.first_difference.now


def judged() -> list[tuple[int, bool, bool, set[str]]]:
    """Every write of every run: task, whether it succeeded, whether the reference has it, who blocks it."""
    agent = airline()
    tools = {tool.name: tool for tool in agent.all_tools()}
    found = []
    for run, transcript in runs():
        reference = [(a["name"], a["kwargs"]) for a in run["info"]["task"]["actions"]]
        state = ConversationState(transcript.setup)
        asked: dict[StepId, tuple[dict[str, Any], set[str]]] = {}
        for event in transcript.events:
            for call in event.calls if isinstance(event, Answer) else ():
                if tools[call.tool].writes:
                    step_id = StepId(event.turn, event.answer, call.number)
                    asked[step_id] = call.args, blocked_by(agent, state, call.tool, call.args)
            state.apply(event)
            if isinstance(event, ToolResult) and event.step_id in asked:
                args, by = asked[event.step_id]
                found.append((run["task_id"], event.outcome == "ok", (event.tool, args) in reference, by))
    return found


def blocked_by(agent: Agent, state: ConversationState, tool_name: str, args: dict[str, Any]) -> set[str]:
    tool = next(t for t in agent.all_tools() if t.name == tool_name)
    tool.parse_arguments(args)
    offered = {"call": ToolCall(tool_name, args), "conversation": Conversation(state)}
    policies = [p for p in agent.all_policies() if p.hook == "before_tool" and p.applies_to(tool)]
    return {p.name for p in policies if p.fn(**{name: offered[name] for name in p.parameters}) is not None}


def test_most_writes_outside_the_reference_are_blocked() -> None:
    outside = [(task, by) for task, ok, reference, by in judged() if ok and not reference]
    assert len({task for task, _ in outside}) == 18
    left = {task for task, _ in outside} - {task for task, by in outside if by}
    assert left == {15, 21, 47}, "in these the customer agreed to something the rules allow"


def test_a_reference_write_is_blocked_only_if_the_written_rules_forbid_it() -> None:
    reference = [(task, by) for task, _, is_reference, by in judged() if is_reference]
    assert len(reference) == 21
    assert sorted((task, sorted(by)) for task, by in reference if by) == [
        (22, ["basic_economy_keeps_its_flights", "customer_chose_the_payment"]),
        (26, ["nothing_flown"]),
        (27, ["nothing_flown"]),
        (34, ["who_may_cancel"]),
    ]


def imported(*messages: dict[str, Any]) -> Transcript:
    run = {"task_id": 1, "trial": 0, "reward": 0.0, "traj": list(messages)}
    return import_bytes(json.dumps([run]).encode(), "airline", "made-up.json")[0]


def calling(*tools: str) -> dict[str, Any]:
    made = [{"id": "same", "function": {"name": tool, "arguments": "{}"}} for tool in tools]
    return {"role": "assistant", "content": None, "tool_calls": made}


def test_a_log_that_ends_at_a_call_passes() -> None:
    cut = imported({"role": "user", "content": "Where do you fly?"}, calling("list_all_airports"))
    assert replay(cut, airline()).verdict is Verdict.PASS


def test_a_call_without_its_result_in_the_middle_of_a_log_fails() -> None:
    gap = imported(
        {"role": "user", "content": "Where do you fly?"},
        calling("list_all_airports"),
        {"role": "assistant", "content": "Everywhere."},
    )
    outcome = replay(gap, airline())
    assert (outcome.verdict, outcome.first_difference and outcome.first_difference.step_id) == (
        Verdict.FAIL,
        (1, 1, 1),
    )


def test_calls_before_the_first_message_replay_with_their_recorded_results() -> None:
    early = imported(
        calling("list_all_airports", "list_all_airports"),
        {"role": "tool", "tool_call_id": "same", "content": '{"SEA": "Seattle"}'},
        {"role": "tool", "tool_call_id": "same", "content": '{"SFO": "San Francisco"}'},
        {"role": "assistant", "content": "Welcome!"},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Where to?"},
    )
    assert replay(early, airline()).verdict is Verdict.PASS


def test_an_agent_reads_its_records_after_another_agent_is_loaded() -> None:
    first = airline()
    load(JOURNEYS, "airline")
    tool = next(t for t in first.all_tools() if t.name == "get_reservation_details")
    assert type(tool.decode_result(TRIP).flights[0]) is type(tool.decode_result(TRIP).flights[1])
    assert type(tool.decode_result(TRIP)) is tool.returns


# the rules, one by one, on a plain clone

LEG = {"flight_number": "HAT001", "date": "2024-05-20", "origin": "JFK", "destination": "ORD", "price": 100}
NEXT = {"flight_number": "HAT002", "date": "2024-05-20", "origin": "ORD", "destination": "SEA", "price": 80}
ANN = {"first_name": "Ann", "last_name": "Lee", "dob": "1990-01-01"}
BOB = {"first_name": "Bob", "last_name": "Ray", "dob": "1980-01-01"}
TRIP: dict[str, Any] = {
    "reservation_id": "ABC123", "user_id": "ann_lee_1", "origin": "JFK", "destination": "SEA",
    "flight_type": "one_way", "cabin": "economy", "flights": [LEG, NEXT], "passengers": [ANN],
    "payment_history": [{"payment_id": "credit_card_1", "amount": 180}],
    "created_at": "2024-05-01T10:00:00", "total_baggages": 1, "nonfree_baggages": 0, "insurance": "no",
}  # fmt: skip
PROFILE: dict[str, Any] = {
    "membership": "regular",
    "payment_methods": {
        "credit_card_1": {"source": "credit_card", "brand": "visa", "last_four": "1111", "id": "credit_card_1"},
        "credit_card_2": {"source": "credit_card", "brand": "visa", "last_four": "2222", "id": "credit_card_2"},
        "gift_card_1": {"source": "gift_card", "amount": 500, "id": "gift_card_1"},
        "certificate_1": {"source": "certificate", "amount": 250, "id": "certificate_1"},
        "certificate_2": {"source": "certificate", "amount": 250, "id": "certificate_2"},
    },
    "reservations": ["ABC123"],
}
OFFER = {
    "status": "available",
    "available_seats": {"basic_economy": 9, "economy": 2, "business": 9},
    "prices": {"basic_economy": 50, "economy": 100, "business": 300},
}


class Desk:
    """A conversation at the airline's desk, told step by step."""

    def __init__(self) -> None:
        self.state = ConversationState(Setup(agent="airline", clock=CLOCK))
        self.turn = self.answer = 0

    def customer(self, text: str) -> Desk:
        self.turn, self.answer = self.turn + 1, 0
        return self._add(UserMessage(turn=self.turn, text=text))

    def agent(self, text: str) -> Desk:
        self.answer += 1
        self._add(Answer(turn=self.turn, answer=self.answer, blocks=[{"type": "text", "text": text}]))
        return self._add(Reply(turn=self.turn, answer=self.answer, text=text))

    def did(self, tool: str, value: Any, **args: Any) -> Desk:
        self.answer += 1
        block = {"type": "tool_use", "id": "x", "name": tool, "input": args}
        self._add(Answer(turn=self.turn, answer=self.answer, blocks=[block]))
        return self._add(ToolResult(turn=self.turn, answer=self.answer, call=1, tool=tool, value=value))

    def knows(self, trip: dict[str, Any] | None = None, profile: dict[str, Any] | None = None) -> Desk:
        """The customer is known, and the reservation looked up."""
        self.customer("I am ann_lee_1, it is about ABC123")
        self.did("get_user_details", {**PROFILE, **(profile or {})}, user_id="ann_lee_1")
        return self.did("get_reservation_details", {**TRIP, **(trip or {})}, reservation_id="ABC123")

    def found(self, number: str, origin: str, destination: str) -> Desk:
        row = {**OFFER, "flight_number": number, "origin": origin, "destination": destination}
        return self.did("search_direct_flight", [row], origin=origin, destination=destination, date="2024-05-20")

    def blocks(self, tool: str, **args: Any) -> set[str]:
        return blocked_by(AGENT, self.state, tool, args)

    def _add(self, event: AnyEvent) -> Desk:
        self.state.apply(event)
        return self


AGENT = load(JOURNEYS, "airline").agent


def on(*numbers: str) -> list[dict[str, str]]:
    return [{"flight_number": number, "date": "2024-05-20"} for number in numbers]


@pytest.mark.parametrize(
    ("trip", "stopped"),
    [
        ({}, {"who_may_cancel"}),
        ({"created_at": "2024-05-14T15:00:01"}, set()),
        ({"created_at": "2024-05-14T14:59:00"}, {"who_may_cancel"}),
        ({"cabin": "business"}, set()),
        ({"insurance": "yes"}, set()),
        ({"cabin": "basic_economy"}, {"who_may_cancel"}),
        ({"cabin": "business", "flights": [{**LEG, "date": "2024-05-14"}, NEXT]}, {"nothing_flown"}),
        ({"cabin": "business", "flights": [{**LEG, "date": "2024-05-15"}, NEXT]}, set()),
    ],
    ids=["late", "within a day", "a minute late", "business", "insured", "basic", "flown", "flies today"],
)
def test_a_cancellation_is_blocked_unless_the_rules_allow_it(trip: dict[str, Any], stopped: set[str]) -> None:
    assert Desk().knows(trip).blocks("cancel_reservation", reservation_id="ABC123") == stopped


def test_the_cabin_after_a_change_is_used_even_if_the_record_shows_the_old_one() -> None:
    desk = Desk().knows()
    args = {"reservation_id": "ABC123", "cabin": "business", "flights": on("HAT001", "HAT002")}
    desk.did("update_reservation_flights", TRIP, **args, payment_id="credit_card_1")
    desk.did("get_reservation_details", TRIP, reservation_id="ABC123")
    assert desk.blocks("cancel_reservation", reservation_id="ABC123") == set()


def test_a_reservation_is_changed_only_after_a_lookup_and_for_a_known_customer() -> None:
    nobody = Desk().customer("Cancel ABC123")
    assert nobody.blocks("cancel_reservation", reservation_id="ABC123") == {"own_reservation"}
    business = {**TRIP, "cabin": "business"}
    nobody.did("get_reservation_details", business, reservation_id="ABC123")
    assert nobody.blocks("cancel_reservation", reservation_id="ABC123") == {"own_reservation"}
    nobody.customer("I am ann_lee_1")
    assert nobody.blocks("cancel_reservation", reservation_id="ABC123") == set()


def changed(desk: Desk, *numbers: str, cabin: str = "economy", payment: str = "credit_card_1") -> set[str]:
    return desk.blocks(
        "update_reservation_flights",
        reservation_id="ABC123",
        cabin=cabin,
        flights=on(*numbers),
        payment_id=payment,
    )


def proposed(desk: Desk, text: str, answer: str = "Yes, please.") -> Desk:
    return desk.agent(text).customer(answer)


def test_a_change_of_flights_that_the_customer_accepted_is_allowed() -> None:
    desk = Desk().knows().found("HAT009", "JFK", "SEA")
    assert changed(proposed(desk, "HAT009 instead, for 20 dollars. Shall I?"), "HAT009") == set()


def test_a_change_cannot_move_the_start_or_end_of_the_trip() -> None:
    desk = proposed(Desk().knows().found("HAT009", "JFK", "LAX"), "HAT009 to LAX?")
    assert changed(desk, "HAT009") == {"same_trip"}
    there_and_back = {"flight_type": "round_trip", "flights": [LEG, NEXT, {**LEG, "flight_number": "HAT003"}]}
    desk = proposed(Desk().knows(there_and_back).found("HAT009", "JFK", "SEA"), "HAT009 only?")
    assert changed(desk, "HAT009") == {"same_trip"}


def test_basic_economy_can_change_the_cabin_but_not_the_flights() -> None:
    desk = Desk().knows({"cabin": "basic_economy"}).found("HAT009", "JFK", "SEA")
    proposed(desk, "Economy, on HAT009?")
    assert changed(desk, "HAT009") == {"basic_economy_keeps_its_flights"}
    assert changed(desk, "HAT001", "HAT002") == set()
    args = {"reservation_id": "ABC123", "cabin": "economy", "flights": on("HAT001", "HAT002")}
    desk.did("update_reservation_flights", {**TRIP, "cabin": "basic_economy"}, **args, payment_id="credit_card_1")
    assert changed(desk, "HAT009") == set()


def test_flights_that_were_not_found_or_are_full_are_not_booked() -> None:
    assert changed(proposed(Desk().knows(), "HAT009?"), "HAT009") == {"flights_were_found"}
    three = {"passengers": [ANN, BOB, {**BOB, "first_name": "Cid"}]}
    desk = proposed(Desk().knows(three).found("HAT009", "JFK", "SEA"), "HAT009?")
    assert changed(desk, "HAT009") == {"flights_were_found"}


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("Business class for all passengers and all flights, 400 dollars?", set()),
        ("Upgrade Ann Lee and Bob Ray to business?", set()),
        ("Hello Ann Lee. Shall I upgrade your reservation to business?", set()),
        ("**Upgrade Cabin Class for Bob Ray:** business?", {"one_cabin"}),
        ("Shall I move Bob Ray to business?", {"one_cabin"}),
        ("- HAT001 (Business Class)\n- HAT002 (Economy Class)", {"one_cabin"}),
        ("Would you like business class for this leg of the journey?", {"one_cabin"}),
        ("Business for the first leg?\nIt must be business for the whole trip.", set()),
    ],
)
def test_consent_to_a_cabin_for_one_part_does_not_cover_the_whole_trip(text: str, stopped: set[str]) -> None:
    desk = proposed(Desk().knows({"passengers": [ANN, BOB]}), text)
    assert changed(desk, "HAT001", "HAT002", cabin="business") == stopped


def test_a_certificate_or_an_unknown_card_cannot_pay_for_a_change() -> None:
    desk = proposed(Desk().knows(), "Business, for 400 dollars, with the card ending in 2222?")
    business = {"cabin": "business"}
    assert changed(desk, "HAT001", "HAT002", **business, payment="credit_card_2") == set()
    assert "changes_take_a_card" in changed(desk, "HAT001", "HAT002", **business, payment="certificate_1")
    assert changed(desk, "HAT001", "HAT002", **business, payment="credit_card_9") == {"payment_is_in_the_profile"}


def test_only_the_original_card_is_charged_unless_the_customer_names_another() -> None:
    desk = proposed(Desk().knows(), "Business class for the whole trip?", "Yes")
    assert changed(desk, "HAT001", "HAT002", cabin="business", payment="credit_card_2") == {
        "customer_chose_the_payment"
    }
    assert changed(desk, "HAT001", "HAT002", cabin="business", payment="credit_card_1") == set()


@pytest.mark.parametrize(
    ("answer", "agrees"),
    [
        ("Yes, please go ahead.", True),
        ("That sounds good. Please proceed with it.", True),
        ("Go ahead, I don't need insurance.", True),
        ("Perfect, that works for me!", True),
        ("Oui, merci.", True),
        ("I'll go with option 1. Use my visa.", False),
        ("How do we proceed?", False),
        ("Please don't proceed.", False),
        ("Please proceed if it is less than 100 dollars.", False),
        ("Change of plan, I think there is some confusion.", False),
        ("No, thanks.", False),
    ],
)
def test_only_plain_words_count_as_consent(answer: str, agrees: bool) -> None:
    desk = proposed(Desk().knows(), "Business class for the whole trip?", answer)
    stopped = changed(desk, "HAT001", "HAT002", cabin="business")
    assert stopped == (set() if agrees else {"customer_said_yes"})


def test_consent_to_details_that_were_not_listed_does_not_count() -> None:
    desk = proposed(Desk().knows().found("HAT009", "JFK", "SEA"), "Shall I change it?")
    assert changed(desk, "HAT009") == {"details_were_listed"}
    people = {"reservation_id": "ABC123", "passengers": [BOB]}
    assert desk.blocks("update_reservation_passengers", **people) == {"details_were_listed"}
    proposed(desk, "Bob Ray flies instead of Ann Lee?")
    assert desk.blocks("update_reservation_passengers", **people) == set()
    assert desk.blocks("update_reservation_passengers", **{**people, "passengers": [ANN, BOB]}) == {
        "same_number_of_passengers"
    }


@pytest.mark.parametrize(
    ("membership", "total", "paid", "stopped"),
    [
        ("regular", 1, 0, set()),
        ("regular", 2, 0, {"bags_are_charged_right"}),
        ("regular", 2, 1, set()),
        ("gold", 3, 0, set()),
        ("gold", 3, 1, {"bags_are_charged_right"}),
        ("gold", 0, 0, {"bags_are_only_added"}),
    ],
)
def test_membership_and_cabin_decide_the_number_of_free_bags(
    membership: str, total: int, paid: int, stopped: set[str]
) -> None:
    desk = proposed(Desk().knows(profile={"membership": membership}), "One more bag?")
    asked = {"total_baggages": total, "nonfree_baggages": paid}
    found = desk.blocks(
        "update_reservation_baggages", reservation_id="ABC123", **asked, payment_id="credit_card_1"
    )
    assert found == stopped


def booked(desk: Desk, *payments: str, people: int = 1, **changes: Any) -> set[str]:
    args: dict[str, Any] = {
        "user_id": "ann_lee_1", "origin": "JFK", "destination": "SEA", "flight_type": "one_way",
        "cabin": "economy", "flights": on("HAT009"), "passengers": [ANN] * people,
        "payment_methods": [{"payment_id": p, "amount": 50} for p in payments or ("credit_card_1",)],
        "total_baggages": 0, "nonfree_baggages": 0, "insurance": "no",
    }  # fmt: skip
    return desk.blocks("book_reservation", **{**args, **changes})


def test_a_booking_needs_a_known_profile_and_at_most_five_people_and_one_certificate() -> None:
    desk = Desk().knows().found("HAT009", "JFK", "SEA")
    proposed(desk, "HAT009 in economy, paid with your certificates and the card ending in 1111?")
    assert booked(desk) == set()
    assert booked(desk, "certificate_1", "credit_card_1") == set()
    assert booked(desk, "certificate_1", "certificate_2") == {"payment_mix"}
    assert booked(desk, people=6) == {"at_most_five", "flights_were_found"}
    assert booked(desk, destination="LAX") == {"flights_make_the_trip"}
    assert "known_profile" in booked(desk, user_id="bob_ray_2")


def test_a_certificate_is_sent_only_on_request_and_in_the_right_amount() -> None:
    gift: dict[str, Any] = {"user_id": "ann_lee_1"}
    silver = Desk().knows(profile={"membership": "silver"})
    assert silver.blocks("send_certificate", **gift, amount=50) == {"only_when_asked"}
    silver.customer("ABC123 was delayed. What compensation do I get?")
    assert silver.blocks("send_certificate", **gift, amount=50) == set()
    assert silver.blocks("send_certificate", **gift, amount=100) == {"right_certificate"}
    silver.customer("And my other flight was cancelled!")
    assert silver.blocks("send_certificate", **gift, amount=100) == set()
    regular = Desk().knows().customer("It was cancelled, I want a voucher")
    assert regular.blocks("send_certificate", **gift, amount=100) == {"right_certificate"}
    assert Desk().customer("A voucher!").blocks("send_certificate", **gift, amount=50) == {"known_profile"}


def test_an_artificial_run_is_imported_annotated_and_fixed_by_the_policy() -> None:
    def calls(tool: str, **args: Any) -> dict[str, Any]:
        made = {"id": "same", "type": "function", "function": {"name": tool, "arguments": json.dumps(args)}}
        return {"role": "assistant", "content": None, "tool_calls": [made]}

    def gives(value: Any) -> dict[str, Any]:
        return {"role": "tool", "tool_call_id": "same", "content": json.dumps(value)}

    run = {
        "task_id": 1, "trial": 0, "reward": 0.0, "info": {"reward_info": None},
        "traj": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "I am ann_lee_1, cancel ABC123"},
            calls("get_reservation_details", reservation_id="ABC123"),
            gives(TRIP),
            calls("cancel_reservation", reservation_id="ABC123"),
            gives({**TRIP, "status": "cancelled"}),
            {"role": "assistant", "content": "Done."},
        ],
    }  # fmt: skip
    (guard,) = import_bytes(json.dumps([run]).encode(), "airline", "made-up.json")
    assert replay(guard, airline(without="*")).verdict is Verdict.PASS
    marked = mistake(guard, "cancel_reservation")
    outcomes: list[ReplayResult] = [replay(marked, airline(without=name)) for name in ("who_may_cancel", "")]
    assert [o.verdict for o in outcomes] == [Verdict.FAIL, Verdict.PASS]
