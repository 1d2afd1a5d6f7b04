"""The events of a conversation: frozen values, one tagged union.

Every event belongs to a step id: (turn, answer, call). Turns, answers and calls
count from 1. Answer 0 is the customer's message of the turn; call 0 is the
answer itself and therefore its reply. Adding a policy never changes a step id.

    UserMessage      the customer's message
    JourneyEntered   a journey was entered
    Prompt           the prompt of the following answers: hashes of sections and schemas
    Answer           the model's answer, raw blocks as received
    PartialAnswer    what an interrupted answer said so far
    PolicyDecision   the decision of one policy on a message, call, result or reply
    HttpExchange     one HTTP request of a tool, and the response
    ToolResult       the result of a call, and its changes of the world
    Reply            the text sent to the customer
    HandedOff          the conversation was handed off to a human
    Fault            an exception in journey code, or a failure of a system
    TurnEnded        the reason the turn ended
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..plain import cached
from .step_id import StepId

Effect = Literal["allow", "block", "rewrite", "escalate"]
Hook = Literal["on_message", "before_tool", "after_tool", "before_reply"]
CallOutcome = Literal[
    "ok",  # the body returned a value
    "error",  # the body raised ToolError; the text is for the model
    "rejected",  # the arguments do not match the schema
    "absent",  # the tool does not exist or is not available here
    "blocked",  # a policy blocked it
    "fault",  # the body raised another exception
    "missing",  # the recording has no result for it
]
EndReason = Literal[
    "replied",  # the customer received an answer
    "handed_off",  # the conversation was handed off to a human
    "message_blocked",  # a policy blocked the customer's message
    "limit",  # the limit of model calls, tokens or seconds was reached
    "model_error",  # the model's server gave no usable answer
    "interrupted",  # the engineer stopped it
    "killed",  # the worker timed out or crashed
    "recording_ended",  # the recording has no further answer
]


class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="event"
):
    """Fields of every event: the id of the step it belongs to."""

    turn: int
    answer: int = 0
    call: int = 0

    @property
    def step_id(self) -> StepId:
        return StepId(self.turn, self.answer, self.call)


class UserMessage(Event, frozen=True, kw_only=True, tag="user"):
    """The customer's message, as written."""

    text: str | list[str]  # a list of lines in a file only


class JourneyEntered(Event, frozen=True, kw_only=True, tag="entered"):
    """A journey was entered."""

    journey: str
    before: str = ""
    """The journey that was left, or ""."""


