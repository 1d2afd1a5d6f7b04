"""Build the events of a conversation from a chat log, message by message.

Readers of a format call an `EventBuilder`, which assigns the step ids. A turn
starts at every user message; what the agent said before the first one is turn 0.
Text next to a tool call is reasoning and was not sent. A log contains no
policies and no turn ends, so none are created.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...plain import content_hash
from ...text import truncate
from ...trace.blobs import PromptSection, section_hash
from ...trace.events import Answer, AnyEvent, CallOutcome, Prompt, Reply, ToolResult, UserMessage
from ...trace.messages import as_text
from .calls import LoggedCall, LoggedCalls
from .json_value import decode, is_compact_form

MAX_TITLE = 72
RAW = "\0raw"  # the field of a block that has the exact text of its arguments, until the answer is recorded


class _PendingAnswer(NamedTuple):
    """A message of the agent, until it is known whether the answer continues."""

    blocks: list[dict[str, Any]]
    stop: str
    model: str
    where: str


class EventBuilder:
    """Builds the events of one conversation.

    `losses` are (kind, place), `aside` what could not become an event, `fields` (name, place) those without
    a place in a transcript.
    """

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.blobs: dict[str, Any] = {}
        self.title = ""
        self.losses: list[tuple[str, str]] = []
        self.aside: list[dict[str, Any]] = []
        self.fields: list[tuple[str, str]] = []
        self._calls = LoggedCalls()
        self._model = ""
        self._tools: list[str] = []
        self._sections: list[str] = []
        self._held_sections: list[str] = []
        self._prompt_known = True
        self._turn = 0
        self._answer = 0
        self._pending: _PendingAnswer | None = None

    @property
    def has_calls(self) -> bool:
        return any(isinstance(event, Answer) and event.calls for event in self.events)

    def begin(self, model: str, tools: list[dict[str, Any]]) -> None:
        """Set the model and the schemas of the tools."""
        self._model = model
        self._tools = [self._blob(content_hash(t), t) for t in tools]
        self._prompt_known = not self._tools

    def lose(self, kind: str, where: str, value: Any = None) -> None:
        """Count something that cannot be taken as it is, and keep the value aside if it is given."""
        self.losses.append((kind, where))
        if value is not None:
            self.aside.append({"kind": kind, "where": where, "value": value})

    def system(self, text: str) -> None:
        """Set the system prompt from the next answer on."""
        section = PromptSection("system", text)
        self._held_sections.append(self._blob(section_hash(section), section._asdict()))
        if self._pending is None:
            self._take_sections()

    def user(self, text: str) -> None:
        self._close()
        self._turn += 1
        self._answer = 0
        self.title = self.title or _short(text)
        self.events.append(UserMessage(turn=self._turn, text=text))

    def answer(self, blocks: list[dict[str, Any]], where: str, stop: str = "", model: str = "") -> None:
        """Add one message of the agent. Text alone is held back: if the agent continues, both are one answer."""
        if self._pending is not None:
            blocks = [*self._pending.blocks, *blocks]
        calls = any(block.get("type") == "tool_use" for block in blocks)
        held = _PendingAnswer(blocks, stop or ("tool_use" if calls else "end_turn"), model, where)
        self._pending = None if calls else held
        if calls:
            self._record(held)

    def result(self, content: Any, failed: bool, where: str, call_id: str = "", tool: str = "") -> None:
        """Add the result of a call: text, which is parsed if it is JSON, or other data."""
        found = self._calls.find(call_id, tool)
        if isinstance(found, str):
            self.lose(found, where, {"id": call_id, "tool": tool, "content": content})
            return
        value = parsed(content) if isinstance(content, str) and not failed else content
        raw = content if isinstance(content, str) and as_text(value) != content else ""
        outcome: CallOutcome = "error" if failed else "ok"
        event = ToolResult(
            turn=found.turn, answer=found.answer, call=found.request.number, tool=found.request.tool,
            outcome="rejected" if failed and found.request.error else outcome, value=value, raw=raw,
        )  # fmt: skip
        if self._pending is None and (found.turn, found.answer) == (self._turn, self._answer):
            self.events.append(event)
            return
        self.lose("late-result", where)
        last = max(i for i, e in enumerate(self.events) if e.step_id[:2] == event.step_id[:2])
        self.events.insert(last + 1, event)

    def finish(self) -> list[AnyEvent]:
        """End the conversation and return its events; every call without a result is counted."""
        self._close()
        if not self._prompt_known and self._sections:
            self._prompt(self._answer + 1)
        for call in self._calls.unanswered:
            self.lose("no-result", call.where)
        return self.events

    def _close(self) -> None:
        """Record the message held back as the last answer of the turn: it was sent."""
        if self._pending is not None:
            answer = self._record(self._pending)
            self._pending = None
            if answer.text.strip():
                self.events.append(Reply(turn=self._turn, answer=self._answer, text=answer.text))
        self._take_sections()

    def _take_sections(self) -> None:
        if self._held_sections:
            self._sections = [*self._sections, *self._held_sections]
            self._held_sections = []
            self._prompt_known = False

    def _record(self, said: _PendingAnswer) -> Answer:
        self._answer += 1
        if not self._prompt_known:
            self._prompt(self._answer)
        blocks, raw = _without_raw(said.blocks)
        answer = Answer(
            turn=self._turn, answer=self._answer,
            blocks=blocks, stop=said.stop, model=said.model or self._model, raw_arguments=raw,
        )  # fmt: skip
        self._calls.begin([LoggedCall(self._turn, self._answer, call, said.where) for call in answer.calls])
        for call in answer.calls:
            if call.error:
                self.lose("unreadable-arguments", said.where)
        self.events.append(answer)
        return answer

    def _prompt(self, answer: int) -> None:
        self._prompt_known = True
        prompt = Prompt(
            turn=self._turn, answer=answer, sections=self._sections, tools=self._tools, model=self._model
        )
        self.events.append(prompt)

    def _blob(self, key: str, value: Any) -> str:
        self.blobs[key] = value
        return key


def _without_raw(blocks: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the blocks of an answer, and the texts of arguments that they do not show, by call number."""
    kept, raw, number = [], {}, 0
    for block in blocks:
        number += block.get("type") == "tool_use"
        if RAW in block:
            block = dict(block)
            raw[str(number)] = block.pop(RAW)
        kept.append(block)
    return kept, raw


