"""The notation of keys: as the user writes them, and as Textual names them; keys that cannot be used."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

from textual.keys import Keys, _character_to_key

SPELLING = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "exclamation_mark": "!",
    "question_mark": "?",
    "colon": ":",
    "plus": "+",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "slash": "/",
    "ampersand": "&",
    "escape": "esc",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
}
SHORT = {"esc": "escape", "pgdn": "pagedown", "pgup": "pageup", "del": "delete", "ins": "insert"}

# terminals send another key for these, or nothing
NEVER = {
    "ctrl+h": "arrives as backspace",
    "ctrl+i": "arrives as tab",
    "ctrl+m": "arrives as enter",
    "alt+enter": "arrives as enter",
    "shift+enter": "arrives as enter",
    "ctrl+enter": "arrives as enter",
}
NO_KEYS = {"return", "newline", "ignore", "scroll-up", "scroll-down", "shift+escape", "bracketed-paste"}
PRINTED = {_character_to_key(c): c for c in string.ascii_letters + string.digits + string.punctuation}
KNOWN = {str(key.value) for key in Keys if "<" not in key.value} - NO_KEYS | set(PRINTED) | {"space"}


def display(keys: str) -> str:
    """Convert Textual's comma-separated keys to the notation of the user."""
    return " ".join(SPELLING.get(key, PRINTED.get(key, key)) for key in keys.split(",") if key)


def types_text(key: str) -> bool:
    """Return whether a key types a character."""
    return key in PRINTED or key in ("space", "enter", "backspace", "delete")


def parse(text: str) -> str:
    """Convert a key from the notation of the user to Textual's name. Raises ValueError for an unusable key."""
    drawn = {shown: key for key, shown in SPELLING.items()}
    key = text if len(text) == 1 else text.lower()
    key = SHORT.get(key) or drawn.get(key) or (_character_to_key(key) if len(key) == 1 else key)
    if key in NEVER or re.fullmatch(r"ctrl\+shift\+\w|shift\+ctrl\+\w", key):
        raise ValueError(f"{text} cannot be used: it {NEVER.get(key, 'arrives without shift')}")
    if re.fullmatch(r"alt\+.", key):
        raise ValueError(f"{text} cannot be used: terminals send other keys for alt with a letter")
    if key not in KNOWN:
        raise ValueError(f"unknown key {text!r}; use one such as m, G, ?, space, f2, ctrl+n or shift+tab")
    return key


def conflicts(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the keys that several actions have, with the ids of these actions."""
    taken: dict[str, list[str]] = {}
    for id, many in keys:
        for key in filter(None, many.split(",")):
            taken.setdefault(key, []).append(id)
    return {key: ids for key, ids in taken.items() if len(ids) > 1}
