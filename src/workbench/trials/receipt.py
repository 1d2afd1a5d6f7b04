"""Stored live results: what live trials of a transcript once returned."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..errors import TranscriptError
from ..plain import content_hash
from ..text import pluralize
from ..transcripts.files import RECEIPT, sibling, write_atomically
from ..transcripts.transcript import Transcript

SCHEMA = "workbench.receipt/2"

ANEW = "delete it and ask anew"


class CurrentFacts(NamedTuple):
    """What a receipt is held against: a transcript and what a replay found of it; who would be asked.

    `model` is "" where the project names none; `left` is the place where the
    run leaves the record, "" where it does not.
    """

    id: str
    expects: str
    prompt: str
    code: str
    server: str
    model: str = ""
    diverged_at: str = ""


class LiveResult(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """`passed` of `counted` trials passed; `faults` of the infrastructure count neither way; `asked` were wanted.

    `model` was asked, `answered` is what the server calls it where that is
    another name; `server` is a host, never with a key. `prompt` is the hash of
    what the model was asked with, `code` that of the agent's files, `expects`
    that of the expectations; `since` the place from which the model was live,
    "" for all of it. `date` is that of the run, in UTC.
    `seal` is the hash of all the rest.
    """

    schema: str
    id: str
    model: str
    server: str
    date: str
    asked: int
    counted: int
    passed: int
    faults: int = 0
    answered: str = ""
    since: str = ""
    expectation: str = ""
    expects: str
    prompt: str
    code: str
    why: str = ""
    judged: list[dict[str, Any]] = []
    seal: str = ""

    @property
    def all_passed(self) -> bool:
        """Whether every trial that was asked for ran, counted and passed."""
        return 0 < self.asked <= self.passed == self.counted

    def mismatch(self, today: CurrentFacts) -> str:
        """Why it does not speak of today, in words; "" where it does."""
        if self.id != today.id:
            return f"of another transcript, {self.id}"
        if self.expects != today.expects:
            return "for another expectation"
        if self.prompt != today.prompt:
            return "on another prompt than today's"
        if self.server != today.server:
            return f"not at {today.server}, where a model would be asked today"
        if today.model not in ("", self.model):
            return f"not of {today.model}, the model that the project names"
        if (
            today.diverged_at and self.code != today.code
        ):  # beyond it nobody knows what a model would be asked with
            return f"on other files of the agent, and the run leaves the record at {today.diverged_at}"
        return ""

    @property
    def with_checksum(self) -> LiveResult:
        return msgspec.structs.replace(self, seal=self._checksum)

    @property
    def _checksum(self) -> str:
        return content_hash(msgspec.to_builtins(msgspec.structs.replace(self, seal="")))

    @property
    def sentence(self) -> str:
        since = f" from {self.since} on" if self.since else ""
        passed = f"{self.passed} of {pluralize(self.counted, 'trial')} passed"
        return f"{self.model} at {self.server} on {self.date}: {passed}{since}"


def summary(transcript: Transcript) -> str:
    return "; ".join(f"at {e.step} {e.description}" for e in transcript.expectations) or "the same deeds"


def encode(live_result: LiveResult) -> bytes:
    return msgspec.json.format(msgspec.json.encode(live_result.with_checksum), indent=2) + b"\n"


def decode(data: bytes, name: str) -> LiveResult:
    """Raises TranscriptError."""
    try:
        live_result = msgspec.json.decode(data, type=LiveResult)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TranscriptError(f"not a receipt: {error}", where=name, next=ANEW) from None
    if live_result.schema != SCHEMA:
        raise TranscriptError(f"not a receipt of this Workbench: {live_result.schema}", where=name, next=ANEW)
    if live_result != live_result.with_checksum:
        raise TranscriptError("not a receipt as it was written: it was changed since", where=name, next=ANEW)
    return live_result


def write_live_result(transcript: Path, live_result: LiveResult) -> Path:
    """Write it over the one before. Raises TranscriptError."""
    path = sibling(transcript, RECEIPT)
    write_atomically(path, encode(live_result))
    return path


def read_live_result(transcript: Path) -> LiveResult | None:
    """The receipt of a transcript; None where there is none. Raises TranscriptError for one that is broken."""
    path = sibling(transcript, RECEIPT)
    try:
        return decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TranscriptError(f"cannot be read: {error.strerror}", where=str(path)) from None
