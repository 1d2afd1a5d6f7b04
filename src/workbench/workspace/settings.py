"""The user's settings: theme, mouse, keys."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

THEMES = ("dark", "light", "terminal")


class KeyOverride(NamedTuple):
    """The keys of one action as written (none: disabled); `where` is file:line."""

    keys: tuple[str, ...]
    where: str


class PaneSizes(msgspec.Struct, frozen=True):
    """The sizes that the user gave to panes.

    `stacked` are factors on the shares of stacked panes, by pane. Where the chat is next to the
    others, `chat_width` is its share of the width, and `steps_height` that of the steps of the height
    (None: not changed).
    """

    stacked: dict[str, float] = {}
    chat_width: float | None = None
    steps_height: float | None = None


class PaneSizeStore:
    """Remembers the sizes of panes, by screen; this one only while the workbench runs."""

    def __init__(self) -> None:
        self._sizes: dict[str, PaneSizes] = {}

    def get(self, screen: str) -> PaneSizes:
        return self._sizes.get(screen, PaneSizes())

    def set(self, screen: str, sizes: PaneSizes) -> None:
        """Remember the sizes of a screen."""
        self._sizes[screen] = sizes


class Settings(msgspec.Struct, frozen=True):
    """The settings; `theme` "" uses the terminal's theme, `keys` are by action id."""

    theme: str = ""
    mouse: bool = True
    keys: dict[str, KeyOverride] = {}
