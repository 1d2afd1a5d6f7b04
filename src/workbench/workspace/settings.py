"""What a person has set: the theme, the mouse, keys of their own."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

THEMES = ("dark", "light", "terminal")


class KeyOverride(NamedTuple):
    """The keys of one action as they were written, none to turn it off; `where` is file:line."""

    keys: tuple[str, ...]
    where: str


class Settings(msgspec.Struct, frozen=True):
    """`theme` "" leaves it to the terminal; `keys` by the id of an action."""

    theme: str = ""
    mouse: bool = True
    keys: dict[str, KeyOverride] = {}
