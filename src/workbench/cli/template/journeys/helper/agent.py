"""The agent of a bicycle workshop: its voice is in persona.md, each of its goals in a folder."""

from __future__ import annotations

import re

from workbench import Agent, Block

from .repairs.rehearsal import repairs

agent = Agent("helper", journeys=[repairs], fixture="quiet")

PRICE = re.compile(r"[€$£] ?\d|\d ?(€|\$|£|euros?\b|dollars?\b)", re.IGNORECASE)


@agent.policy(before_reply=True)
def no_prices(reply: str) -> Block | None:
    """Never name a price.

    Why: nobody knows it before the bicycle has been looked at, and a price that was written has to be kept.
    """
    price = PRICE.search(reply)
    return Block("no price can be named before the bicycle was seen", named=price.group()) if price else None
