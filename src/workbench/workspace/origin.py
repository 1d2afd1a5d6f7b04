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
