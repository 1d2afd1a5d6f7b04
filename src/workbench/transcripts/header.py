"""The heads of transcript files: what people wrote of them, read without their steps."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from ..errors import TranscriptError
from ..files import read_bytes
from .codec import decode
from .transcript import SCHEMA, Transcript, names_prompt


class _Front(msgspec.Struct):
    schema: str
    id: str
    kind: Literal["mistake", "guard"]
    agent: str
    title: str = ""
    tags: list[str] = []
    recording: str = ""


_DECODER = msgspec.json.Decoder(_Front)


class Looked(NamedTuple):
    """What a look at a file tells: its head, None for one that is no transcript, and a number for its bytes."""

    head: Head | None
    seal: int = 0  # changes with the bytes; 0 for a file that cannot be read


def head(path: str) -> Head | None:
    """Id, kind, agent, title, tags and recording of a transcript; None for a file that is none."""
    return look(path).head


def look(path: str) -> Looked:
    """The file is read once."""
    try:
        data = read_bytes(Path(path))
    except TranscriptError:
        return Looked(None)
    return Looked(_head(data, path), zlib.crc32(data))


def _head(data: bytes, path: str) -> Head | None:
    try:
        front = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if front.schema == SCHEMA:
        return Head(front.id, front.kind, front.agent, front.title, tuple(front.tags), recording=front.recording)
    try:
        return head_of(decode(data, path))  # of an older format, or of a newer one that cannot be read
    except TranscriptError:
        return None


class Head(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What people wrote of a transcript.

    `at` is the marked place of a mistake, `expected` its expectation in words;
    `state` is guard, open or guarding; `recording` names the conversation it was saved from.
    `of_prompt`: it expects something of what the model is told, not of what is done.
    """

    id: str
    kind: Literal["mistake", "guard"]
    agent: str
    title: str = ""
    tags: tuple[str, ...] = ()
    state: str = "guard"
    recording: str = ""
    at: str = ""
    expected: str = ""
    source: dict[str, Any] = {}
    of_prompt: bool = False


def head_of(transcript: Transcript) -> Head:
    mistake = transcript.kind == "mistake"
    expectation = transcript.expectations[0] if mistake else None
    return Head(
        transcript.id,
        transcript.kind,
        transcript.agent,
        transcript.title,
        tuple(transcript.tags),
        transcript.state,
        transcript.recording,
        expectation.at if expectation else "",
        expectation.sentence if expectation else "",
        transcript.source,
        names_prompt(transcript),
    )
