"""Build the events of a conversation from a chat log, message by message.

Importers read a format and call an `EventBuilder`, which assigns the step ids.
A turn starts at every user message; what the agent said before the first one is
turn 0. Text next to a tool call is reasoning and was not sent. A log contains no
policies and no turn ends, so none are created.
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
    """A message of the agent, until it is known whether the answer continues."""

    blocks: list[dict[str, Any]]
    stop: str
    model: str


class _OpenCall(NamedTuple):
    """A call without a result yet."""

    answer: int
    call: int
    id: str
    tool: str
    broken: str


class EventBuilder:
    """Builds the events of one conversation; `at` is the location used in errors."""

    def __init__(self, model: str = "", tools: list[dict[str, Any]] | None = None) -> None:
        self.events: list[AnyEvent] = []
        self.blobs: dict[str, Any] = {}
        self.title = ""
        self._model = model
        self._tools = [self._blob(content_hash(t), t) for t in tools or []]
        self._sections: list[str] = []
        self._prompt_known = True
        self._turn = 0
        self._answer = 0
        self._pending: _PendingAnswer | None = None
        self._open: list[_OpenCall] = []

    def system(self, text: str) -> None:
        """Set the system prompt from the next answer on."""
        self._close()
        section = PromptSection("system", text)
        self._sections = [*self._sections, self._blob(section_hash(section), section._asdict())]
        self._prompt_known = False

    def user(self, text: str) -> None:
        self._close()
        self._turn += 1
        self._answer = 0
        self._open = []
        self.title = self.title or _short(text)
        self.events.append(UserMessage(turn=self._turn, text=text))

    def answer(self, blocks: list[dict[str, Any]], stop: str = "", model: str = "") -> None:
        """Add one message of the agent. Text alone is held back: if the agent continues, both are one answer."""
        if self._pending is not None:
            blocks = [*self._pending.blocks, *blocks]
        calls = any(block.get("type") == "tool_use" for block in blocks)
        held = _PendingAnswer(blocks, stop or ("tool_use" if calls else "end_turn"), model)
        self._pending = None if calls else held
        if calls:
            self._record(held)

    def result(self, value: Any, outcome: CallOutcome, at: str, call_id: str = "", tool: str = "") -> None:
        """Add the result of the open call that matches best, the first of equal ones: ids may repeat."""
        self._close()
        if not self._open:
            raise TranscriptError(
                "a tool result without an open call",
                where=at,
                hint="move it after its call, before the customer's next message",
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
        """Return the conversation as a golden transcript."""
        self._close()
        if not self._prompt_known:
            self._prompt(self._answer + 1)
        if not any(isinstance(event, UserMessage | Answer) for event in self.events):
            raise TranscriptError("it contains no conversation", where=at, hint="remove it from the file")
        try:
            msgspec.json.encode(source)
        except ValueError:
            raise TranscriptError(
                "it contains a number that is too large", where=at, hint="fix it in the file"
            ) from None
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
        """Record the message held back as the last answer of the turn: it was sent."""
        if self._pending is not None:
            answer = self._record(self._pending)
            self._pending = None
            if answer.text.strip():
                self.events.append(Reply(turn=self._turn, answer=self._answer, text=answer.text))

    def _record(self, said: _PendingAnswer) -> Answer:
        self._answer += 1
        if not self._prompt_known or (self._tools and self._answer == 1 and self._first):
            self._prompt(self._answer)
        answer = Answer(
            turn=self._turn, answer=self._answer,
            blocks=said.blocks, stop=said.stop, model=said.model or self._model,
        )  # fmt: skip
        self._open = [_OpenCall(self._answer, c.number, c.id, c.tool, c.error) for c in answer.calls]
        self.events.append(answer)
        return answer

    def _prompt(self, answer: int) -> None:
        self._prompt_known = True
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
    """Parse a result as JSON; text, and numbers that JSON would format differently, stay unchanged."""
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
    """Import a log file called `name`: each conversation becomes a golden transcript of `agent`."""
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
