"""The support agent of Oleander: three journeys, and the policies that hold in all of them."""

from __future__ import annotations

import re

from workbench import WRITES, Agent, Block, Conversation, Escalate, Limits, Rewrite, ToolCall

from .radio.rehearsal import radio  # each journey comes with its rehearsal
from .returns.rehearsal import returns
from .shop import is_signed_in
from .speaker.rehearsal import speaker

agent = Agent(
    "support",
    journeys=[returns, speaker, radio],
    knowledge="knowledge",
    fixture="loyal",
    limits=Limits(blocked_replies=6),  # the transcripts of `transcripts/limits` put a sentence in several ways
)

CARD = re.compile(r"\b(?:\d[ -]?){12,15}(\d{4})\b")
AMOUNT = re.compile(r"(?:€|EUR) ?(\d+(?:[.,]\d+)?)|(\d+(?:[.,]\d+)?) ?(?:€|euros?\b|EUR\b)")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
MONEY = re.compile(r"refund|money|pay back", re.I)
DATE = re.compile(r"\b(?:by|on|until|within|in) (?:\w+day|tomorrow|the \d+|\d+ \w+)", re.I)
DANGER = re.compile(r"\b(?:smok|on fire|burn|spark|electric shock|overheat)\w*", re.I)


@agent.policy(on_message=True)
def no_card_numbers(message: str, conversation: Conversation) -> Rewrite | None:
    """A full card number that a customer types is not read and not kept: only its last four digits.

    Why: what we do not have cannot leak, and no journey of ours needs it.
    """
    hidden = CARD.sub(r"(card ending in \1)", message)
    return (
        Rewrite(hidden, "a card number was in it", found=len(CARD.findall(message))) if hidden != message else None
    )


@agent.policy(on_message=True)
def danger(message: str, conversation: Conversation) -> Escalate | None:
    """Smoke, fire, sparks and shocks go to a person at once.

    Why: no troubleshooting step is worth a burnt hand.
    """
    found = DANGER.search(message)
    if not found:
        return None
    return Escalate(
        "the customer may be in danger",
        reply="Please unplug it and do not use it again. A colleague takes over right now.",
        word=found.group(),
    )


@agent.policy(before=WRITES)
def signed_in(call: ToolCall, conversation: Conversation) -> Block | None:
    """Nothing is changed for someone who is not signed in.

    Why: an order number is printed on the parcel; it does not prove who is talking.
    """
    if not is_signed_in(conversation):
        return Block("the customer is not signed in: ask them to sign in first", tool=call.tool)
    return None


def money_is_the_subject(conversation: Conversation) -> bool:
    return any(MONEY.search(said) for said in conversation.user_messages)


@agent.policy(before_reply=True, when=money_is_the_subject)
def no_promised_dates(reply: str) -> Block | None:
    """Never promise when a refund arrives.

    Why: the bank decides it. A broken promise costs more calls than no promise.
    """
    for sentence in re.split(r"(?<=[.!?])\s|\n", reply):
        date = DATE.search(sentence)
        if date and MONEY.search(sentence) and "“" not in sentence:
            return Block("no date may be promised for a refund", promised=date.group())
    return None


@agent.policy(before_reply=True)
def known_amounts(reply: str, conversation: Conversation) -> Block | None:
    """Never name an amount that no tool gave and the customer did not say.

    Why: a customer may hold us to any price we write.
    """
    heard = [*conversation.user_messages, *(str(c.value) for c in conversation.calls if c.ok)]
    known = {_number(number) for text in heard for number in NUMBER.findall(text)}
    for amount in (before or after for before, after in AMOUNT.findall(reply)):
        if _number(amount) not in known:
            return Block(f"no tool gave the amount {amount}", amount=amount)
    return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
