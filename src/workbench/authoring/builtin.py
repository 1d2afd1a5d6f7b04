"""The names of the built-in tools."""

from __future__ import annotations

ENTER, HAND_OFF, LOOK_UP = "enter_journey", "hand_off", "look_up"
BUILT_IN = (ENTER, HAND_OFF, LOOK_UP)
