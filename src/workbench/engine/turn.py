"""The engine: the only place that decides the order of things in a turn.

A turn: the customer's message, the policies on it, then answers of the model
until one is a reply that stands. Calls of one answer are judged and run one
after the other, so that a policy sees what its elder sibling did; a block stops
that one call. What differs between a live conversation, a re-run and a replay
is only which Model and which Runner are handed in.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..authoring.builtin import ENTER, HAND_OFF, LOOK_UP
from ..authoring.tool import Tool
from ..authoring.views import Talk
from ..errors import ModelStopped
from ..trace.events import (
    Answer,
    Call,
    EndReason,
    Entered,
    Fault,
    Hidden,
    Prompt,
    Reply,
    Result,
    TurnEnd,
    UserMessage,
)
from ..trace.step_id import Place
from .availability import Offer
from .builtin_tools import built_in_tools
from .conversation import Conversation, OnDelta
from .model import Model, ModelRequest, unseen
from .policies import Policies
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
        self.policies = Policies(conversation)

    @property
    def offer(self) -> Offer:
        return self.policies.offer

    async def run(self, text: str) -> TurnEnd:
        self.emit(UserMessage(turn=self.number, text=text))
        if self.state.handed_off:
            return self._end("handed_off", "a person has this conversation")
        if len(self.agent.journeys) == 1 and not self.state.journey:
            self.emit(Entered(turn=self.number, journey=next(iter(self.agent.journeys))))
        place = Place(self.number)
        self.policies.look_around(place)
        stop = await self.policies.judge_message(place, text)
        if stop is not None:
            if stop.say and not stop.escalated:
                self.emit(Reply(turn=self.number, text=stop.say))
            return self._end("handed_off" if stop.escalated else "message_blocked", stop.reason)
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

    # one answer

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
            self.policies.look_around(place)
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
        text, stop = await self.policies.judge_reply(place, text)
        if stop is not None:
            if not stop.escalated:
                return None
            self.conversation.hand_off(place, stop.reason, stop.policy, stop.say)
            return self._end("handed_off", stop.reason)
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
        refused = refused or self.offer.unfit(tool, call.args)
        if refused:
            self._result(place, call.tool, Ran("rejected", refused))
            return False
        args, stop = await self.policies.judge_call(place, tool, call.args)
        if stop is not None:
            words = "handed to a person" if stop.escalated else "blocked by policy"
            self._result(place, tool.name, Ran("blocked", f"{words}: {stop.reason}"))
            if stop.escalated:
                self.conversation.hand_off(place, stop.reason, stop.policy, stop.say)
            return stop.escalated
        if tool.name == ENTER:
            return self._enter(place, args)
        if tool.name == HAND_OFF:
            self._result(place, HAND_OFF, Ran("ok", "handed to a person"))
            self.conversation.hand_off(place, str(args.get("reason", "")), "model")
            return True
        ran = await self.runner.run(tool, args, place)
        for exchange in ran.exchanges:
            self.emit(exchange)
        if ran.fault is not None:
            self.emit(ran.fault)
        self._result(place, tool.name, ran)
        if ran.outcome == "ok":  # what a tool says when it refuses has not the type its policies expect
            stop = await self.policies.judge_result(place, tool, args, ran.value)
            if stop is not None:
                self.conversation.hand_off(place, stop.reason, stop.policy, stop.say)
                return True
        if tool.hands_off and ran.outcome == "ok":
            self.conversation.hand_off(place, str(args.get("reason") or args.get("summary") or ""), tool.name)
            return True
        return False

    def _built_in(self, name: str) -> Tool | None:
        known = {
            ENTER: len(self.agent.journeys) > 1,
            HAND_OFF: self.agent.hands_off,
            LOOK_UP: bool(self.agent.knowledge),
        }
        return built_in_tools(self.agent)[name] if known.get(name) else None

    def _not_on_offer(self, name: str) -> str:
        for tool in self.agent.all_tools():
            if tool.name == name and tool.journey and tool.journey != self.state.journey:
                return f"{name} belongs to the journey {tool.journey}: enter it first"
            if tool.name == name:
                return f"{name} is not on offer now"
        return f"there is no tool named {name}"

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


def _apart(prompt: Prompt) -> tuple[Any, ...]:
    """A prompt without its place: what must differ for a new one to be recorded."""
    return (
        prompt.spans, prompt.tools, prompt.model, prompt.params,
        prompt.journeys, prompt.policies, prompt.hidden,
    )  # fmt: skip
