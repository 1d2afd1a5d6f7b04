"""Headers of transcript files: what people wrote about them, read without the events."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from ..errors import TranscriptError
from ..files import read_bytes
from .codec import decode
from .transcript import SCHEMA, Transcript, expects_prompt_change


class _Front(msgspec.Struct):
    schema: str
    id: str
    kind: Literal["mistake", "golden"]
    agent: str
    title: str = ""
    tags: list[str] = []
    recording_id: str = ""


_DECODER = msgspec.json.Decoder(_Front)


class HeaderRead(NamedTuple):
    """The result of reading a header: None if the file is not a transcript, and a hash of its bytes."""

    head: TranscriptHeader | None
    content_hash: int = 0  # changes with the bytes; 0 for an unreadable file


def header(path: str) -> TranscriptHeader | None:
    """Return the header of a transcript file; None if it is not a transcript."""
    return read_header(path).head


def read_header(path: str) -> HeaderRead:
    """Read the header and hash of a file, reading the file once."""
    try:
        data = read_bytes(Path(path))
    except TranscriptError:
        return HeaderRead(None)
    return HeaderRead(_head(data, path), zlib.crc32(data))


def _head(data: bytes, path: str) -> TranscriptHeader | None:
    try:
        front = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if front.schema == SCHEMA:
        return TranscriptHeader(
            front.id, front.kind, front.agent, front.title, tuple(front.tags), recording=front.recording_id
        )
    try:
        return header_of(decode(data, path))  # an older format, or a newer one that raises
    except TranscriptError:
        return None


class TranscriptHeader(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The human-written fields of a transcript.

    `at` is the step of a mistake, `expected` its expectation in words; `state` is
    golden, open or fixed; `recording` identifies the conversation it was saved from.
    `of_prompt`: the expectation is about the prompt, not about an action.
    """

    id: str
    kind: Literal["mistake", "golden"]
    agent: str
    title: str = ""
    tags: tuple[str, ...] = ()
    state: str = "golden"
    recording: str = ""
    step: str = ""
    expected: str = ""
    source: dict[str, Any] = {}
    expects_prompt_change: bool = False


def header_of(transcript: Transcript) -> TranscriptHeader:
    """Return the header of a transcript in memory."""
    mistake = transcript.kind == "mistake"
    expectation = transcript.expectations[0] if mistake else None
    return TranscriptHeader(
        transcript.id,
        transcript.kind,
        transcript.agent,
        transcript.title,
        tuple(transcript.tags),
        transcript.state,
        transcript.recording_id,
        expectation.step if expectation else "",
        expectation.description if expectation else "",
        transcript.source,
        expects_prompt_change(transcript),
    )
