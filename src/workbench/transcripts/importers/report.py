"""What an import did: the conversations it took and skipped, and everything that it could not take as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

# what could not be taken as it was, by kind: nothing is dropped without one of them
LOSSES: dict[str, str] = {
    "unknown-result": "a result whose id no call has (kept aside)",
    "second-result": "a second result of one call (kept aside)",
    "late-result": "a result that came after the customer or the agent went on (put at its call)",
    "no-result": "a call without a result",
    "unreadable-arguments": "a call whose arguments are not a JSON object (their text is kept)",
    "unknown-part": "a part of a prompt, or of a message beside its text, of an unknown type (kept aside)",
    "media": "an image, a sound or a file (only its place is marked)",
    "other-choice": "a further choice of one answer (kept aside)",
    "unknown-answer": "an error beside its request, or what is not a message (kept aside)",
    "surrogate": "a text with half a character (written as \\udXXX)",
    "number": "a number that JSON cannot hold (kept as text)",
}


class Skipped(NamedTuple):
    """A conversation that could not be taken, and why."""

    where: str
    reason: str


class Noted(NamedTuple):
    """How often something happened, and the place of the first time."""

    times: int
    first: str


def note(notes: dict[str, Noted], kind: str, where: str) -> None:
    """Count one more of a kind."""
    before = notes.get(kind)
    notes[kind] = Noted(1, where) if before is None else before._replace(times=before.times + 1)


@dataclass
class ImportReport:
    """The report of one import; `fields` are those of the log that have no place in a transcript."""

    found: int = 0
    taken: int = 0
    repeated: int = 0
    """Requests that a later one repeats with all their messages: the longest counts."""
    first_repeated: str = ""
    unfinished: str = ""
    """The place where the log ends in the middle of a value, or ""."""
    cut_off: bool = False
    """Whether more is left out there than the last line of a log that is still being written."""
    formats: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    losses: dict[str, Noted] = field(default_factory=dict)
    fields: dict[str, Noted] = field(default_factory=dict)
    messages: int = 0
    answers: int = 0
    calls: int = 0
    results: int = 0
    replaced: Counter[str] = field(default_factory=Counter)

    def to_plain(self) -> dict[str, Any]:
        """Return the report as plain data."""
        noted = {"losses": self.losses, "fields": self.fields}
        return {
            "found": self.found, "taken": self.taken, "repeated": self.repeated, "unfinished": self.unfinished,
            "formats": dict(self.formats), "skipped": [one._asdict() for one in self.skipped],
            "messages": self.messages, "answers": self.answers, "calls": self.calls, "results": self.results,
            **{name: {kind: one._asdict() for kind, one in notes.items()} for name, notes in noted.items()},
            "replaced": dict(self.replaced),
        }  # fmt: skip
