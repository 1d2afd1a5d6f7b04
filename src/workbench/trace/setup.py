"""The setup: the starting point of a conversation."""

from __future__ import annotations

from typing import Any

import msgspec


class Setup(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The starting point of a conversation; `clock` is ISO 8601 with an offset.

    `environment` has the variables that journey code may read, from the settings of the project.
    """

    agent: str
    fixture: str = ""
    customer: dict[str, Any] = {}
    channel: str = "chat"
    clock: str = "2026-01-05T10:00:00+00:00"
    seed: int = 1
    environment: dict[str, str] = {}
    imported: bool = False
    """True if it comes from a log: journeys, policies and changes of the world are unknown."""
