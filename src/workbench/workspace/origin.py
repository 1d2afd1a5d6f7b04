"""Where a conversation comes from."""

from __future__ import annotations

import msgspec


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """The time at which a conversation was begun; of a fork also the id of its parent and the step it forked at.

    `at` is in seconds since the epoch, 0 if unknown.
    """

    at: float = 0.0
    parent: str = ""
    step: str = ""

    @property
    def place(self) -> str:
        """Return where it forked, for people: "turn 2" for the beginning of a turn, else the step."""
        turn, _, rest = self.step.partition(".")
        return f"turn {turn}" if rest in ("", "0.0") else self.step