def call_block(id: Any, name: str, given: Any) -> dict[str, Any]:
    """Return a call as a block; arguments that are not an object stay as they are, no arguments are {}."""
    value = _arguments(given)
    block = {"type": "tool_use", "id": str(id or ""), "name": name, "input": value}
    text = given if isinstance(given, str) else "null" if given is None else ""
    if text and isinstance(value, dict) and not is_compact_form(value, text):
        block[RAW] = text
    return block


def _arguments(given: Any) -> Any:
    """Return the arguments of a call as an object; the original text if it is not one."""
    if given is None or given == "":
        return {}
    value = parsed_json(given) if isinstance(given, str) else given
    return value if isinstance(value, dict) else {} if value is None else given


def parsed_json(text: str) -> Any:
    """Return the value of a JSON text, or the text itself if it is not JSON."""
    try:
        return decode(text.encode("utf-8", "surrogatepass")).value
    except (ValueError, RecursionError):
        return text


def parsed(text: str) -> Any:
    """Parse a result as JSON; text, and numbers that JSON would format differently, stay unchanged."""
    if text.lstrip()[:1] not in "{[-0123456789tfn":
        return text
    value = parsed_json(text)
    return value if isinstance(value, dict | list) or as_text(value) == text else text


def _short(text: str) -> str:
    return truncate(" ".join(text.split()), MAX_TITLE)
