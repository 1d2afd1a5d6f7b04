"""Policies on consent: a write needs the customer's explicit yes to the listed details."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench import Block, Conversation, ToolCall

from . import facts
from .journey import (
    book_reservation,
    reservations,
    update_reservation_baggages,
    update_reservation_flights,
    update_reservation_passengers,
)

NEEDS_YES = [
    book_reservation,
    update_reservation_flights,
    update_reservation_baggages,
    update_reservation_passengers,
]
YES = re.compile(r"\b(yes|yep|yeah|yup|oui|s[ií])\b", re.IGNORECASE)
AGREES = re.compile(
    r"\b(go ahead|proceed|confirm(ed)?|correct|agreed?|absolutely|definitely|of course|certainly"
    r"|okay|ok|sure|perfect|works( for me)?|do (it|that|this)"
    r"|(sounds|looks|is|that['’]s|all) (good|great|perfect|fine|right)"
    r"|please (book|make|process|complete|finali[sz]e))\b",
    re.IGNORECASE,
)
ON_A_CONDITION = re.compile(r"\b(if|unless|until|once|before|as long as|provided)\b", re.IGNORECASE)
REFUSES = re.compile(r"\b(not|never)\b|n['’]t\b", re.IGNORECASE)
SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
CLAUSE = re.compile(r"[,;:]|\b(?:and|but|so)\b")
BAGS = re.compile(r"\b(bag|baggage|luggage|suitcase)s?\b", re.IGNORECASE)


@reservations.policy(before=NEEDS_YES)
def customer_said_yes(call: ToolCall, conversation: Conversation) -> Block | None:
    """Before a booking or a change, the customer's last message agrees to it in plain words.

    Why: naming a wish, a payment method or an option is not agreeing to be charged.
    """
    if any(_agrees(sentence) for sentence in SENTENCE.findall(conversation.last_user_message)):
        return None
    return Block("list what will be done and wait for the customer's yes", said=conversation.last_user_message)


def _agrees(sentence: str) -> bool:
    """Return whether a text agrees: a clear yes, or softer words without a question, condition or refusal."""
    if YES.search(sentence):
        return True
    if sentence.endswith("?") or ON_A_CONDITION.search(sentence):
        return False
    return any(AGREES.search(clause) and not REFUSES.search(clause) for clause in CLAUSE.split(sentence))


@reservations.policy(before=NEEDS_YES)
def details_were_listed(call: ToolCall, conversation: Conversation) -> Block | None:
    """A yes counts only after the agent has named what will be booked or changed.

    Why: nobody can agree to flights, bags or names they were never shown.
    """
    told = "\n".join(conversation.agent_messages).lower()
    unnamed = [what for what, pattern in _to_be_named(call, conversation) if not re.search(pattern, told)]
    if unnamed:
        return Block(f"the customer was never told: {', '.join(unnamed)}", unnamed=unnamed)
    return None


def _to_be_named(call: ToolCall, conversation: Conversation) -> Iterator[tuple[str, str]]:
    """Return the details that a call changes, each with a pattern that finds it in a text."""
    held = facts.reservation(conversation, call.get("reservation_id", ""))
    if call.tool == update_reservation_baggages.name:
        yield "the bags", BAGS.pattern
    elif call.tool == update_reservation_passengers.name:
        booked = {p.name for p in held.passengers} if held is not None else set()
        for person in call["passengers"]:
            name = f"{person['first_name']} {person['last_name']}"
            if name not in booked:
                yield name, re.escape(name.lower())
    else:
        kept = {leg.on for leg in held.flights} if held is not None else set()
        for flight in facts.flights_of(call):
            if flight not in kept:
                yield flight[0], re.escape(flight[0].lower())
        if held is None or held.cabin != call["cabin"]:
            yield call["cabin"], call["cabin"].replace("_", "[ _]")
