"""The engine: the only place that decides the order of things in a turn.

A turn: the customer's message, the policies on it, then answers of the model
until one is a reply that stands. Calls of one answer are judged and run one
after the other, so that a policy sees what its elder sibling did; a block stops
that one call. What differs between a live conversation, a re-run and a replay
is only which Model and which Runner are handed in.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import msgspec

from ..authoring.builtin import ENTER, HAND_OFF, LOOK_UP
from ..authoring.policy import Policy, Rewrite, Ruling
from ..authoring.tool import BadArguments, Tool
from ..authoring.views import CallView, Talk
from ..errors import ModelStopped
from ..plain import plain, settled
from ..source import fault_place
from ..trace.events import (
    Answer,
    Call,
    Decision,
    EndReason,
    Entered,
    Fault,
    HandOff,
    Hidden,
    Prompt,
    Reply,
    Result,
    TurnEnd,
    UserMessage,
)
from ..trace.step_id import Place
from .availability import Offer, offer
from .builtin_tools import _built_in_tools
from .conversation import Conversation, OnDelta
from .faults import CODE_ERRORS, describe
from .model import Model, ModelRequest, unseen
from .prompt import Sheet, assemble
from .sandbox import Ran, Runner


async def run_turn(
    conversation: Conversation, text: str, model: Model, runner: Runner, on_delta: OnDelta | None = None
) -> TurnEnd:
    """Run one turn to its end and return how it ended. All that happens is on the trace."""
    end = await _Turn(conversation, model, runner, on_delta).run(text)
    conversation.emit(end)
    return end


class _Turn:
    def __init__(self, conversation: Conversation, model: Model, runner: Runner, on_delta: OnDelta | None) -> None:
        self.conversation = conversation
        self.agent = conversation.agent
        self.state = conversation.state
        self.emit = conversation.emit
        self.model = model
        self.runner = runner
        self.on_delta = on_delta
        self.number = self.state.turn + 1
        self.tokens = 0
        self.offer = Offer()

    async def run(self, text: str) -> TurnEnd:
        self.emit(UserMessage(turn=self.number, text=text))
        if self.state.handed_off:
            return self._end("handed_off", "a person has this conversation")
        if len(self.agent.journeys) == 1 and not self.state.journey:
            self.emit(Entered(turn=self.number, journey=next(iter(self.agent.journeys))))
        end = await self._judge_message(text)
        if end is not None:
            return end
        limits = self.agent.limits
        for number in range(1, limits.answers + 1):
            if self.tokens > limits.tokens:
                return self._end("limit", f"{self.tokens:,} tokens; the limit is {limits.tokens:,}")
            end = await self._answer(Place(self.number, number))
            if end is not None:
                return end
        return self._end("limit", f"{limits.answers} answers without a reply that stands")

    def _end(self, reason: EndReason, detail: str = "") -> TurnEnd:
        return TurnEnd(turn=self.number, reason=reason, detail=detail)

    # the customer's message

    async def _judge_message(self, text: str) -> TurnEnd | None:
        place = Place(self.number)
        self._look_around(place)
        said, end = "", None
        for policy in self.offer.standing("message"):
            ruling, decision = await self._ask(policy, place, message=text)
            if decision.verdict == "rewrite":
                text = str(decision.to)
            elif decision.verdict == "escalate":
                self._hand_off(place, decision.reason, decision.policy, getattr(ruling, "say", ""))
                end = self._end("handed_off", decision.reason)
            elif decision.verdict == "block":
                said = said or getattr(ruling, "say", "")
                end = end or self._end("message_blocked", decision.reason)
        if end is not None and end.reason == "message_blocked" and said:
            self.emit(Reply(turn=self.number, text=said))
        return end

    # one answer

    def _look_around(self, place: Place) -> None:
        """What is on offer now: conditions, where there are any, are asked again before every answer."""
        offers = self.agent.kept.setdefault("offers", {})  # by journey, where no condition can change it
        known = offers.get(self.state.journey)
        if known is not None:
            self.offer = known
            return

        def holds(thing: Any, condition: Any, talk: Talk) -> bool:
            try:
                held = condition(talk)
                if held.__class__ is not bool and inspect.isawaitable(held):
                    getattr(held, "close", bool)()
                    raise TypeError("a condition is a plain function, and this one is async")
                return bool(held)
            except CODE_ERRORS as error:
                self._fault(place, "condition", getattr(thing, "name", "?"), error, "")
                return isinstance(thing, Policy)  # a policy whose condition fails is asked: fail closed

        self.offer = offer(self.agent, self.state.journey, Talk(self.state), holds)
        if not self.offer.conditional:
            offers[self.state.journey] = self.offer

    def _prompt(self, place: Place) -> Sheet:
        told, model = self.conversation.told, (self.model.name, self.model.params)
        if told is not None and told[0] is self.offer and told[1] == model:
            return told[2]
        trace = self.conversation.trace
        sheet = assemble(self.agent, self.state.journey, self.offer, self.conversation.setup)
        prompt = Prompt(
            turn=place.turn,
            answer=place.answer,
            spans=sheet.span_keys,
            tools=sheet.tool_keys,
            model=self.model.name,
            params=self.model.params,
            journeys=[j.name for j in self.offer.journeys],
            policies=[p.full_name for p in self.offer.policies],
            hidden=[Hidden(*h) for h in self.offer.hidden],
        )
        last = self.state.prompt
        if last is None or _apart(last) != _apart(prompt):
            for key, exhibit in sheet.exhibits.items():  # in order: the same transcript is the same bytes
                trace.exhibits.setdefault(key, exhibit)
            self.emit(prompt)
        self.conversation.told = self.offer, model, sheet
        return sheet

    async def _answer(self, place: Place) -> TurnEnd | None:
        """Ask the model once and do what it says. None: the turn goes on."""
        if place.answer > 1:
            self._look_around(place)
        sheet = self._prompt(place)
        try:
            answer = await self._ask_model(place, sheet)
        except ModelStopped as stop:
            if stop.reason == "model_error":
                self.emit(
                    Fault(
                        turn=place.turn, answer=place.answer, origin="model",
                        name=self.model.name, message=stop.message, where=stop.where,
                    )
                )  # fmt: skip
            return self._end(stop.reason, stop.message)  # type: ignore[arg-type]
        self.tokens += answer.meter.tokens_out if answer.meter else 0
        self.emit(answer)
        calls = answer.calls
        if calls:
            handed = False
            for call in calls:
                cut = answer.stop == "max_tokens" and call is calls[-1]
                handed = await self._call(Place(place.turn, place.answer, call.number), call, cut) or handed
            return self._end("handed_off") if handed else None
        if answer.stop == "pause_turn":
            return None
        return await self._reply(place, answer)

    async def _ask_model(self, place: Place, sheet: Sheet) -> Answer:
        request = ModelRequest(
            place.turn, place.answer, sheet.spans, self.state.thread, sheet.tools, Talk(self.state)
        )
        show = unseen if self.on_delta is None else partial(self.on_delta, place)
        answer = await self.model.answer(request, show)
        if isinstance(answer, Answer):
            return answer
        return Answer(
            turn=place.turn, answer=place.answer,
            blocks=answer.blocks, stop=answer.stop, model=answer.model, meter=answer.meter,
        )  # fmt: skip

    async def _reply(self, place: Place, answer: Answer) -> TurnEnd | None:
        text = answer.text
        if not text.strip():
            why = "the model refused" if answer.stop == "refusal" else "the answer held no words and no call"
            return self._end("model_error", f"{why} (stop reason {answer.stop})")
        blocked = False
        escalated: tuple[Decision, str] | None = None
        for policy in self.offer.standing("reply"):
            ruling, decision = await self._ask(policy, place, reply=text)
            if decision.verdict == "rewrite":
                text = str(decision.to)
            elif decision.verdict == "block":
                blocked = True
            elif decision.verdict == "escalate":
                escalated = escalated or (decision, getattr(ruling, "say", ""))
        if escalated is not None:
            decision, say = escalated
            self._hand_off(place, decision.reason, decision.policy, say)
            return self._end("handed_off", decision.reason)
        if blocked:
            return None
        self.emit(Reply(turn=place.turn, answer=place.answer, text=text))
        return self._end("replied")

    # one call

    async def _call(self, place: Place, call: Call, cut: bool) -> bool:
        """Judge a call and, where it may, run it. True: a person has the conversation now."""
        refused = "the call was cut off by the token limit" if cut else call.broken
        tool = self.offer.tools.get(call.tool) or self._built_in(call.tool)
        if tool is None:
            self._result(place, call.tool, Ran("absent", self._not_on_offer(call.tool)))
            return False
        refused = refused or self._unfit(tool, call.args)
        if refused:
            self._result(place, call.tool, Ran("rejected", refused))
            return False
        args, ruling, decision = await self._judge_call(place, tool, call.args)
        if decision is not None:
            escalated = decision.verdict == "escalate"
            words = (
                f"handed to a person: {decision.reason}" if escalated else f"blocked by policy: {decision.reason}"
            )
            self._result(place, tool.name, Ran("blocked", words))
            if escalated:
                self._hand_off(place, decision.reason, decision.policy, getattr(ruling, "say", ""))
            return escalated
        if tool.name == ENTER:
            return self._enter(place, args)
        if tool.name == HAND_OFF:
            self._result(place, HAND_OFF, Ran("ok", "handed to a person"))
            self._hand_off(place, str(args.get("reason", "")), "model", "")
            return True
        ran = await self.runner.run(tool, args, place)
        for exchange in ran.exchanges:
            self.emit(exchange)
        if ran.fault is not None:
            self.emit(ran.fault)
        self._result(place, tool.name, ran)
        if ran.outcome == "ok":  # what a tool says when it refuses has not the type its policies expect
            decision, say = await self._judge_result(place, tool, args, ran.value)
            if decision is not None:
                self._hand_off(place, decision.reason, decision.policy, say)
                return True
        if tool.hands_off and ran.outcome == "ok":
            self._hand_off(place, str(args.get("reason") or args.get("summary") or ""), tool.name, "")
            return True
        return False

    async def _judge_call(
        self, place: Place, tool: Tool, args: dict[str, Any]
    ) -> tuple[dict[str, Any], Ruling | None, Decision | None]:
        """The arguments to run with, and the decision that stops it (an escalation before a block)."""
        stopped: tuple[Ruling | None, Decision] | None = None
        for policy in self.offer.standing("before", tool):
            ruling, decision = await self._ask(policy, place, tool, call=CallView(tool.name, args))
            if decision.verdict == "rewrite":
                args = decision.to
            elif decision.verdict != "allow" and (
                stopped is None or (decision.verdict == "escalate" and stopped[1].verdict == "block")
            ):
                stopped = (ruling, decision)
        return (args, *stopped) if stopped else (args, None, None)

    async def _judge_result(
        self, place: Place, tool: Tool, args: dict[str, Any], value: Any
    ) -> tuple[Decision | None, str]:
        escalation: tuple[Decision | None, str] = (None, "")
        for policy in self.offer.standing("after", tool):
            call = CallView(tool.name, args)
            ruling, decision = await self._ask(policy, place, call=call, result=tool.decode(value))
            if decision.verdict == "rewrite":
                value = decision.to
            elif decision.verdict == "escalate" and escalation[0] is None:
                escalation = (decision, getattr(ruling, "say", ""))
        return escalation

    def _built_in(self, name: str) -> Tool | None:
        known = {
            ENTER: len(self.agent.journeys) > 1,
            HAND_OFF: self.agent.hands_off,
            LOOK_UP: bool(self.agent.knowledge),
        }
        return _built_in_tools(self.agent)[name] if known.get(name) else None

    def _not_on_offer(self, name: str) -> str:
        for tool in self.agent.all_tools():
            if tool.name == name and tool.journey and tool.journey != self.state.journey:
                return f"{name} belongs to the journey {tool.journey}: enter it first"
            if tool.name == name:
                return f"{name} is not on offer now"
        return f"there is no tool named {name}"

    def _unfit(self, tool: Tool, args: dict[str, Any]) -> str:
        try:
            tool.fit(args)
        except BadArguments as error:
            return f"bad arguments for {tool.name}: {error}"
        if tool.name == ENTER and args["journey"] not in [j.name for j in self.offer.journeys]:
            return f"there is no journey named {args['journey']!r} on offer"
        return ""

    def _enter(self, place: Place, args: dict[str, Any]) -> bool:
        journey = self.agent.journeys[args["journey"]]
        self._result(place, ENTER, Ran("ok", f"entered {journey.name}: {journey.goal}"))
        self.emit(
            Entered(
                turn=place.turn, answer=place.answer, call=place.call,
                journey=journey.name, before=self.state.journey,
            )
        )  # fmt: skip
        return False

    def _result(self, place: Place, tool: str, ran: Ran) -> None:
        self.emit(
            Result(
                turn=place.turn, answer=place.answer, call=place.call, tool=tool,
                outcome=ran.outcome, value=ran.value, changed=ran.changed, printed=ran.printed,
            )
        )  # fmt: skip

    def _hand_off(self, place: Place, reason: str, by: str, say: str) -> None:
        if self.state.handed_off:
            return
        turn, answer, call = place
        self.emit(HandOff(turn=turn, answer=answer, call=call, reason=reason, by=by))
        text = say or self.agent.hand_off_text
        if text:
            self.emit(Reply(turn=turn, answer=answer, call=call, text=text))

    # policies

    async def _ask(
        self, policy: Policy, place: Place, tool: Tool | None = None, **offered: Any
    ) -> tuple[Ruling | None, Decision]:
        """Ask one policy and record what it said. One that fails blocks, with a fault before it."""
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
            decision = self._decision(policy, place, ruling, talk)
            if decision.verdict == "rewrite" and policy.stand == "before":
                unfit = self._unfit(tool, decision.to) if tool and isinstance(decision.to, dict) else "not a dict"
                if unfit:
                    raise TypeError(f"its rewritten arguments do not fit: {unfit}")
        except CODE_ERRORS as error:
            ruling = None
            self._fault(place, "policy", policy.full_name, error, policy.source)
            decision = self._decision(policy, place, None, talk, fault=describe(error))
        self.conversation.trace.exhibits.setdefault(decision.version, policy.card)
        self.emit(decision)
        return ruling, decision

    def _decision(
        self, policy: Policy, place: Place, ruling: Ruling | None, talk: Talk, fault: str = ""
    ) -> Decision:
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

    def _fault(self, place: Place, origin: str, name: str, error: BaseException, source: str) -> None:
        where, frames = fault_place(error, source)
        self.emit(
            Fault(
                turn=place.turn, answer=place.answer, call=place.call, origin=origin,
                name=name, message=describe(error), where=where, trace=frames,
            )
        )  # fmt: skip


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


def _apart(prompt: Prompt) -> tuple[Any, ...]:
    """A prompt without its place: what must differ for a new one to be recorded."""
    return (
        prompt.spans, prompt.tools, prompt.model, prompt.params,
        prompt.journeys, prompt.policies, prompt.hidden,
    )  # fmt: skip
