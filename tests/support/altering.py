"""Altering the source of the small shop: policies in another order or gone, limits moved, tools renamed."""

from __future__ import annotations

import re
from random import Random

ALTER: dict[str, tuple[str, str]] = {
    "a limit moved": (r"(?<=[<>] )(\d+)", r"1\1"),
    "a limit moved by one": (r"> 30", ">= 52"),
    "a block removed": (r"return Block\(.*?\)(?=\s|$)", "return None"),
    "a block is a hand-off": (r"Block\('", "Escalate('"),
    "a condition turned": (r" > ", " <= "),
    "a tool renamed": (r"create_return", "open_return"),
    "a schema changed": (r"order_number: str, shop: Shop\) -> str", "order_number: int, shop: Shop) -> str"),
    "a tool hidden": (r"\(writes=True\)", "(writes=True, when=lambda conversation: len(conversation.calls) > 9)"),
    "a policy hidden": (r"policy\((.*)\)", r"policy(\1, when=lambda conversation: conversation.turn > 1)"),
    "a tool that hands off": (r"\(writes=True\)", "(writes=True, hands_off=True)"),
    "a rewrite of another kind": (r"'days': 1", "'days': 9"),
}


def altered(rng: Random, parts: list[str]) -> list[str]:
    """The parts of a journey's source, the first of them its tools: altered, left out, in another order."""
    first, *rules = parts
    rng.shuffle(rules)
    rules = [rule for rule in rules if rng.random() < 0.8]
    made = [first, *rules]
    for name in rng.sample(list(ALTER), rng.randint(0, 2)):
        pattern, to = ALTER[name]
        if name.startswith("a tool renamed"):
            made = [re.sub(pattern, to, part) for part in made]
        else:
            at = rng.randrange(len(made))
            made[at] = re.sub(pattern, to, made[at], count=1)
    return made
