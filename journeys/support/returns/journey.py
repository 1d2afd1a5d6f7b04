"""Returns and exchanges of shoes: tools on the order system, and the rules that code enforces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from workbench import Allow, Block, Clock, Conversation, Ids, Journey, Rewrite, ToolCall, ToolError

from ..shop import Item, Order, Orders, Stock, Voucher, Vouchers, customer_id, is_signed_in, return_days

returns = Journey("returns", goal="Return or exchange a pair of shoes")


class Reason(StrEnum):
    does_not_fit = "does_not_fit"
    not_as_expected = "not_as_expected"
    arrived_faulty = "arrived_faulty"
    damaged_by_customer = "damaged_by_customer"


@dataclass
class Label:
    """A return or an exchange that was opened; its label goes out by e-mail."""

    number: str
    order_number: str
    sku: str
    refund: float = 0.0
    refund_to: str = ""
    new_sku: str = ""


# tools


@returns.tool
def find_order(order_number: Annotated[str, "for example OL-1001"], orders: Orders) -> Order:
    """Find an order by its number."""
    if order_number not in orders.by_number:
        raise ToolError(f"there is no order {order_number}")
    return orders.by_number[order_number]


@returns.tool
def check_stock(sku: Annotated[str, "for example TRAIL-43"], stock: Stock) -> int:
    """How many pieces are on the shelf."""
    return stock.pieces.get(sku, 0)


@returns.tool(writes=True)
def create_return(order_number: str, sku: str, reason: Reason, refund_to: str, orders: Orders, ids: Ids) -> Label:
    """Open a return and e-mail the label. `refund_to` is a way of payment, for example "Visa"."""
    item = _item(orders, order_number, sku)
    item.returned = True
    return Label(ids.new("R"), order_number, sku, refund=item.price, refund_to=refund_to)


@returns.tool(writes=True)
def create_exchange(order_number: str, sku: str, new_sku: str, orders: Orders, stock: Stock, ids: Ids) -> Label:
    """Exchange an item for another of the same price, and e-mail the label."""
    _item(orders, order_number, sku).returned = True
    stock.pieces[new_sku] -= 1
    return Label(ids.new("X"), order_number, sku, new_sku=new_sku)


@returns.tool(writes=True, when=is_signed_in)
def give_voucher(customer_id: str, percent: int, vouchers: Vouchers, clock: Clock, ids: Ids) -> Voucher:
    """Give a goodwill voucher on a new pair, where we cannot take the old one back."""
    voucher = Voucher(ids.new("V"), customer_id, percent, clock.now.date())
    vouchers.given.append(voucher)
    return voucher


def _item(orders: Orders, order_number: str, sku: str) -> Item:
    order = orders.by_number.get(order_number)
    item = order.item(sku) if order else None
    if item is None:
        raise ToolError(f"there is no {sku} in order {order_number}")
    return item


# policies


@returns.policy(after=find_order)
def hide_card(result: Order) -> Rewrite | None:
    """Of a card, only the last four digits are seen.

    Why: the agent never needs more, and everything it sees is kept.
    """
    if not result.card:
        return None
    return Rewrite(replace(result, card=f"ends in {result.card[-4:]}"), "payment card", paid_with=result.paid_with)


@returns.policy(after=find_order)
def own_order(result: Order, conversation: Conversation) -> Block | None:
    """An order is shown only to the customer it belongs to.

    Why: order numbers are easy to guess, and an order tells where someone lives.
    """
    if result.customer_id != customer_id(conversation):
        return Block(
            "this order is not this customer's", order_of=result.customer_id, talking=customer_id(conversation)
        )
    return None


@returns.policy(before=[create_return, create_exchange])
def return_window(call: ToolCall, conversation: Conversation) -> Allow | Block:
    """Returns and exchanges close 30 days after delivery, 45 for loyal customers.

    Why: shoes go out of season, so we cannot sell late returns. A loyal
    customer is worth more than a pair of shoes.
    """
    order: Order | None = conversation.result(find_order, order_number=call["order_number"])
    if order is None:
        return Block("look the order up first")
    if order.delivered is None:
        return Block("the order is not delivered yet")
    days, limit = (conversation.now.date() - order.delivered).days, return_days(conversation.customer)
    if days > limit:
        return Block(f"the order came {days} days ago, the limit is {limit}", days=days, limit=limit)
    return Allow(f"{days} of {limit} days", days=days, limit=limit)


@returns.policy(before=[create_return, create_exchange])
def only_once(call: ToolCall, conversation: Conversation) -> Block | None:
    """A pair goes back once.

    Why: a second label means a second refund.
    """
    order: Order | None = conversation.result(find_order, order_number=call["order_number"])
    item = order.item(call["sku"]) if order else None
    done = [c for tool in (create_return, create_exchange) for c in conversation.results(tool, sku=call["sku"])]
    if (item and item.returned) or any(label.order_number == call["order_number"] for label in done):
        return Block("this pair was returned already", sku=call["sku"])
    return None


@returns.policy(before=create_return)
def own_damage(call: ToolCall) -> Block | None:
    """Shoes that the customer damaged are not a return; a voucher may be offered.

    Why: we stand for faults of ours. For bad luck we can be kind, once.
    """
    if call["reason"] == Reason.damaged_by_customer:
        return Block("damaged by the customer, so not a return; a voucher may be offered", kind=call["reason"])
    return None


@returns.policy(before=create_return)
def refund_way(call: ToolCall, conversation: Conversation) -> Rewrite | None:
    """A refund goes back the way the order was paid.

    Why: paying out elsewhere is how stolen cards are turned into money.
    """
    order: Order | None = conversation.result(find_order, order_number=call["order_number"])
    if order is None or call["refund_to"] == order.paid_with:
        return None
    changed = {**call.args, "refund_to": order.paid_with}
    return Rewrite(changed, f"paid with {order.paid_with}", asked=call["refund_to"], paid_with=order.paid_with)


@returns.policy(before=create_exchange)
def in_stock(call: ToolCall, conversation: Conversation) -> Block | None:
    """An exchange needs the other pair on the shelf.

    Why: a label without a pair to send leaves the customer with neither.
    """
    pieces = conversation.result(check_stock, sku=call["new_sku"])
    if pieces is None:
        return Block("check the stock first", sku=call["new_sku"])
    return Block(f"{call['new_sku']} is sold out", pieces=pieces) if pieces == 0 else None


@returns.policy(before=give_voucher)
def goodwill(call: ToolCall, conversation: Conversation) -> Block | None:
    """A goodwill voucher is 20% at most, for oneself, once in a conversation.

    Why: kindness that can be repeated becomes a discount.
    """
    if call["percent"] > 20:
        return Block("20% is the most we give", percent=call["percent"])
    if call["customer_id"] != customer_id(conversation):
        return Block("a voucher is for the customer who is talking", customer=call["customer_id"])
    if conversation.results(give_voucher):
        return Block("a voucher was given already", given=len(conversation.results(give_voucher)))
    return None