class Unavailable(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of the agent that was not available."""

    kind: str
    """journey | tool | policy"""
    name: str
    condition: str
    """The name of the condition (`when=`) that returned False."""
    source: str = ""
    """The "file:line" of the condition, or ""."""


class Prompt(Event, frozen=True, kw_only=True, tag="prompt"):
    """The prompt from this event on, without the messages.

    The messages are not stored, because they follow from the earlier events. A
    new Prompt is recorded only when the prompt changes.
    """

    sections: list[str]
    """Hashes of the prompt sections, in order; the texts are blobs of the trace."""
    tools: list[str]
    """Hashes of the tool schemas; the schemas are blobs of the trace."""
    model: str = ""
    params: dict[str, Any] = {}
    """Request parameters of the model, for example {"max_tokens": 8000}."""
    journeys: list[str] = []
    """Names of the available journeys."""
    policies: list[str] = []
    """Full names of the available policies."""
    hidden: list[Unavailable] = []
    """The parts that a condition hid."""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The usage of one answer; the first four fields count tokens.

    A transcript contains only what limits count: `tokens_out` and `seconds`.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: float | None = None
    """Dollars at list price; None if the price is unknown."""
    seconds: float = 0.0
    """Wall-clock seconds from the request to the complete answer."""
    request_id: str = ""
    server: str = ""
    """The host that answered, with a port that is not the default."""

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out + self.cache_read + self.cache_write


class CallRequest(msgspec.Struct, frozen=True):
    """One tool call as requested by the model; `number` counts from 1 within its answer."""

    number: int
    id: str
    tool: str
    args: dict[str, Any]
    error: str = ""
    raw: str = ""
    """The text of the arguments in an imported log, if `args` do not show it."""

    @property
    def shown_args(self) -> dict[str, Any] | str:
        """Return the arguments to show: their text if no argument could be read from it."""
        return self.args or self.raw or self.args


class Answer(Event, frozen=True, kw_only=True, dict=True, tag="answer"):
    """One answer of the model."""

    blocks: list[dict[str, Any]]
    """Content blocks of the Messages API, exactly as received: {"type": "text" | "tool_use" | ..., ...}."""
    stop: str = "end_turn"
    """The stop reason of the provider."""
    model: str = ""
    usage: Usage | None = None
    raw_arguments: dict[str, str] = {}
    """Texts of arguments in an imported log that the block does not show ("null", ...), by call number."""

    @cached
    def calls(self) -> list[CallRequest]:
        """Return the tool calls of this answer, in order."""
        asked = [block for block in self.blocks if block.get("type") == "tool_use"]
        if not asked:
            return []
        return [_call(number, block, self.raw_arguments) for number, block in enumerate(asked, 1)]

    @cached
    def text(self) -> str:
        """Return the text of this answer, without its thinking."""
        return "\n".join(b["text"] for b in self.blocks if b.get("type") == "text" and b.get("text"))

    @cached
    def thinking(self) -> str:
        return "\n".join(
            b.get("thinking") or "(redacted by the provider)"
            for b in self.blocks
            if b.get("type") in ("thinking", "redacted_thinking")
        )


class PartialAnswer(Event, frozen=True, kw_only=True, tag="partial"):
    """The part of an answer that the model had given when the turn was interrupted.

    It was not judged and not sent, and no later request contains it.
    """

    text: str | list[str] = ""  # lists of lines in a file only
    thinking: str | list[str] = ""
    model: str = ""
    usage: Usage | None = None
    """The usage that the provider had counted by then, or None."""


def _call(number: int, block: dict[str, Any], raw: dict[str, str]) -> CallRequest:
    args, broken, text = block.get("input"), "", raw.get(str(number), "") if raw else ""
    if not isinstance(args, dict):
        text = text or (args if isinstance(args, str) else msgspec.json.encode(args).decode())
        args, broken = {}, "the arguments are not a JSON object"
    return CallRequest(number, str(block.get("id") or ""), str(block.get("name") or ""), args, broken, text)


class PolicyDecision(Event, frozen=True, kw_only=True, tag="decision"):
    """The decision of one policy."""

    policy: str
    """The full name of the policy, for example "returns.return_window"."""
    hook: Hook
    effect: Effect = "allow"
    reason: str = ""
    replacement: Any = None
    """The new value, if the effect is rewrite."""
    evidence: dict[str, Any] = {}
    """The values that the decision is based on, as plain data by name."""
    version: str = ""
    """The hash of the policy's rule and why; the texts are a blob of the trace."""
    fault: bool = False
    """True if the policy itself failed and therefore blocked."""


class WorldChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change of the world."""

    path: list[str | int]
    """Class name, then keys and indexes."""
    before: Any = msgspec.UNSET
    """The plain value before the change; UNSET if there was none."""
    after: Any = msgspec.UNSET
    """The plain value after the change; UNSET if there is none."""


class HttpExchange(Event, frozen=True, kw_only=True, tag="exchange"):
    """One HTTP request that a tool made with its injected client, and the response."""

    number: int
    """Counts from 1 within the call."""
    method: str
    url: str
    request_body: Any = None
    """Parsed JSON, text, {"base64": ...} for other bytes, or None for no body."""
    status: int = 0
    """The status code; 0 if there was no response."""
    kind: str = ""
    """The content type of the response."""
    headers: dict[str, str] = {}
    """The other headers of the response, as far as they do not describe its transfer."""
    layout: str = ""
    """The layout of a JSON body that is not compact; see runtime/json_layout.py."""
    response_body: Any = None
    """Like request_body; if status is 0 the error, "ReadTimeout: timed out", by its class in httpx."""


class ToolResult(Event, frozen=True, kw_only=True, tag="result"):
    """The result of a call."""

    tool: str
    outcome: CallOutcome = "ok"
    value: Any = None
    """Plain data as the tool returned it, before any after_tool policy."""
    changed: list[WorldChange] = []
    """Changes that the call made in the world."""
    output: str = ""
    """The text that the body printed."""
    raw: str = ""
    """The exact text of the result in an imported log, if it is not that of `value`."""


class Reply(Event, frozen=True, kw_only=True, tag="reply"):
    """The text sent to the customer, after the policies."""

    text: str | list[str]  # a list of lines in a file only


class HandedOff(Event, frozen=True, kw_only=True, tag="handoff"):
    """The conversation was handed off to a human; `by` is "model" or the name of the policy that escalated."""

    reason: str
    by: str = "model"


class Fault(Event, frozen=True, kw_only=True, tag="fault"):
    """An exception in journey code, or a failure of a system."""

    origin: str
    """tool | policy | condition | journey | model | worker"""
    name: str
    message: str
    where: str = ""
    """The "file:line" of the innermost journey frame, or ""."""
    traceback: list[str] = []
    """The journey frames, outermost first."""


class TurnEnded(Event, frozen=True, kw_only=True, tag="end"):
    """The reason the turn ended."""

    reason: EndReason
    detail: str = ""


AnyEvent = (
    UserMessage
    | JourneyEntered
    | Prompt
    | Answer
    | PartialAnswer
    | PolicyDecision
    | HttpExchange
    | ToolResult
    | Reply
    | HandedOff
    | Fault
    | TurnEnded
)
