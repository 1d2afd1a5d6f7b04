"""Stored live results: the results of past live trials of a transcript."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..errors import TranscriptError
from ..files import write_atomically
from ..plain import indented_json
from ..text import pluralize
from .files import LIVE_RESULT, sibling
from .transcript import Transcript

SCHEMA = "workbench.live-result/1"

HINT = "delete it and run `workbench trial` again"


class CurrentFacts(NamedTuple):
    """The current facts that a live result is compared with: transcript, replay, server and model.

    `model` is "" if the project does not set one; `diverged_at` is the step at which
    the replay diverges from the recording, "" if it does not.
    """

    id: str
    expects: str
    prompt: str
    code: str
    server: str
    model: str = ""
    diverged_at: str = ""


class LiveResult(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """`passed` of `counted` trials passed, of `asked` trials requested; infrastructure `faults` do not count.

    `model` is the requested model, `answered` the name that the server returned if
    it differs; `server` is a host, never with a key. `prompt` is the hash of the
    model's input, `code` that of the agent's files, `expects` that of the
    expectations; `since` is the step from which the model was live, "" for the
    whole conversation. `date` is that of the run, in UTC. `judged` are the judgements.
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

    @property
    def all_passed(self) -> bool:
        """Return whether every requested trial ran, counted and passed."""
        return 0 < self.asked <= self.passed == self.counted

    @property
    def miscounted(self) -> bool:
        """Return whether its counts cannot be those of a run."""
        return not 0 <= self.passed <= self.counted <= self.counted + self.faults <= self.asked

    def other_transcript(self, id: str, expects: str) -> str:
        """Explain why it does not belong to a transcript with this id and hash of expectations; "" if it does."""
        if self.id != id:
            return f"for another transcript, {self.id}"
        return "" if self.expects == expects else "for another expectation"

    def mismatch(self, current: CurrentFacts) -> str:
        """Explain why it does not apply to the current facts; "" if it does."""
        if wrong := self.other_transcript(current.id, current.expects):
            return wrong
        if self.prompt != current.prompt:
            return "for a prompt that has changed since"
        if self.server != current.server:
            return f"for another server than {current.server}, which is used now"
        if current.model not in ("", self.model):
            return f"for another model than {current.model}, which the project sets"
        if current.diverged_at and self.code != current.code:  # the prompts after that step are unknown
            return (
                f"for other files of the agent, and the run diverges from the recording at {current.diverged_at}"
            )
        return ""

    @property
    def description(self) -> str:
        """Describe it in one line."""
        since = f" from {self.since} on" if self.since else ""
        passed = f"{self.passed} of {pluralize(self.counted, 'trial')} passed"
        return f"{self.model} at {self.server} on {self.date}: {passed}{since}"


def describe_expectations(transcript: Transcript) -> str:
    """Describe the expectations of a transcript."""
    return "; ".join(f"at {e.step} {e.description}" for e in transcript.expectations) or "the same actions"


def encode(live_result: LiveResult) -> bytes:
    """Encode a live result as its file stores it."""
    return indented_json(live_result) + b"\n"


def decode(data: bytes, name: str) -> LiveResult:
    """Decode a stored live result. Raises TranscriptError."""
    try:
        live_result = msgspec.json.decode(data, type=LiveResult)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TranscriptError(f"not a live result: {error}", where=name, hint=HINT) from None
    if live_result.schema != SCHEMA:
        raise TranscriptError(f"not a live result of this version: {live_result.schema}", where=name, hint=HINT)
    return live_result


def write_live_result(transcript: Path, live_result: LiveResult) -> Path:
    """Replace the stored live result of a transcript. Raises TranscriptError."""
    path = sibling(transcript, LIVE_RESULT)
    write_atomically(path, encode(live_result))
    return path


def read_live_result(transcript: Path) -> LiveResult | None:
    """Read the live result of a transcript; None if there is none. Raises TranscriptError for an invalid one."""
    path = sibling(transcript, LIVE_RESULT)
    try:
        return decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TranscriptError(f"cannot be read: {error.strerror}", where=str(path)) from None
