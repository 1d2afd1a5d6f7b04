"""Asks policies and conditions, and records what they decide.

All policies of a hook are asked, also after one has blocked. A policy that
fails blocks, with a fault before its decision.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import msgspec

from ..authoring.policy import Policy, Rewrite, Ruling
from ..authoring.tool import Condition, Tool
from ..authoring.views import CallView, Talk
from ..plain import plain, settled
from ..trace.events import Decision
from ..trace.step_id import Place
from .availability import Offer, offer
from .conversation import Conversation
from .faults import CODE_ERRORS, describe, fault_at


@dataclass(frozen=True, slots=True)
class Stop:
    """The decision that stops a message, call or reply, and what the customer is sent instead."""

    decision: Decision
    say: str = ""

    @property
    def escalated(self) -> bool:
        return self.decision.verdict == "escalate"

    @property
    def reason(self) -> str:
        return self.decision.reason

    @property
    def policy(self) -> str:
        return self.decision.policy


class Policies:
    """Asks the policies of one conversation. `offer` is what was available when it last looked."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.agent = conversation.agent
        self.state = conversation.state
        self.emit = conversation.emit
        self.offer = Offer()

    def look_around(self, place: Place) -> None:
        """Find what is available now: conditions, if there are any, are asked before every answer."""
        offers = self.agent.kept.setdefault("offers", {})  # by journey, where no condition can change it
        known = offers.get(self.state.journey)
        if known is not None:
            self.offer = known
            return

        def holds(thing: Any, condition: Condition, talk: Talk) -> bool:
            try:
                held = condition(talk)
                if held.__class__ is not bool and inspect.isawaitable(held):
                    getattr(held, "close", bool)()
                    raise TypeError("a condition is a plain function, and this one is async")
                return bool(held)
            except CODE_ERRORS as error:
                self.emit(fault_at(place, "condition", getattr(thing, "name", "?"), error))
                return isinstance(thing, Policy)  # a policy whose condition fails is asked: fail closed

        self.offer = offer(self.agent, self.state.journey, Talk(self.state), holds)
        if not self.offer.conditional:
            offers[self.state.journey] = self.offer

    async def judge_message(self, place: Place, text: str) -> Stop | None:
        """Judge the customer's message. An escalation hands off at once; a block says the first words given."""
        said, stop = "", None
        for policy in self.offer.standing("message"):
            decision, say = await self._ask(policy, place, message=text)
            if decision.verdict == "rewrite":
                text = str(decision.to)
            elif decision.verdict == "escalate":
                self.conversation.hand_off(place, decision.reason, decision.policy, say)
                stop = Stop(decision, say)
            elif decision.verdict == "block":
                said = said or say
                stop = stop or Stop(decision)
        return stop if stop is None or stop.escalated else Stop(stop.decision, said)

    async def judge_reply(self, place: Place, text: str) -> tuple[str, Stop | None]:
        """Judge a reply; returns the text to send, and what stops it (an escalation before a block)."""
        stop: Stop | None = None
        for policy in self.offer.standing("reply"):
            decision, say = await self._ask(policy, place, reply=text)
            if decision.verdict == "rewrite":
                text = str(decision.to)
            else:
                stop = _stronger(stop, decision, say)
        return text, stop

    async def judge_call(
        self, place: Place, tool: Tool, args: dict[str, Any]
    ) -> tuple[dict[str, Any], Stop | None]:
        """Judge a call; returns the arguments to run with, and what stops it (an escalation before a block)."""
        stop: Stop | None = None
        for policy in self.offer.standing("before", tool):
            decision, say = await self._ask(policy, place, tool, call=CallView(tool.name, args))
            if decision.verdict == "rewrite":
                args = decision.to
            else:
                stop = _stronger(stop, decision, say)
        return args, stop

    async def judge_result(self, place: Place, tool: Tool, args: dict[str, Any], value: Any) -> Stop | None:
        """Judge the result of a call; returns the first escalation."""
        stop: Stop | None = None
        for policy in self.offer.standing("after", tool):
            call = CallView(tool.name, args)
            decision, say = await self._ask(policy, place, call=call, result=tool.decode(value))
            if decision.verdict == "rewrite":
                value = decision.to
            elif decision.verdict == "escalate":
                stop = stop or Stop(decision, say)
        return stop

    async def _ask(
        self, policy: Policy, place: Place, tool: Tool | None = None, **offered: Any
    ) -> tuple[Decision, str]:
        """Ask one policy and record its decision; returns also what it says to the customer."""
        talk = Talk(self.state)
        offered["talk"] = talk
        ruling: Ruling | None = None
        try:
            said = policy.fn(**{name: offered[name] for name in policy.wants})
            if said is not None and not isinstance(said, Ruling):
                said = await said if inspect.isawaitable(said) else said
            if said is not None and not isinstance(said, Ruling):
                raise TypeError(f"it returned {said!r:.60}, not Allow, Block, Rewrite, Escalate or nothing")
            ruling = said
            decision = _decision(policy, place, ruling, talk)
            if decision.verdict == "rewrite" and policy.stand == "before":
                unfit = "not a dict"
                if tool is not None and isinstance(decision.to, dict):
                    unfit = self.offer.unfit(tool, decision.to)
                if unfit:
                    raise TypeError(f"its rewritten arguments do not fit: {unfit}")
        except CODE_ERRORS as error:
            ruling = None
            self.emit(fault_at(place, "policy", policy.full_name, error, policy.source))
            decision = _decision(policy, place, None, talk, fault=describe(error))
        self.conversation.trace.exhibits.setdefault(decision.version, policy.card)
        self.emit(decision)
        return decision, getattr(ruling, "say", "")


def _stronger(stop: Stop | None, decision: Decision, say: str) -> Stop | None:
    """The first block, or the first escalation if there is one."""
    if decision.verdict == "escalate" and (stop is None or not stop.escalated):
        return Stop(decision, say)
    if decision.verdict == "block" and stop is None:
        return Stop(decision, say)
    return stop


def _decision(policy: Policy, place: Place, ruling: Ruling | None, talk: Talk, fault: str = "") -> Decision:
    evidence = {} if ruling is None else {k: _plain(v) for k, v in ruling.evidence.items()}
    if talk.looked:
        evidence["looked at"] = list(dict.fromkeys(talk.looked))
    return Decision(
        turn=place.turn,
        answer=place.answer,
        call=place.call,
        policy=policy.full_name,
        stand=policy.stand,
        verdict="block" if fault else (ruling.verdict if ruling else "allow"),  # type: ignore[arg-type]
        reason=f"the policy failed: {fault}" if fault else (ruling.reason if ruling else ""),
        to=_recordable(ruling.to) if isinstance(ruling, Rewrite) else None,
        evidence=evidence,
        version=policy.version,
        fault=bool(fault),
    )


def _plain(value: Any) -> Any:
    try:
        return _recordable(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)[:200]


def _recordable(value: Any) -> Any:
    """Plain data that a file can hold; raises TypeError or ValueError, in the policy that rewrites to it."""
    made = plain(settled(value))
    msgspec.json.encode(made)
    return made
