"""The form of a transcript in its file: prompts, schemas, policies and file hashes are blobs of a shared folder.

A *whole* transcript contains its blobs and needs no folder: the form in which one is
sent to somebody, and in which processes pass it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from ..errors import TranscriptError
from ..plain import content_hash
from ..trace.events import AnyEvent, Event, PolicyDecision, Prompt
from .transcript import Transcript

T = TypeVar("T")
GetBlob = Callable[[str], Any]
"""Returns the blob with a hash. Raises TranscriptError if there is none, or if it does not match its hash."""


def no_blob(key: str) -> Any:
    """Raise TranscriptError: the data was read without the folder of its blobs."""
    raise TranscriptError(
        f"the blob {key!r:.40} is not in it",
        hint="`workbench show --export` writes a transcript with all its blobs",
        code="transcript.missing-blob",
    )


class StoredPrompt(Event, frozen=True, kw_only=True, tag="stored_prompt"):
    """A prompt event whose fields are in a blob."""

    blob: str


class StoredTranscript(Transcript, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A transcript as a file may contain it: `code` and prompts may be hashes of blobs."""

    code: dict[str, str] | str = msgspec.field(default_factory=dict)  # type: ignore[assignment]
    events: list[AnyEvent | StoredPrompt]  # type: ignore[assignment]
    without_blob: list[str] = msgspec.field(default_factory=list)
    """Hashes in the events for which there is no blob: the text of a policy that redaction changed."""


_AT = ("event", "turn", "answer", "call")  # the fields of a prompt event that say where it is


def to_stored(data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the plain data of a whole transcript into that of the file and the blobs, by hash."""
    found: dict[str, Any] = {}
    stored = {name: value for name, value in data.items() if name != "blobs"}
    if code := stored.get("code"):
        stored["code"] = _store(found, code)
    known = data.get("blobs", {})
    events: list[dict[str, Any]] = []
    absent: dict[str, None] = {}
    for event in data["events"]:
        for key in _references(event):
            if key in known:
                found[key] = known[key]
            else:
                absent[key] = None
        if event["event"] == "prompt":
            key = _store(found, {name: value for name, value in event.items() if name not in _AT})
            event = {name: event[name] for name in _AT if name in event} | {"event": "stored_prompt", "blob": key}
        events.append(event)
    return stored | {"events": events} | ({"without_blob": list(absent)} if absent else {}), found


def _store(blobs: dict[str, Any], value: Any) -> str:
    key = content_hash(value)
    blobs[key] = value
    return key


def _references(event: dict[str, Any]) -> Iterable[str]:
    if event["event"] == "prompt":
        return (*event["sections"], *event["tools"])
    return (event["version"],) if event.get("version") else ()


def to_whole(stored: StoredTranscript, get: GetBlob, name: str) -> Transcript:
    """Return the transcript of the file `name` with its blobs.

    Raises TranscriptError for a blob that is missing or altered.
    """
    try:
        return Transcript(**_whole_fields(stored, get))
    except TranscriptError as error:
        error.where = error.where or name
        raise


def _whole_fields(stored: StoredTranscript, get: GetBlob) -> dict[str, Any]:
    fields = {name: getattr(stored, name) for name in Transcript.__struct_fields__}
    if isinstance(stored.code, str):
        fields["code"] = _typed(stored.code, {}, get, dict[str, str])
    if any(event.__class__ is StoredPrompt for event in stored.events):
        fields["events"] = [_whole_event(event, get) for event in stored.events]
    if not stored.blobs:
        fields["blobs"] = {
            key: get(key) for key in _referenced(fields["events"]) if key not in stored.without_blob
        }
    return fields


def _whole_event(event: AnyEvent | StoredPrompt, get: GetBlob) -> AnyEvent:
    if not isinstance(event, StoredPrompt):
        return event
    place = {"turn": event.turn, "answer": event.answer, "call": event.call}
    return _typed(event.blob, {"event": "prompt", **place}, get, Prompt)


def _referenced(events: Iterable[AnyEvent]) -> Iterable[str]:
    """Return the hashes of the blobs of these events, in order, each once."""
    keys: dict[str, None] = {}
    for event in events:
        if event.__class__ is Prompt:
            keys.update(dict.fromkeys((*event.sections, *event.tools)))
        elif event.__class__ is PolicyDecision and event.version:
            keys[event.version] = None
    return keys


def _typed(key: str, more: dict[str, Any], get: GetBlob, kind: type[T]) -> T:
    try:
        return msgspec.convert({**get(key), **more}, kind)
    except (msgspec.ValidationError, TypeError) as error:
        raise TranscriptError(f"the blob {key!r:.40} is not what its event needs: {error}") from None
