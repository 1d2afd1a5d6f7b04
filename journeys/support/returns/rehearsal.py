"""The returns rehearsal. Phrases to try are in the README of this agent."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from workbench import Ask, Call, CallFailed, Confirm, HandOff, Rehearsal, Say, Scene, Slot

from ..shop import Order, return_days
from .journey import Reason, check_stock, create_exchange, create_return, find_order, give_voucher, returns

__all__ = ["returns"]  # agent.py imports the journey from here, so that it comes with its script

returns.rehearsal = script = Rehearsal()

Part = Generator[Any, Any, Any]

ORDER = Slot(
    "order number",
    r"\bOL[- ]?(\d{4})\b",
    format="OL-{}",
    bare_pattern=r"\b(\d{4})\b",
    ask="Which order is it? The number is on the parcel and looks like OL-1001.",
)
REASON = Slot(
    "reason",
    {
        Reason.does_not_fit: ["fit", "fits", "small", "big", "tight", "large", "size"],
        Reason.not_as_expected: [
            "don't like",
            "didn't like",
            "hate",
            "colour",
            "color",
            "changed my mind",
            "expected",
        ],
        Reason.arrived_faulty: ["faulty", "defective", "broken", "came apart", "damaged", "wrong pair", "torn"],
    },
    ask="What is wrong with them: the size, not what you expected, or did they arrive faulty?",
)
SIZE = Slot("new size", r"(?<![-\d])(3[5-9]|4[0-8])\b(?!-)", ask="Which size would you like instead?")


@script.intent(
    "return my shoes", "send them back", "give them back", "money back", "a refund for my shoes", "a refund",
    "the shoes don't fit", "doesn't fit", "does not fit", "return them",
)  # fmt: skip
def give_back(scene: Scene) -> Part:
    """Return a pair."""
    order, item = yield from the_pair(scene)
    yield from window(scene, order)
    reason = yield Ask(REASON)
    if not scene.insists and not (
        yield Confirm(f"I would open a return for your {item.name}. Is that right?", why="ask before writing")
    ):
        yield Say("Then I leave everything as it is.", why="the customer said no")
    why = "the customer insists" if scene.insists else f"within {return_days(scene.customer)} days: a return"
    args = {"order_number": order.number, "sku": item.sku, "reason": reason, "refund_to": order.paid_with}
    label = yield from unless_blocked(scene, Call(create_return, why, **args))
    yield Say(
        f"Done: return {label.number} is open and the label is in your mail."
        f" The refund goes to {label.refund_to}, the way you paid."
    )


@script.intent(
    "exchange my shoes", "exchange them", "swap the shoes", "another size", "a different size", "exchange order",
    "need a bigger size", "need a smaller size",
)  # fmt: skip
def exchange(scene: Scene) -> Part:
    """Exchange a pair for another size."""
    order, item = yield from the_pair(scene)
    yield from window(scene, order)
    size = yield Ask(SIZE)
    new_sku = f"{item.sku.split('-')[0]}-{size}"
    pieces = yield Call(check_stock, sku=new_sku, why="an exchange needs stock")
    if not pieces and not scene.insists:
        yield Say(f"Size {size} is sold out, I am sorry. I can take the pair back, or you name another size.")
    why = f"{pieces} on the shelf: exchange it"
    args = {"order_number": order.number, "sku": item.sku, "new_sku": new_sku}
    label = yield from unless_blocked(scene, Call(create_exchange, why, **args))
    yield Say(
        f"Done: exchange {label.number}. Size {size} is on its way, the label for the old pair is in your mail."
    )


@script.intent(
    "my dog chewed up my shoes", "dog ate my shoes", "ruined my shoes", "I damaged my shoes", "washed my shoes",
    "spilled on my shoes", "the voucher",
)  # fmt: skip
def own_damage(scene: Scene) -> Part:
    """Damaged by the customer: no return, but some kindness."""
    if scene.insists:
        order, item = yield from the_pair(scene)
        why, reason = "the customer insists, though this is no return", Reason.damaged_by_customer
        args = {"order_number": order.number, "sku": item.sku, "reason": reason, "refund_to": order.paid_with}
        label = yield from unless_blocked(scene, Call(create_return, why, **args))
        yield Say(f"Done: return {label.number} is open.", why="it went through")
    yield from offer_voucher(scene, "I am sorry about your shoes! That is not something we can take back.")


@script.intent("promise me a date", "name a date for the refund", "promise when I get my refund")
def promise(scene: Scene) -> Part:
    """The mistake a reply can hold: a date that nobody can keep."""
    try:
        yield Say("Your refund will be on your account within 3 days.", why="the customer wants a date: name one")
    except CallFailed as no:
        yield Say("I cannot name a day: when a refund arrives depends on your bank.", why=f"stopped: {no.reason}")


def the_pair(scene: Scene) -> Part:
    """The order, looked up, and which of its items it is about."""
    if not scene.customer:
        yield Say("Please sign in first: then I can see your orders.", why="not signed in")
    number = yield Ask(ORDER)
    try:
        order: Order = yield Call(find_order, order_number=number, why="look the order up first")
    except CallFailed as no:
        cannot = "cannot find" if no.reason else "may not show you"
        yield Say(
            f"I {cannot} order {number}. Could you check the number?", why=no.reason or "the order was withheld"
        )
    left = [i for i in order.items if scene.insists or not i.returned]
    if not left:
        yield Say(f"Everything in {number} was returned already.", why="nothing left to return")
    if len(left) == 1:
        return order, left[0]
    pair = Slot("pair", {i.sku: [i.name, *i.name.split()] for i in left})
    sku = yield Ask(pair, f"Which pair is it: {' or '.join(i.name for i in left)}?")
    return order, order.item(sku)


def window(scene: Scene, order: Order) -> Part:
    """Stop where the order is too old, unless the customer insists: then only a policy stands in the way."""
    if order.delivered is None:
        yield Say("That order is still on its way. You can return it as soon as you have it.", why="not delivered")
        return
    days, limit = (scene.now.date() - order.delivered).days, return_days(scene.customer)
    if days > limit and not scene.insists:
        sorry = f"Order {order.number} came {days} days ago and our limit is {limit} days."
        yield from offer_voucher(scene, sorry, why=f"{days} days, the limit is {limit}: too late")


def unless_blocked(scene: Scene, use: Call) -> Part:
    """Make the call; where a policy blocks it, say so and offer what we can."""
    try:
        return (yield use)
    except CallFailed as no:
        yield from offer_voucher(
            scene, f"I tried, but I am not allowed to: {no.reason}.", why=f"blocked: {no.reason}"
        )


def offer_voucher(scene: Scene, sorry: str, why: str = "no return, but a voucher may be offered") -> Part:
    """What we can do instead."""
    if not scene.customer:
        yield Say(
            f"{sorry} If you sign in, I can see what I can offer you.", why="not signed in: nothing to offer"
        )
    if not (yield Confirm(f"{sorry} I can offer you a voucher of 20% on a new pair. Would you like it?", why=why)):
        yield HandOff("the customer does not want the voucher", why="nothing else to offer: a person")
    voucher = yield Call(give_voucher, customer_id=scene.customer.get("id", ""), percent=20, why="goodwill")
    yield Say(f"Your voucher is {voucher.code}: {voucher.percent}% on your next pair.")
