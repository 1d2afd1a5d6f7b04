"""Import a log: every conversation becomes a golden transcript, and a report says what was done.

The log is read twice. The survey finds what cannot be taken and which requests later ones repeat; then
transcripts are made one at a time, so that memory does not grow with the log.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import msgspec

from ...errors import TranscriptError
from ...text import slug
from ...trace.events import Answer, AnyEvent, ToolResult, UserMessage
from ...trace.setup import Setup
from ..transcript import SCHEMA, Transcript, hash_recording
from .builder import EventBuilder
from .chats import Chat, Unfinished, conversations
from .formats import Origin, find_format
from .log_file import Log
from .report import ImportReport, Skipped, note

DEEP = "it is nested too deeply"


@dataclass
class LogImport:
    """The import of one log for an agent; `format` is the expected one, which the content may correct.

    `start` is the setup of every conversation; the clock of a log that tells one goes first unless `clock_given`.
    """

    log: Log
    start: Setup
    format: str = ""
    clock_given: bool = False
    report: ImportReport = field(default_factory=ImportReport)
    ids: dict[int, str] = field(default_factory=dict)
    """The ids of the transcripts to make, by the number of the conversation in the log."""

    def survey(self) -> None:
        """Read the whole log once: fills `ids` and the report. Raises TranscriptError if it is not text."""
        chains = _Chains()
        names: dict[int, str] = {}
        places: dict[int, str] = {}
        for chat in self._chats():
            if chat.beside:
                for name in chat.beside:
                    note(self.report.fields, name, chat.where)
                continue
            self.report.found = chat.number
            try:
                log, origin, _ = self._read(chat)
            except TranscriptError as error:
                self.report.skipped.append(_skipped(error))
                continue
            names[chat.number] = origin.id
            chains.add(chat.number, origin, log.events)
            places[chat.number] = chat.places[0] if chat.places else chat.where
        repeated = chains.repeated()
        for number, of in chains.pieces(repeated).items():
            reason = (
                f"it is one of the pieces of the conversation {of!r}: none of them repeats the messages before it"
            )
            self.report.skipped.append(Skipped(places[number], reason))
            del names[number]
        self.report.repeated = len(repeated)
        self.report.first_repeated = next((places.get(n, "") for n in sorted(repeated)), "")
        self.ids = self._unique({n: name for n, name in names.items() if n not in repeated})

    def transcripts(self) -> Iterator[Transcript]:
        """Make the transcripts that the survey found, and count in the report what each could not hold."""
        last = max(self.ids, default=0)
        for chat in self._chats():
            if chat.number in self.ids:
                try:
                    yield self._transcript(chat)
                except TranscriptError as error:
                    self.report.skipped.append(_skipped(error))
            if chat.number >= last:
                return  # what was added to the log since the survey

    def _chats(self) -> Iterator[Chat]:
        try:
            yield from conversations(self.log)
        except Unfinished as end:
            self.report.unfinished = end.where
            self.report.cut_off = not end.by_line

    def _read(self, chat: Chat) -> tuple[EventBuilder, Origin, str]:
        """Read a conversation. Raises TranscriptError."""
        if chat.wrong is not None:
            raise chat.wrong
        log = EventBuilder()
        try:
            format = find_format(chat.record, self.format)
            origin = format.read(chat, log)
            events = log.finish()
            msgspec.json.encode([events, origin.source, log.aside])
        except RecursionError:
            raise TranscriptError(DEEP, where=chat.where, hint="remove it from the file") from None
        if not any(isinstance(event, UserMessage | Answer) for event in events):
            raise TranscriptError("it contains no conversation", where=chat.where, hint="remove it from the file")
        return log, origin, format.name

    def _transcript(self, chat: Chat) -> Transcript:
        log, origin, format = self._read(chat)
        setup = self.start
        if origin.clock and not self.clock_given:
            setup = msgspec.structs.replace(setup, clock=origin.clock)
        source: dict[str, Any] = {
            "format": format, "file": self.log.name, "conversation": chat.number, **origin.source
        }  # fmt: skip
        if log.aside:
            source["aside"] = log.aside
        self._count(chat, log, format)
        return Transcript(
            schema=SCHEMA,
            id=self.ids[chat.number],
            kind="golden",
            title=log.title,
            agent=setup.agent,
            source=source,
            recording_id=hash_recording(log.events, setup),
            setup=setup,
            events=log.events,
            blobs=log.blobs,
        )

    def _count(self, chat: Chat, log: EventBuilder, format: str) -> None:
        report = self.report
        report.taken += 1
        report.formats[format] += 1
        for kind, where in [*log.losses, *((kind, chat.where) for kind in chat.altered)]:
            note(report.losses, kind, where)
        for name, where in log.fields:
            note(report.fields, name, where)
        for event in log.events:
            report.messages += isinstance(event, UserMessage)
            report.answers += isinstance(event, Answer)
            report.calls += len(event.calls) if isinstance(event, Answer) else 0
            report.results += isinstance(event, ToolResult)

    def _unique(self, names: dict[int, str]) -> dict[int, str]:
        """Return the ids of the transcripts: the log's own or the file's name, numbered where they repeat."""
        stem = slug(PurePath(self.log.name.removesuffix(".gz")).stem)
        width = max(3, len(str(self.report.found)))
        seen: dict[str, int] = {}
        made = {}
        for number, name in names.items():
            id = f"{self.start.agent}-{name}" if name else stem
            if not name and self.report.found > 1:
                id = f"{stem}-{number:0{width}}"
            seen[id] = seen.get(id, 0) + 1
            made[number] = id if seen[id] == 1 else f"{id}-{seen[id]}"
        return made


def _skipped(error: TranscriptError) -> Skipped:
    return Skipped(error.where, error.message)


class _Chains:
    """Finds requests whose messages a later request repeats: a proxy logs the growing history at each call.

    Of each conversation it holds eight bytes per message.
    """

    def __init__(self) -> None:
        self._beginnings: dict[int, array[int]] = {}  # digests of all beginnings, the whole last, by number
        self._requests: set[int] = set()
        self._conversations: dict[str, list[int]] = {}  # numbers by the id of the conversation

    def add(self, number: int, origin: Origin, events: list[AnyEvent]) -> None:
        """Add a conversation; one that is not a request is never a repetition."""
        self._beginnings[number] = array("Q", _digests(origin.thread, events))
        if origin.is_request:
            self._requests.add(number)
        if origin.conversation:
            self._conversations.setdefault(origin.conversation, []).append(number)

    def repeated(self) -> set[int]:
        """Return the numbers of requests that a longer conversation contains; each longer one contains one."""
        if not self._requests:
            return set()
        found: set[int] = set()
        open: dict[int, list[int]] = {}
        for number in sorted(self._beginnings, key=lambda n: (len(self._beginnings[n]), n)):
            *shorter, whole = self._beginnings[number]
            before = next((open[digest] for digest in reversed(shorter) if open.get(digest)), None)
            if before:
                found.add(before.pop())
            if number in self._requests:
                open.setdefault(whole, []).append(number)
        return found

    def pieces(self, repeated: set[int]) -> dict[int, str]:
        """Return, with their id, the conversations of which the log has pieces that begin differently.

        All but one begin in the middle, and the log does not say which one, so none is whole.
        """
        found: dict[int, str] = {}
        for id, numbers in self._conversations.items():
            left = [number for number in numbers if number not in repeated]
            if len({self._beginnings[number][0] for number in left}) > 1:
                found |= dict.fromkeys(left, id)
        return dict(sorted(found.items()))


def _digests(thread: str, events: Iterable[AnyEvent]) -> Iterator[int]:
    """Yield a digest of every beginning of a conversation, without what requests do not repeat exactly."""
    state = hashlib.blake2b(thread.encode("utf-8", "surrogatepass"), digest_size=8)
    for event in events:
        if isinstance(event, UserMessage):
            kept: Any = ["user", event.text]
        elif isinstance(event, Answer):
            kept = ["agent", event.text, [[c.id, c.tool, c.args] for c in event.calls]]
        elif isinstance(event, ToolResult):
            kept = ["result", event.call, event.raw or event.value]
        else:
            continue
        state.update(msgspec.json.encode(kept, order="deterministic"))
        yield int.from_bytes(state.digest(), "big")


def import_bytes(data: bytes, agent: str, name: str, format: str = "openai") -> list[Transcript]:
    """Return the conversations of a log in memory as transcripts. Raises TranscriptError for the first bad one."""
    work = LogImport(Log.of_bytes(data, name), Setup(agent=agent, imported=True), format)
    work.survey()
    refuse_losses(work.report, name)
    return list(work.transcripts())


def refuse_losses(report: ImportReport, name: str, hint: str = "fix it in the file") -> None:
    """Raise TranscriptError unless every conversation of the log could be taken."""
    if report.skipped:
        first = report.skipped[0]
        raise TranscriptError(first.reason, where=first.where, hint=hint)
    if report.unfinished:
        raise TranscriptError("not JSON: it ends in the middle of a value", where=report.unfinished, hint=hint)
    if not report.found:
        raise TranscriptError("it contains no conversation", where=name, hint="check that it is the right file")
