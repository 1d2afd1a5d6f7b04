"""A chat log, message by message, as the steps of a conversation.

The importers read a format and tell a `Log` what happened; it keeps the
places. A turn starts at every user message; what an agent said before the
first is turn 0. Words beside a tool call are reasoning and were not sent. A
log says nothing of policies, nor of how a turn ended, so neither is invented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from ...errors import TranscriptError
from ...plain import content_hash
from ...text import truncate
from ...trace.blobs import PromptSection, section_hash
from ...trace.events import Answer, AnyEvent, CallOutcome, Prompt, Reply, ToolResult, UserMessage
from ...trace.messages import as_text
from ...trace.setup import Setup
from ..transcript import SCHEMA, Transcript, hash_recording
from .chat_file import Chat, conversation_id, source_metadata, split_conversations

MAX_TITLE = 72


class _PendingAnswer(NamedTuple):
    """What the agent said, until it is known whether it goes on."""

    blocks: list[dict[str, Any]]
    stop: str
    model: str


class _OpenCall(NamedTuple):
    """A call that has no result yet."""

    answer: int
    call: int
    id: str
    tool: str
    broken: str


class EventBuilder:
    """The steps of one conversation as they are read. `at` of every error is its message's place."""

    def __init__(self, model: str = "", tools: list[dict[str, Any]] | None = None) -> None:
        self.events: list[AnyEvent] = []
        self.blobs: dict[str, Any] = {}
        self.title = ""
        self._model = model
        self._tools = [self._blob(content_hash(t), t) for t in tools or []]
        self._sections: list[str] = []
        self._told = True
        self._turn = 0
        self._answer = 0
        self._held: _PendingAnswer | None = None
        self._open: list[_OpenCall] = []

    def system(self, text: str) -> None:
        """What the model was told; it stands from the next answer on."""
        self._close()
        section = PromptSection("system", text)
        self._sections = [*self._sections, self._blob(section_hash(section), section._asdict())]
        self._told = False

    def user(self, text: str) -> None:
        self._close()
        self._turn += 1
        self._answer = 0
        self._open = []
        self.title = self.title or _short(text)
        self.events.append(UserMessage(turn=self._turn, text=text))

    def answer(self, blocks: list[dict[str, Any]], stop: str = "", model: str = "") -> None:
        """One message of the agent. Words alone are held: if the agent goes on, both are one answer."""
        if self._held is not None:
            blocks = [*self._held.blocks, *blocks]
        calls = any(block.get("type") == "tool_use" for block in blocks)
        held = _PendingAnswer(blocks, stop or ("tool_use" if calls else "end_turn"), model)
        self._held = None if calls else held
        if calls:
            self._record(held)

    def result(self, value: Any, outcome: CallOutcome, at: str, call_id: str = "", tool: str = "") -> None:
        """A result belongs to the open call it names best, and among equals to the first: ids repeat."""
        self._close()
        if not self._open:
            raise TranscriptError(
                "a tool result that no call is waiting for",
                where=at,
                next="put it after the call it belongs to, before the customer's next message",
            )
        found = max(self._open, key=lambda call: 2 * (call.id == call_id) + (call.tool == tool))
        self._open.remove(found)
        self.events.append(
            ToolResult(
                turn=self._turn,
                answer=found.answer,
                call=found.call,
                tool=found.tool,
                outcome="rejected" if found.broken else outcome,
                value=value,
            )
        )

    def transcript(
        self, id: str, agent: str, at: str, source: dict[str, Any], setup: Setup | None = None
    ) -> Transcript:
        """The conversation as a guard: nothing in it may newly change."""
        self._close()
        if not self._told:
            self._prompt(self._answer + 1)
        if not any(isinstance(event, UserMessage | Answer) for event in self.events):
            raise TranscriptError("there is no conversation in it", where=at, next="take it out of the file")
        try:
            msgspec.json.encode(source)
        except ValueError:
            raise TranscriptError("a number in it is too large", where=at, next="mend it in the file") from None
        setup = setup or Setup(agent=agent)
        return Transcript(
            schema=SCHEMA,
            id=id,
            kind="golden",
            title=self.title,
            agent=agent,
            source=source,
            recording_id=hash_recording(self.events, setup),
            setup=setup,
            events=self.events,
            blobs=self.blobs,
        )

    def _close(self) -> None:
        """What was held back was the agent's last word: it was sent."""
        if self._held is not None:
            answer = self._record(self._held)
            self._held = None
            if answer.text.strip():
                self.events.append(Reply(turn=self._turn, answer=self._answer, text=answer.text))

    def _record(self, said: _PendingAnswer) -> Answer:
        self._answer += 1
        if not self._told or (self._tools and self._answer == 1 and self._first):
            self._prompt(self._answer)
        answer = Answer(
            turn=self._turn, answer=self._answer,
            blocks=said.blocks, stop=said.stop, model=said.model or self._model,
        )  # fmt: skip
        self._open = [_OpenCall(self._answer, c.number, c.id, c.tool, c.error) for c in answer.calls]
        self.events.append(answer)
        return answer

    def _prompt(self, answer: int) -> None:
        self._told = True
        prompt = Prompt(
            turn=self._turn, answer=answer, sections=self._sections, tools=self._tools, model=self._model
        )
        self.events.append(prompt)

    @property
    def _first(self) -> bool:
        return not any(isinstance(event, Answer) for event in self.events)

    def _blob(self, key: str, value: Any) -> str:
        self.blobs[key] = value
        return key


def parsed(text: str) -> Any:
    """A result as data where it is JSON; words, and numbers JSON would spell otherwise, stay as they are."""
    if text.lstrip()[:1] not in "{[-0123456789tfn":
        return text
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return value if isinstance(value, dict | list) or as_text(value) == text else text


def _short(text: str) -> str:
    return truncate(" ".join(text.split()), MAX_TITLE)


def import_transcripts(
    format: str, read: Callable[[Chat], EventBuilder], data: bytes, agent: str, name: str
) -> list[Transcript]:
    """The conversations of a log file called `name`, each read into a Log, as guard transcripts of `agent`."""
    found = split_conversations(data, name)
    return [
        read(chat).transcript(
            conversation_id(name, number, len(found)),
            agent,
            chat.where,
            source_metadata(format, name, number, chat),
        )
        for number, chat in enumerate(found, 1)
    ]
