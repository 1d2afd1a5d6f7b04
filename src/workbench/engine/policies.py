"""Evaluate policies and conditions, and record the decisions.

All policies of a hook are called, even after one has blocked. A policy that
fails blocks (fail closed), and a fault is recorded before its decision.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import msgspec

from ..authoring.policy import Decision, Policy, Rewrite
from ..authoring.tool import Condition, Tool
from ..authoring.views import Conversation, ToolCall
from ..plain import fill_defaults, to_plain
from ..trace.events import PolicyDecision
from ..trace.step_id import StepId
from .availability import Availability, compute_availability
from .conversation import ConversationRun, OnDelta
from .faults import JOURNEY_EXCEPTIONS, describe_exception, fault_at
from .model import Delta


@dataclass(frozen=True, slots=True)
class Stop:
    """The decision that stops a message, call or reply, and the text for the customer."""

    decision: PolicyDecision
    reply: str = ""

    @property
    def escalated(self) -> bool:
        return self.decision.effect == "escalate"

    @property
    def reason(self) -> str:
        return self.decision.reason

    @property
    def policy(self) -> str:
        return self.decision.policy


class Policies:
    """Evaluates the policies of one conversation; `availability` is the result of the last update."""

    def __init__(self, conversation: ConversationRun, on_delta: OnDelta | None = None) -> None:
        self.conversation = conversation
        self.on_delta = on_delta  # receives the name of each policy before it is called
        self.agent = conversation.agent
        self.state = conversation.state
        self.emit = conversation.emit
        self.availability = Availability()

    def update_availability(self, step_id: StepId) -> None:
        """Update the availability: conditions, if there are any, are evaluated before every answer."""
        cache = self.agent.cache.setdefault("availability", {})  # by journey, if there is no condition
        known = cache.get(self.state.journey)
        if known is not None:
            self.availability = known
            return

        def holds(thing: Any, condition: Condition, conversation: Conversation) -> bool:
            try:
                held = condition(conversation)
                if held.__class__ is not bool and inspect.isawaitable(held):
                    getattr(held, "close", bool)()
                    raise TypeError("a condition is a plain function, and this one is async")
                return bool(held)
            except JOURNEY_EXCEPTIONS as error:
                self.emit(fault_at(step_id, "condition", getattr(thing, "name", "?"), error))
                return isinstance(thing, Policy)  # a policy whose condition fails is called: fail closed

        self.availability = compute_availability(self.agent, self.state.journey, Conversation(self.state), holds)
        if not self.availability.conditional:
            cache[self.state.journey] = self.availability

    async def judge_message(self, step_id: StepId, text: str) -> Stop | None:
        """Evaluate the policies on the customer's message.

        An escalation hands off at once; after a block the first reply given is sent.
        """
        said, stop = "", None
        for policy in self.availability.policies_at("on_message"):
            decision, say = await self._evaluate(policy, step_id, message=text)
            if decision.effect == "rewrite":
                text = str(decision.replacement)
            elif decision.effect == "escalate":
                self.conversation.hand_off(step_id, decision.reason, decision.policy, say)
                stop = Stop(decision, say)
            elif decision.effect == "block":
                said = said or say
                stop = stop or Stop(decision)
        return stop if stop is None or stop.escalated else Stop(stop.decision, said)

    async def judge_reply(self, step_id: StepId, text: str) -> tuple[str, Stop | None]:
        """Evaluate the policies on a reply; returns the text to send and what stops it (escalations first)."""
        stop: Stop | None = None
        for policy in self.availability.policies_at("before_reply"):
            decision, say = await self._evaluate(policy, step_id, reply=text)
            if decision.effect == "rewrite":
                text = str(decision.replacement)
            else:
                stop = _stronger(stop, decision, say)
        return text, stop

    async def judge_call(
        self, step_id: StepId, tool: Tool, args: dict[str, Any]
    ) -> tuple[dict[str, Any], Stop | None]:
        """Evaluate the policies on a call; returns the arguments and what stops it (escalations first)."""
        stop: Stop | None = None
        for policy in self.availability.policies_at("before_tool", tool):
            decision, say = await self._evaluate(policy, step_id, tool, call=ToolCall(tool.name, args))
            if decision.effect == "rewrite":
                args = decision.replacement
            else:
                stop = _stronger(stop, decision, say)
        return args, stop

    async def judge_result(self, step_id: StepId, tool: Tool, args: dict[str, Any], value: Any) -> Stop | None:
        """Evaluate the policies on a result; returns the first escalation."""
        stop: Stop | None = None
        for policy in self.availability.policies_at("after_tool", tool):
            call = ToolCall(tool.name, args)
            decision, say = await self._evaluate(policy, step_id, call=call, result=tool.decode_result(value))
            if decision.effect == "rewrite":
                value = decision.replacement
            elif decision.effect == "escalate":
                stop = stop or Stop(decision, say)
        return stop

    async def _evaluate(
        self, policy: Policy, step_id: StepId, tool: Tool | None = None, **offered: Any
    ) -> tuple[PolicyDecision, str]:
        """Call one policy and record its decision; returns also its reply to the customer."""
        if self.on_delta is not None:
            self.on_delta(step_id, Delta("policy", policy.full_name))
        conversation = Conversation(self.state)
        offered["conversation"] = conversation
        returned: Decision | None = None
        try:
            said = policy.fn(**{name: offered[name] for name in policy.parameters})
            if said is not None and not isinstance(said, Decision):
                said = await said if inspect.isawaitable(said) else said
            if said is not None and not isinstance(said, Decision):
                raise TypeError(f"it returned {said!r:.60}, not Allow, Block, Rewrite, Escalate or nothing")
            returned = said
            decision = _decision(policy, step_id, returned, conversation)
            if decision.effect == "rewrite" and policy.hook == "before_tool":
                unfit = "not a dict"
                if tool is not None and isinstance(decision.replacement, dict):
                    unfit = self.availability.unfit(tool, decision.replacement)
                if unfit:
                    raise TypeError(f"its rewritten arguments do not fit: {unfit}")
        except JOURNEY_EXCEPTIONS as error:
            returned = None
            self.emit(fault_at(step_id, "policy", policy.full_name, error, policy.source))
            decision = _decision(policy, step_id, None, conversation, fault=describe_exception(error))
        self.conversation.trace.blobs.setdefault(decision.version, policy.description)
        self.emit(decision)
        return decision, getattr(returned, "reply", "")


def _stronger(stop: Stop | None, decision: PolicyDecision, say: str) -> Stop | None:
    """Return the first block, or the first escalation if there is one."""
    if decision.effect == "escalate" and (stop is None or not stop.escalated):
        return Stop(decision, say)
    if decision.effect == "block" and stop is None:
        return Stop(decision, say)
    return stop


def _decision(
    policy: Policy, step_id: StepId, returned: Decision | None, conversation: Conversation, fault: str = ""
) -> PolicyDecision:
    evidence = {} if returned is None else {k: _plain(v) for k, v in returned.evidence.items()}
    if conversation.lookups:
        evidence["looked at"] = list(dict.fromkeys(conversation.lookups))
    return PolicyDecision(
        turn=step_id.turn,
        answer=step_id.answer,
        call=step_id.call,
        policy=policy.full_name,
        hook=policy.hook,
        effect="block" if fault else (returned.effect if returned else "allow"),  # type: ignore[arg-type]
        reason=f"the policy failed: {fault}" if fault else (returned.reason if returned else ""),
        replacement=_recordable(returned.replacement) if isinstance(returned, Rewrite) else None,
        evidence=evidence,
        version=policy.rule_hash,
        fault=bool(fault),
    )


def _plain(value: Any) -> Any:
    try:
        return _recordable(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)[:200]


def _recordable(value: Any) -> Any:
    """Return plain data that can be saved. Raises TypeError or ValueError, inside the rewriting policy."""
    made = to_plain(fill_defaults(value))
    msgspec.json.encode(made)
    return made
