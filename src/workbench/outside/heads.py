"""The heads of transcript files: what people wrote of them, read without their steps."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from ..case import Head, head_of
from ..errors import TranscriptError
from ..files import read_bytes
from ..transcript import SCHEMA, decode


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
