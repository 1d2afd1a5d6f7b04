"""Run tools on the data of the fixture, and compare results as a transcript stores them.

A transcript has substitutes in place of secrets and personal data. So the arguments of
a recorded call get the original values back, as far as the fixture has them, and the
result is redacted, like the recording was, before it is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import msgspec

from ..engine.sandbox import ToolRun
from ..engine.world import StartingWorld
from ..trace.events import Answer, AnyEvent, PolicyDecision, ToolResult, WorldChange
from ..transcripts.redaction import SUBSTITUTE, Redactor, match_case
from ..transcripts.secrets import NUMBER, is_number, walk


def needs_originals(events: Iterable[AnyEvent]) -> bool:
    """Return whether the arguments or changes of recorded calls may contain substitutes."""
    return any(
        SUBSTITUTE.search(leaf) if isinstance(leaf, str) else is_number(leaf) and NUMBER.fullmatch(f"{leaf:.0f}")
        for event in events
        for data in _inputs(event)
        for _, leaf, _ in walk(data)
    )


def _inputs(event: AnyEvent) -> list[Any]:
    if isinstance(event, Answer):
        return [call.args for call in event.calls]
    if isinstance(event, PolicyDecision):
        return [event.replacement]
    return [msgspec.to_builtins(event.changed)] if isinstance(event, ToolResult) else []


def is_redacted(start: StartingWorld) -> bool:
    """Return whether `redact_fixture` has done its work."""
    return "redactor" in start.cache


def redact_fixture(start: StartingWorld) -> Redactor:
    """Return a redactor that knows the data of a fixture. It takes half a second for a megabyte, once."""
    if "redactor" not in start.cache:
        redactor = Redactor()
        redactor.redact_value(start.plain())
        start.cache["redactor"] = redactor
    found: Redactor = start.cache["redactor"]
    return found


class Substitutes:
    """The substitutes of one recording, whose tools run on the data of `start`."""

    def __init__(self, start: StartingWorld, events: list[AnyEvent]) -> None:
        self._start = start
        self._events = events

    @cached_property
    def _fixture(self) -> Redactor | None:
        return redact_fixture(self._start) if needs_originals(self._events) else None

    @cached_property
    def _originals(self) -> dict[str, str]:
        known = {} if self._fixture is None else self._fixture.substitutes
        return {substitute: text for text, substitute in known.items()}

    @cached_property
    def _numbers(self) -> dict[float, float]:
        known = {} if self._fixture is None else self._fixture.numbers
        return {substitute: number for number, substitute in known.items()}

    @cached_property
    def _redactor(self) -> Redactor:
        """Return a redactor that leaves what the recording has as it is."""
        redactor = Redactor() if self._fixture is None else self._fixture.copy()
        redactor.keep(msgspec.to_builtins(self._events))
        return redactor

    def original(self, value: Any) -> Any:
        """Return recorded plain data with the original values."""
        if isinstance(value, str):
            return SUBSTITUTE.sub(self._original, value)
        if isinstance(value, dict):
            return {self.original(key): self.original(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.original(item) for item in value]
        return self._numbers.get(value, value) if is_number(value) else value

    def _original(self, match: re.Match[str]) -> str:
        found = match[0].replace("%40", "@")
        known = self._originals.get(found) or match_case(found, self._originals.get(found.lower(), found))
        return known if "@" in match[0] else known.replace("@", "%40")

    def original_changes(self, changes: list[WorldChange]) -> list[WorldChange]:
        """Return recorded changes with the original values."""
        return msgspec.convert(self.original(msgspec.to_builtins(changes)), list[WorldChange])

    def redacted(self, value: Any) -> Any:
        """Return plain data as a transcript stores it."""
        return self._redactor.redact_value(value)

    def redacted_run(self, run: ToolRun) -> ToolRun:
        """Return the outcome of a call as a transcript stores it."""
        plain = msgspec.to_builtins({"value": run.value, "changed": run.changed, "output": run.printed})
        clean = self.redacted(plain)
        return msgspec.structs.replace(
            run,
            value=clean["value"],
            changed=msgspec.convert(clean["changed"], list[WorldChange]),
            printed=clean["output"],
        )
