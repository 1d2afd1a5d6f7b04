"""A transcript: a saved conversation as one canonical JSON file that people review.

What people wrote (id, kind, title, expectations, marks) stands first, the
steps after it, the large texts once each at the end. The same transcript is
the same bytes: fixed key order, two-space indent, UTF-8, LF, a text of several
lines as a list of lines, nothing volatile. Reading never rewrites.
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
from .transcript import SCHEMA, Transcript
from .validation import RESTORE_HINT, check_transcript, duplicate_field

_DECODER = msgspec.json.Decoder(Transcript)


def decode(data: bytes, name: str = "") -> Transcript:
    """A transcript from the bytes of a file called `name`. Raises TranscriptError with the place in it."""
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
        transcript = _climbed(data)
        if transcript is None:
            raise _unreadable(data, name, wrong)
    if twice := duplicate_field(data):
        raise TranscriptError(f"the field {twice!r} stands in it twice", where=name, next=RESTORE_HINT)
    _join_lines(transcript, name)
    check_transcript(transcript, name)
    return transcript


def _climbed(data: bytes) -> Transcript | None:
    """A transcript of an older format, as one of today's; None where it is none."""
    try:
        raised = migrate(msgspec.json.decode(data))
        return None if raised is None else msgspec.convert(raised, Transcript)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError):
        return None  # what is wrong with it is told of the file as it stands


def _join_lines(transcript: Transcript, name: str) -> None:
    """In a file a text of several lines is a list of lines; in memory it is one string."""
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
                                f"step {number}: its {key} is no text", where=name, next=RESTORE_HINT
                            )
            elif (kind is UserMessage or kind is Reply) and event.text.__class__ is list:  # type: ignore[union-attr]
                msgspec.structs.force_setattr(event, "text", "\n".join(event.text))  # type: ignore[union-attr]
    except TypeError:
        raise TranscriptError(
            f"step {number}: a line of a text is no text", where=name, next=RESTORE_HINT
        ) from None
    for key, blob in transcript.blobs.items():
        if isinstance(blob, dict) and isinstance(blob.get("text"), list):
            try:
                blob["text"] = "\n".join(blob["text"])
            except TypeError:
                message = f"the exhibit {key!r:.40}: a line of its text is no text"
                raise TranscriptError(message, where=name, next=RESTORE_HINT) from None


_TEXTS = ("text", "thinking")


_AS_UTF_8 = "save it as UTF-8, or restore it from git"
# how a file begins that is not UTF-8 as JSON has it, the longest first; what it is; what to do
_FOREIGN = (
    *((begins, "UTF-32", _AS_UTF_8) for begins in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
    *((begins, "UTF-16", _AS_UTF_8) for begins in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"{\0", b"\0{")),
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark", "save it as UTF-8 without one"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
)


def _unreadable(data: bytes, name: str, error: Exception | None) -> TranscriptError:
    if not data.strip(b"\0 \t\r\n"):
        what = "the file is empty" if not data else f"there is nothing in its {len(data)} bytes"
        return TranscriptError(what, where=name, next="restore it from git, or delete it")
    for begins, what, then in _FOREIGN:
        if data.startswith(begins):
            return TranscriptError(f"not a transcript as it is: it is {what}", where=name, next=then)
    if isinstance(error, UnicodeDecodeError):
        line = data[: _first_foreign(data)].count(b"\n") + 1
        return TranscriptError("a byte in it is no UTF-8", where=f"{name}:{line}", next=_AS_UTF_8)
    found = re.search(rb'"schema"\s*:\s*"workbench\.transcript/(\d+)"', data)
    if found and int(found[1]) > FORMAT:
        return TranscriptError(
            f"written by a newer Workbench (format {int(found[1])}; this one reads {FORMAT})",
            where=name,
            next="upgrade workbench",
        )
    if found is None:
        return TranscriptError(
            "not a Workbench transcript: no schema in it",
            where=name,
            next="`workbench import` turns other logs into transcripts",
        )
    if int(found[1]) < FORMAT:
        return TranscriptError(f"written in format {int(found[1])}, which cannot be read any more", where=name)
    if "truncated" in str(error):
        line = data.rstrip().count(b"\n") + 1
        return TranscriptError("the file breaks off here", where=f"{name}:{line}", next="restore it from git")
    at = re.search(r"\(byte (\d+)\)", str(error))
    spot = re.search(r"`(\$.*)`", str(error))
    line = data[: int(at[1])].count(b"\n") + 1 if at else line_of(data, parse_path(spot[1])) if spot else 0
    where = f"{name}:{line}" if line else name
    return TranscriptError(str(error), where=where, next="mend the line, or restore the file from git")


def _first_foreign(data: bytes) -> int:
    """Where the first byte stands that is no UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def read(path: Path) -> Transcript:
    """Read one file. Raises TranscriptError."""
    return decode(read_bytes(path), str(path))


def encode(transcript: Transcript) -> bytes:
    """The canonical bytes of a transcript. Raises TranscriptError for what no file can hold."""
    try:
        return _encode(transcript)
    except (OverflowError, RecursionError, ValueError) as error:
        raise TranscriptError(f"cannot be written: {error}", where=transcript.id) from None


def _encode(transcript: Transcript) -> bytes:
    data = msgspec.to_builtins(transcript)
    data["events"] = [_lines(step) for step in data["events"]]
    if "blobs" in data:
        data["blobs"] = {key: _lines(value) for key, value in data["blobs"].items()}
    return indented_json(data) + b"\n"


def _lines(value: Any) -> Any:
    """Texts of several lines as lists of lines, wherever a text is known to stand."""
    if not isinstance(value, dict):
        return value
    out = dict(value)
    for key in ("text", "thinking"):
        if isinstance(out.get(key), str) and "\n" in out[key]:
            out[key] = out[key].split("\n")
    if out.get("event") == "answer":
        out["blocks"] = [_lines(block) for block in out["blocks"]]
        out.pop("meter", None)
    return out
