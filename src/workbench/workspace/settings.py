"""The user's settings: theme, mouse, keys."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

THEMES = ("dark", "light", "terminal")


class KeyOverride(NamedTuple):
    """The keys of one action as written (none: disabled); `where` is file:line."""

    keys: tuple[str, ...]
    where: str


class Settings(msgspec.Struct, frozen=True):
    """The settings; `theme` "" uses the terminal's theme, `keys` are by action id."""

    theme: str = ""
    mouse: bool = True
    keys: dict[str, KeyOverride] = {}
