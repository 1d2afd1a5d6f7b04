"""The heads of transcript files: what people wrote of them, read without their steps."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Literal

import msgspec

from ..case import Head, head_of
from ..errors import TranscriptError
from ..files import read_bytes
from ..transcript import SCHEMA, read


class _Front(msgspec.Struct):
    schema: str
    id: str
    kind: Literal["mistake", "guard"]
    agent: str
    title: str = ""
    tags: list[str] = []
    recording: str = ""


_DECODER = msgspec.json.Decoder(_Front)


def seal(path: str) -> int:
    """A number that changes with the bytes of a file; 0 for one that cannot be read."""
    try:
        return zlib.crc32(read_bytes(Path(path)))
    except TranscriptError:
        return 0


def head(path: str) -> Head | None:
    """Id, kind, agent, title, tags and recording of a transcript; None for a file that is none."""
    try:
        front = _DECODER.decode(read_bytes(Path(path)))
    except (TranscriptError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if front.schema == SCHEMA:
        return Head(front.id, front.kind, front.agent, front.title, front.tags, recording=front.recording)
    try:
        return head_of(read(Path(path)))  # of an older format, or of a newer one that this Workbench cannot read
    except TranscriptError:
        return None
