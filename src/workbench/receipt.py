"""A receipt: what live trials once said of a transcript, so that a run without a model can show it.

It lies beside its transcript and may be committed. It holds no words of a
conversation but those of a judge, and no secret.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .errors import TranscriptError
from .transcript import Transcript

SCHEMA = "workbench.receipt/1"


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """`passed` of `counted` trials passed; `faults` of the infrastructure count neither way; `asked` were wanted.

    `prompt` is the hash of what the model was asked with, `code` that of the
    agent's files, `expects` that of the expectations; `since` the place from
    which the model was live, "" for all of it. `date` is that of the run, in UTC.
    """

    schema: str
    id: str
    model: str
    date: str
    asked: int
    counted: int
    passed: int
    faults: int = 0
    since: str = ""
    expectation: str = ""
    expects: str
    prompt: str
    code: str
    why: str = ""
    judged: list[dict[str, Any]] = []

    @property
    def green(self) -> bool:
        """Whether every trial that was asked for ran, counted and passed."""
        return 0 < self.asked <= self.passed == self.counted

    def fits(self, expects: str, prompt: str) -> bool:
        """Whether it speaks of these expectations, and of what the model would be asked with today."""
        return self.expects == expects and self.prompt == prompt

    @property
    def sentence(self) -> str:
        since = f" from {self.since} on" if self.since else ""
        return f"{self.model} on {self.date}: {self.passed} of {self.counted} trials passed{since}"


def sentence(transcript: Transcript) -> str:
    return "; ".join(f"at {e.at} {e.sentence}" for e in transcript.expectations) or "the same deeds"


def encode(receipt: Receipt) -> bytes:
    return msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n"


def decode(data: bytes, name: str) -> Receipt:
    """Raises TranscriptError."""
    try:
        receipt = msgspec.json.decode(data, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TranscriptError(f"not a receipt: {error}", where=name, next="delete it and ask anew") from None
    if receipt.schema != SCHEMA:
        raise TranscriptError(f"not a receipt of this Workbench: {receipt.schema}", where=name)
    return receipt
