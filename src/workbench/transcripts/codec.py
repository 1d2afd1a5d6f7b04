"""Read and write transcript files: one canonical JSON file per conversation, made for review.

What people wrote (id, kind, title, expectations, annotations) comes first, then
the events, then the large texts, once each. The same transcript always has the same
bytes: fixed key order, two-space indent, UTF-8, LF, a multi-line text as a list of
lines, nothing volatile. Reading never rewrites the file.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

import msgspec

from ..errors import TranscriptError
from ..files import read_bytes
from ..plain import indented_json
from ..trace.events import Answer, Reply, UserMessage
from .json_position import line_of, parse_path
from .migrations import FORMAT, migrate
from .transcript import SCHEMA, Transcript, with_saved_usage
from .validation import RESTORE_HINT, check_transcript, duplicate_field

_DECODER = msgspec.json.Decoder(Transcript)


def decode(data: bytes, name: str = "") -> Transcript:
    """Decode the bytes of a file called `name`. Raises TranscriptError with the location."""
    transcript: Transcript | None = None
    wrong: Exception | None = None
    try:
        transcript = _DECODER.decode(data)
    except msgspec.DecodeError as error:
        wrong = error
    except UnicodeDecodeError as error:
        wrong = error
    except RecursionError as error:
        raise TranscriptError(f"not a transcript: {error}", where=name) from None
    if transcript is None or transcript.schema != SCHEMA:
        transcript = _migrated(data)
        if transcript is None:
            raise _unreadable(data, name, wrong)
    if twice := duplicate_field(data):
        raise TranscriptError(
            f"duplicate field {twice!r}", where=name, hint=RESTORE_HINT, code="transcript.duplicate-field"
        )
    _join_lines(transcript, name)
    check_transcript(transcript, name)
    return transcript


def _migrated(data: bytes) -> Transcript | None:
    """Decode a transcript of an older format; returns None if it is not one."""
    try:
        raised = migrate(msgspec.json.decode(data))
        return None if raised is None else msgspec.convert(raised, Transcript)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError):
        return None  # the error is reported for the file as it is


def _join_lines(transcript: Transcript, name: str) -> None:
    """Join texts that the file stores as a list of lines."""
    try:
        for number, event in enumerate(transcript.events, 1):
            kind = event.__class__
            if kind is Answer:
                for block in event.blocks:  # type: ignore[union-attr]
                    for key in _TEXTS:
                        value = block.get(key)
                        if value.__class__ is list:
                            block[key] = "\n".join(value)
                        elif value is not None and value.__class__ is not str:
                            raise TranscriptError(
                                f"its {key} is not a string", where=name, hint=RESTORE_HINT, event=number
                            )
            elif (kind is UserMessage or kind is Reply) and event.text.__class__ is list:  # type: ignore[union-attr]
                msgspec.structs.force_setattr(event, "text", "\n".join(event.text))  # type: ignore[union-attr]
    except TypeError:
        raise TranscriptError(
            "a line of a text is not a string", where=name, hint=RESTORE_HINT, event=number
        ) from None
    for key, blob in transcript.blobs.items():
        if isinstance(blob, dict) and isinstance(blob.get("text"), list):
            try:
                blob["text"] = "\n".join(blob["text"])
            except TypeError:
                message = f"blob {key!r:.40}: a line of its text is not a string"
                raise TranscriptError(message, where=name, hint=RESTORE_HINT) from None


_TEXTS = ("text", "thinking")


_AS_UTF_8 = "save it as UTF-8, or restore it from git"
# how files start that are not plain UTF-8 JSON (longest prefix first), what they are, what to do
_FOREIGN = (
    *((begins, "UTF-32", _AS_UTF_8) for begins in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
    *((begins, "UTF-16", _AS_UTF_8) for begins in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"{\0", b"\0{")),
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark", "save it as UTF-8 without one"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
)


def _unreadable(data: bytes, name: str, error: Exception | None) -> TranscriptError:
    if not data.strip(b"\0 \t\r\n"):
        what = "the file is empty" if not data else f"its {len(data)} bytes are all blank"
        return TranscriptError(what, where=name, hint="restore it from git, or delete it", code="transcript.empty")
    for begins, what, then in _FOREIGN:
        if data.startswith(begins):
            return TranscriptError(f"cannot read it as a transcript: it is {what}", where=name, hint=then)
    if isinstance(error, UnicodeDecodeError):
        line = data[: _first_invalid_byte(data)].count(b"\n") + 1
        return TranscriptError(
            "the file is not valid UTF-8", where=f"{name}:{line}", hint=_AS_UTF_8, code="transcript.not-utf8"
        )
    found = re.search(rb'"schema"\s*:\s*"workbench\.transcript/(\d+)"', data)
    if found and int(found[1]) > FORMAT:
        return TranscriptError(
            f"written by a newer Workbench (format {int(found[1])}; this one reads {FORMAT})",
            where=name,
            hint="upgrade workbench",
            code="transcript.newer-format",
        )
    if found is None:
        return TranscriptError(
            "not a Workbench transcript: it has no schema",
            where=name,
            hint="`workbench import` turns other logs into transcripts",
            code="transcript.no-schema",
        )
    if int(found[1]) < FORMAT:
        return TranscriptError(f"format {int(found[1])} is not supported any more", where=name)
    if "truncated" in str(error):
        line = data.rstrip().count(b"\n") + 1
        return TranscriptError(
            "the file is truncated here",
            where=f"{name}:{line}",
            hint="restore it from git",
            code="transcript.truncated",
        )
    at = re.search(r"\(byte (\d+)\)", str(error))
    spot = re.search(r"`(\$.*)`", str(error))
    line = data[: int(at[1])].count(b"\n") + 1 if at else line_of(data, parse_path(spot[1])) if spot else 0
    where = f"{name}:{line}" if line else name
    return TranscriptError(str(error), where=where, hint="fix the line, or restore the file from git")


def _first_invalid_byte(data: bytes) -> int:
    """Return the offset of the first byte that is not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def read(path: Path) -> Transcript:
    """Read one file. Raises TranscriptError."""
    return decode(read_bytes(path), str(path))


def encode(transcript: Transcript) -> bytes:
    """Return the canonical bytes of a transcript. Raises TranscriptError for values that JSON cannot store."""
    try:
        return _encode(transcript)
    except (OverflowError, RecursionError, ValueError) as error:
        raise TranscriptError(f"cannot be written: {error}", where=transcript.id) from None


def _encode(transcript: Transcript) -> bytes:
    data = msgspec.to_builtins(msgspec.structs.replace(transcript, events=with_saved_usage(transcript.events)))
    data["events"] = [_lines(step) for step in data["events"]]
    if "blobs" in data:
        data["blobs"] = {key: _lines(value) for key, value in data["blobs"].items()}
    return indented_json(data) + b"\n"


def _lines(value: Any) -> Any:
    """Split multi-line texts into lists of lines, in all fields that may have them."""
    if not isinstance(value, dict):
        return value
    out = dict(value)
    for key in ("text", "thinking"):
        if isinstance(out.get(key), str) and "\n" in out[key]:
            out[key] = out[key].split("\n")
    if out.get("event") == "answer":
        out["blocks"] = [_lines(block) for block in out["blocks"]]
    return out
