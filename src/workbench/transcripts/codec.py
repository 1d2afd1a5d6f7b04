"""Read and write transcript files: one canonical JSON file per conversation, made for review.

What people wrote (id, kind, title, expectations, annotations) comes first, then
the events. Large texts are blobs: files of their own, or in a whole transcript at its
end, once each. The same transcript always has the same bytes: fixed key order, one line
for what fits on one, UTF-8, LF, a multi-line text as a list of lines, nothing volatile.
Reading never rewrites the file.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..errors import TranscriptError
from ..files import read_bytes
from .blob_store import Blobs
from .json_position import line_of, parse_path
from .migrations import FORMAT, migrate
from .readable_json import readable_json
from .stored_form import GetBlob, StoredTranscript, no_blob, to_stored, to_whole
from .text_lines import InvalidText, join_event_lines, join_lines, split_lines
from .transcript import SCHEMA, Transcript, with_saved_usage
from .validation import RESTORE_HINT, check_transcript, duplicate_field

_DECODER = msgspec.json.Decoder(StoredTranscript)


def decode(data: bytes, name: str = "", blob: GetBlob = no_blob) -> Transcript:
    """Decode the bytes of a file called `name`; `blob` returns the blobs that are not in it.

    Raises TranscriptError with the location.
    """
    stored: StoredTranscript | None = None
    wrong: Exception | None = None
    try:
        stored = _DECODER.decode(data)
    except msgspec.DecodeError as error:
        wrong = error
    except UnicodeDecodeError as error:
        wrong = error
    except RecursionError as error:
        raise TranscriptError(f"not a transcript: {error}", where=name) from None
    if stored is None or stored.schema != SCHEMA:
        stored = _migrated(data)
        if stored is None:
            raise _unreadable(data, name, wrong)
    if twice := duplicate_field(data):
        raise TranscriptError(
            f"duplicate field {twice!r}", where=name, hint=RESTORE_HINT, code="transcript.duplicate-field"
        )
    _join_lines(stored, name)
    transcript = to_whole(stored, blob, name)
    check_transcript(transcript, name)
    return transcript


def _migrated(data: bytes) -> StoredTranscript | None:
    """Decode a transcript of an older format; returns None if it is not one."""
    try:
        raised = migrate(msgspec.json.decode(data))
        return None if raised is None else msgspec.convert(raised, StoredTranscript)
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError):
        return None  # the error is reported for the file as it is


def _join_lines(transcript: StoredTranscript, name: str) -> None:
    """Join texts that the file stores as a list of lines."""
    try:
        join_event_lines(transcript.events)
    except InvalidText as error:
        raise TranscriptError(str(error), where=name, hint=RESTORE_HINT, event=error.event) from None
    for key, blob in transcript.blobs.items():
        try:
            join_lines(blob)
        except TypeError:
            message = f"blob {key!r:.40}: a line of its text is not a string"
            raise TranscriptError(message, where=name, hint=RESTORE_HINT) from None


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
    """Read one file, and its blobs from the folder they are in. Raises TranscriptError."""
    return decode(read_bytes(path), str(path), Blobs(path).get)


def encode(transcript: Transcript) -> bytes:
    """Return the canonical bytes of a whole transcript, with its blobs.

    Raises TranscriptError for values that JSON cannot store.
    """
    with _writing(transcript):
        return readable_json(_with_lines(_plain(transcript)))


def encode_stored(transcript: Transcript) -> tuple[bytes, dict[str, Any]]:
    """Return the canonical bytes of a transcript's file, and the blobs that it refers to, by hash.

    Raises TranscriptError for values that JSON cannot store.
    """
    with _writing(transcript):
        data, blobs = to_stored(_plain(transcript))
        return readable_json(_with_lines(data)), blobs


@contextlib.contextmanager
def _writing(transcript: Transcript) -> Iterator[None]:
    try:
        yield
    except (OverflowError, RecursionError, ValueError) as error:
        raise TranscriptError(f"cannot be written: {error}", where=transcript.id) from None


def _plain(transcript: Transcript) -> dict[str, Any]:
    saved = msgspec.structs.replace(transcript, events=with_saved_usage(transcript.events))
    data: dict[str, Any] = msgspec.to_builtins(saved)
    return data


def _with_lines(data: dict[str, Any]) -> dict[str, Any]:
    data["events"] = [split_lines(event) for event in data["events"]]
    if "blobs" in data:
        data["blobs"] = {key: split_lines(value) for key, value in data["blobs"].items()}
    return data
