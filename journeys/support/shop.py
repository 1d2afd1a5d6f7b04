"""What the journeys share: Oleander's orders, stock and vouchers, and who is talking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from workbench import Conversation, world


@dataclass
class Item:
    sku: str
    name: str
    price: float
    returned: bool = False


@dataclass
class Order:
    number: str
    customer_id: str
    items: list[Item]
    paid_with: str
    card: str = ""
    delivered: date | None = None

    def item(self, sku: str) -> Item | None:
        return next((i for i in self.items if i.sku == sku), None)


@dataclass
class Voucher:
    code: str
    customer_id: str
    percent: int
    given: date


@world
class Orders:
    """The order system."""

    by_number: dict[str, Order] = field(default_factory=dict)


@world
class Stock:
    """What is on the shelves: pieces by sku."""

    pieces: dict[str, int] = field(default_factory=dict)


@world
class Vouchers:
    """The vouchers given out."""

    given: list[Voucher] = field(default_factory=list)


def customer_id(conversation: Conversation) -> str:
    """Who is signed in, or ""."""
    return str(conversation.customer.get("id", ""))


def is_signed_in(conversation: Conversation) -> bool:
    return bool(customer_id(conversation))


def is_loyal(customer: dict[str, Any]) -> bool:
    return customer.get("standing") == "loyal"


def return_days(customer: dict[str, Any]) -> int:
    """How many days after delivery this customer may return."""
    return 45 if is_loyal(customer) else 30
