"""Refreshing a car radio: a signal from a satellite, which is sent once and then is gone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Annotated

from workbench import Allow, Block, Clock, Conversation, Journey, Rewrite, ToolCall, ToolError, world

from ..shop import customer_id

HOUR = timedelta(hours=1)


def has_radio(conversation: Conversation) -> bool:
    return "radio" in conversation.customer.get("services", ["radio"])


radio = Journey("radio", goal="Refresh a car radio that lost its channels", when=has_radio)


@dataclass
class Subscription:
    number: str
    customer_id: str
    status: str
    radios: list[str]


@dataclass
class Payment:
    paid_until: date
    owed: float = 0.0
    account: str = ""


@dataclass
class Radio:
    radio_id: str
    car: str
    last_refresh: datetime | None = None


@world
class Subscriptions:
    by_customer: dict[str, Subscription] = field(default_factory=dict)


@world
class Billing:
    payments: dict[str, Payment] = field(default_factory=dict)


@world
class Radios:
    by_id: dict[str, Radio] = field(default_factory=dict)


@world
class Satellite:
    sent: list[str] = field(default_factory=list)


RadioId = Annotated[str, "on channel 0 of the radio, for example CR-48213"]


# tools


@radio.tool
def find_subscription(customer_id: str, subscriptions: Subscriptions) -> Subscription:
    """The radio subscription of a customer."""
    if customer_id not in subscriptions.by_customer:
        raise ToolError("there is no radio subscription for this customer")
    return subscriptions.by_customer[customer_id]


@radio.tool
def check_payment(subscription: str, billing: Billing) -> Payment:
    """Until when a subscription is paid, and what is owed in euros."""
    if subscription not in billing.payments:
        raise ToolError(f"there is no subscription {subscription}")
    return billing.payments[subscription]


@radio.tool
def find_radio(radio_id: RadioId, radios: Radios) -> Radio:
    """A radio by its id, with the time of its last refresh."""
    if radio_id not in radios.by_id:
        raise ToolError(f"there is no radio {radio_id}")
    return radios.by_id[radio_id]


@radio.tool(writes=True)
def send_refresh(radio_id: RadioId, radios: Radios, satellite: Satellite, clock: Clock) -> datetime:
    """Send the refresh signal. The radio must be on, under open sky. It cannot be called back."""
    radios.by_id[radio_id].last_refresh = clock.now
    satellite.sent.append(radio_id)
    return clock.now


# policies


@radio.policy(after=check_payment)
def hide_account(result: Payment) -> Rewrite | None:
    """Of a bank account, only the last four characters are seen.

    Why: the agent never needs more, and everything it sees is kept.
    """
    if not result.account:
        return None
    return Rewrite(replace(result, account=f"ends in {result.account[-4:]}"), "bank account")


@radio.policy(before=send_refresh)
def active_and_paid(conversation: Conversation) -> Block | None:
    """Only an active subscription that is paid is refreshed.

    Why: a refresh switches all channels on for a month, paid or not.
    """
    found: Subscription | None = conversation.result(find_subscription, customer_id=customer_id(conversation))
    if found is None:
        return Block("look the subscription up first")
    payment: Payment | None = conversation.result(check_payment, subscription=found.number)
    if payment is None:
        return Block("check the payment first")
    if found.status != "active":
        return Block(f"the subscription is {found.status}", status=found.status)
    if payment.paid_until < conversation.now.date():
        return Block(f"it is paid until {payment.paid_until}", paid_until=payment.paid_until, owed=payment.owed)
    return None


@radio.policy(before=send_refresh)
def own_radio(call: ToolCall, conversation: Conversation) -> Block | None:
    """The radio belongs to the subscription of the customer who talks.

    Why: one subscription must not feed the radios of a whole street.
    """
    found: Subscription | None = conversation.result(find_subscription, customer_id=customer_id(conversation))
    radios = found.radios if found else []
    if call["radio_id"] not in radios:
        return Block("this radio is not part of the subscription", radio=call["radio_id"], subscribed=radios)
    return None


@radio.policy(before=send_refresh)
def once_an_hour(call: ToolCall, conversation: Conversation) -> Allow | Block:
    """A radio is refreshed at most once an hour.

    Why: the satellite sends to everyone in turn; a second signal helps no one
    and takes somebody else's place.
    """
    found: Radio | None = conversation.result(find_radio, radio_id=call["radio_id"])
    if found is None:
        return Block("look the radio up first")
    last = conversation.result(send_refresh, radio_id=call["radio_id"]) or found.last_refresh
    if last is not None and conversation.now - last < HOUR:
        ago = f"it was refreshed {(conversation.now - last).seconds // 60} minutes ago"
        return Block(f"{ago}; once an hour is the limit", last=last, now=conversation.now)
    return Allow("no refresh in the last hour", last=last)


@radio.policy(before_reply=True)
def nothing_claimed(reply: str, conversation: Conversation) -> Block | None:
    """Never say that a signal was sent unless it was.

    Why: the customer sits in a car and waits for it.
    """
    if "signal is on its way" in reply.lower() and not conversation.results(send_refresh):
        return Block("no signal was sent", claimed="signal is on its way")
    return None
