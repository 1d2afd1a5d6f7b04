"""The steps of a conversation: frozen values, one tagged union.

Every step has a place: (turn, answer, call). Turns, answers and calls count
from 1; answer 0 is the customer's message of that turn, call 0 is the answer
itself (so also its reply). A place never moves when a policy step is added.

    UserMessage   what the customer wrote
    Entered       a journey was entered
    Prompt        what the model is sent from here on: hashes of spans and schemas
    Answer        what the model answered, raw blocks kept as received
    Decision      what one policy said about a message, a call, a result or a reply
    Exchange      one request of a tool to a system outside, and what came back
    Result        what a call came to, and what it changed in the world
    Reply         what the customer was sent
    HandOff       a person takes over
    Fault         journey code, or a system, went wrong
    TurnEnd       why the turn ended
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..plain import cached
from .step_id import StepId

Effect = Literal["allow", "block", "rewrite", "escalate"]
Hook = Literal["on_message", "before_tool", "after_tool", "before_reply"]
CallOutcome = Literal[
    "ok",  # the body ran and gave a value
    "error",  # the body said no (ToolError), in words the model may read
    "rejected",  # the arguments do not fit the schema
    "absent",  # there is no such tool, or it is not on offer here
    "blocked",  # a policy stopped it
    "fault",  # the body broke
    "missing",  # the tape holds no result for it
]
EndReason = Literal[
    "replied",  # the customer has an answer
    "handed_off",  # a person has the conversation
    "message_blocked",  # a policy stopped the customer's message
    "limit",  # answers, tokens or seconds ran out
    "model_error",  # the model's server gave no usable answer
    "interrupted",  # the engineer stopped it
    "killed",  # the worker overran its deadline or died
    "tape_ended",  # the recording holds no further answer
]


class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="event"
):
    """What all steps share: where they stand."""

    turn: int
    answer: int = 0
    call: int = 0

    @property
    def step_id(self) -> StepId:
        return StepId(self.turn, self.answer, self.call)


class UserMessage(Event, frozen=True, kw_only=True, tag="user"):
    text: str | list[str]  # a list of lines in a file only


class JourneyEntered(Event, frozen=True, kw_only=True, tag="entered"):
    """A journey was entered; `before` is the one that was left, or ""."""

    journey: str
    before: str = ""


class Unavailable(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that was not on offer: `kind` journey | tool | policy, and the condition that hid it."""

    kind: str
    name: str
    condition: str
    source: str = ""


class Prompt(Event, frozen=True, kw_only=True, tag="prompt"):
    """What the model is sent besides the messages; stands until the next Prompt.

    `spans` and `tools` are hashes of exhibits in the same trace. Messages are
    not stored: they follow from the steps before.
    """

    sections: list[str]
    tools: list[str]
    model: str = ""
    params: dict[str, Any] = {}
    journeys: list[str] = []
    policies: list[str] = []
    hidden: list[Unavailable] = []


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an answer cost. Volatile: never saved in a transcript. Tokens, dollars, seconds."""

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: float | None = None
    seconds: float = 0.0
    request_id: str = ""
    server: str = ""  # who answered: its host, with the port where that is not the usual one


class CallRequest(msgspec.Struct, frozen=True):
    """One tool call as the model asked for it; `number` counts from 1 within its answer."""

    number: int
    id: str
    tool: str
    args: dict[str, Any]
    error: str = ""


class Answer(Event, frozen=True, kw_only=True, dict=True, tag="answer"):
    """One answer of the model: provider blocks verbatim, and why it stopped."""

    blocks: list[dict[str, Any]]
    stop: str = "end_turn"
    model: str = ""
    usage: Usage | None = None

    @cached
    def calls(self) -> list[CallRequest]:
        """The tool calls of this answer, in order."""
        asked = [block for block in self.blocks if block.get("type") == "tool_use"]
        return [_call(number, block) for number, block in enumerate(asked, 1)] if asked else []

    @cached
    def text(self) -> str:
        """The words of this answer, without its thinking."""
        return "\n".join(b["text"] for b in self.blocks if b.get("type") == "text" and b.get("text"))

    @cached
    def thinking(self) -> str:
        return "\n".join(
            b.get("thinking") or "(redacted by the provider)"
            for b in self.blocks
            if b.get("type") in ("thinking", "redacted_thinking")
        )


def _call(number: int, block: dict[str, Any]) -> CallRequest:
    args, broken = block.get("input"), ""
    if not isinstance(args, dict):
        args, broken = {}, "the arguments are not a JSON object"
    return CallRequest(number, str(block.get("id") or ""), str(block.get("name") or ""), args, broken)


class PolicyDecision(Event, frozen=True, kw_only=True, tag="decision"):
    """What one policy said. `to` is the new value of a rewrite.

    `version` is the hash of the policy's card (rule, why, source), an exhibit of
    the same trace. `evidence` is what it looked at. `fault` says that the policy
    itself failed and therefore blocked.
    """

    policy: str
    hook: Hook
    effect: Effect = "allow"
    reason: str = ""
    replacement: Any = None
    evidence: dict[str, Any] = {}
    version: str = ""
    fault: bool = False


class WorldChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One difference in the world: a path of keys, and the plain values before and after.

    An absent side means that there was nothing there.
    """

    path: list[str | int]
    before: Any = msgspec.UNSET
    after: Any = msgspec.UNSET


class HttpExchange(Event, frozen=True, kw_only=True, tag="exchange"):
    """One HTTP request that a call's tool made with the client it was handed, and the response.

    `number` counts from 1 within the call. `sent` and `got` are the bodies: JSON
    parsed, text as it is, other bytes as {"base64": ...}, nothing as None.
    `kind` is the response's content type; `status` 0 is no response, `got` the error.
    """

    number: int
    method: str
    url: str
    request_body: Any = None
    status: int = 0
    kind: str = ""
    response_body: Any = None


class ToolResult(Event, frozen=True, kw_only=True, tag="result"):
    """What a call came to. `value` is plain data, before any policy after the tool."""

    tool: str
    outcome: CallOutcome = "ok"
    value: Any = None
    changed: list[WorldChange] = []
    output: str = ""


class Reply(Event, frozen=True, kw_only=True, tag="reply"):
    """What the customer was sent, after the policies."""

    text: str | list[str]  # a list of lines in a file only


class HandOff(Event, frozen=True, kw_only=True, tag="handoff"):
    """A person takes over. `by` is "model" or the name of the policy that escalated."""

    reason: str
    by: str = "model"


class Fault(Event, frozen=True, kw_only=True, tag="fault"):
    """Something broke. `origin`: tool | policy | condition | journey | model | worker."""

    origin: str
    name: str
    message: str
    where: str = ""
    traceback: list[str] = []


class TurnEnded(Event, frozen=True, kw_only=True, tag="end"):
    reason: EndReason
    detail: str = ""


AnyEvent = (
    UserMessage
    | JourneyEntered
    | Prompt
    | Answer
    | PolicyDecision
    | HttpExchange
    | ToolResult
    | Reply
    | HandOff
    | Fault
    | TurnEnded
)
