"""The engine: the order of events in one turn, defined in this module only.

A turn is the customer's message, the policies on it, and model answers until one
is a reply that no policy blocks. The calls of one answer are judged and run one
after the other, so that a policy sees the results of earlier calls; a block
stops that one call. A live conversation, a rerun and a replay differ only in the
Model and the ToolRunner that are passed in.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ..authoring.builtin import ENTER, HAND_OFF, LOOK_UP
from ..authoring.policy import Escalate
from ..authoring.tool import Tool
from ..authoring.views import Conversation
from ..errors import NoAnswer
from ..trace.events import (
    Answer,
    CallRequest,
    EndReason,
    Fault,
    JourneyEntered,
    Prompt,
    Reply,
    ToolResult,
    TurnEnded,
    Unavailable,
    UserMessage,
)
from ..trace.step_id import StepId
from .availability import Availability
from .builtin_tools import built_in_tools
from .conversation import ConversationRun, OnDelta
from .limits import Meter
from .model import Model, ModelRequest, discard_delta
from .policies import Policies
from .prompt import AssembledPrompt, assemble
from .sandbox import ToolRun, ToolRunner


async def run_turn(
    conversation: ConversationRun, text: str, model: Model, runner: ToolRunner, on_delta: OnDelta | None = None
) -> TurnEnded:
    """Run one turn and return how it ended. Every event is appended to the trace."""
    end = await _Turn(conversation, model, runner, on_delta).run(text)
    conversation.emit(end)
    return end


class _Turn:
    def __init__(
        self, conversation: ConversationRun, model: Model, runner: ToolRunner, on_delta: OnDelta | None
    ) -> None:
        self.conversation = conversation
        self.agent = conversation.agent
        self.state = conversation.state
        self.emit = conversation.emit
        self.model = model
        self.runner = runner
        self.on_delta = on_delta
        self.number = self.state.turn + 1
        self.meter = Meter(self.agent.limits)
        self.policies = Policies(conversation, on_delta)

    @property
    def availability(self) -> Availability:
        return self.policies.availability

    async def run(self, text: str) -> TurnEnded:
        self.emit(UserMessage(turn=self.number, text=text))
        if self.state.handed_off:
            return self._end("handed_off", "this conversation was handed off to a human")
        if self.conversation.first_journey and not self.state.journey:
            self.emit(JourneyEntered(turn=self.number, journey=self.conversation.first_journey))
        step_id = StepId(self.number)
        self.policies.update_availability(step_id)
        stop = await self.policies.judge_message(step_id, text)
        if stop is not None:
            if stop.reply and not stop.escalated:
                self.emit(Reply(turn=self.number, text=stop.reply))
            return self._end("handed_off" if stop.escalated else "message_blocked", stop.reason)
        limits = self.agent.limits
        for number in range(1, limits.model_calls + 1):
            if self.meter.too_many_tokens:
                return self._end("limit", self.meter.too_many_tokens)
            end = await self._answer(StepId(self.number, number))
            if end is not None:
                return end
        return self._end("limit", f"{limits.model_calls} model calls without a final reply")

    def _end(self, reason: EndReason, detail: str = "") -> TurnEnded:
        return TurnEnded(turn=self.number, reason=reason, detail=detail)

    # one answer

    def _prompt(self, step_id: StepId) -> AssembledPrompt:
        made, model = self.conversation.last_prompt, (self.model.name, self.model.params)
        if made is not None and made[0] is self.availability and made[1] == model:
            return made[2]
        trace = self.conversation.trace
        assembled = assemble(self.agent, self.state.journey, self.availability, self.conversation.setup)
        prompt = Prompt(
            turn=step_id.turn,
            answer=step_id.answer,
            sections=assembled.section_hashes,
            tools=assembled.tool_keys,
            model=self.model.name,
            params=self.model.params,
            journeys=[j.name for j in self.availability.journeys],
            policies=[p.full_name for p in self.availability.policies],
            hidden=[Unavailable(*h) for h in self.availability.hidden],
        )
        last = self.state.prompt
        if last is None or _apart(last) != _apart(prompt):
            for key, blob in assembled.blobs.items():  # in order, so that the same transcript has the same bytes
                trace.blobs.setdefault(key, blob)
            self.emit(prompt)
        self.conversation.last_prompt = self.availability, model, assembled
        return assembled

    async def _answer(self, step_id: StepId) -> TurnEnded | None:
        """Request one answer and execute it. Returns None if the turn continues."""
        if step_id.answer > 1:
            self.policies.update_availability(step_id)
        assembled = self._prompt(step_id)
        try:
            answer = await self._ask_model(step_id, assembled)
        except NoAnswer as stop:
            if stop.reason == "model_error":
                self.emit(
                    Fault(
                        turn=step_id.turn, answer=step_id.answer, origin="model",
                        name=self.model.name, message=stop.message, where=stop.where,
                    )
                )  # fmt: skip
            return self._end(stop.reason, stop.message)  # type: ignore[arg-type]
        self.meter.add(answer.usage)
        if self.meter.too_late:
            return self._end("limit", self.meter.too_late)
        self.emit(answer)
        calls = answer.calls
        if calls:
            handed = False
            for call in calls:
                cut = answer.stop == "max_tokens" and call is calls[-1]
                handed = await self._call(StepId(step_id.turn, step_id.answer, call.number), call, cut) or handed
            return self._end("handed_off") if handed else None
        if answer.stop == "pause_turn":
            return None
        return await self._reply(step_id, answer)

    async def _ask_model(self, step_id: StepId, assembled: AssembledPrompt) -> Answer:
        request = ModelRequest(
            step_id.turn,
            step_id.answer,
            assembled.sections,
            self.state.thread,
            assembled.tools,
            Conversation(self.state),
        )
        show = discard_delta if self.on_delta is None else partial(self.on_delta, step_id)
        answer = await self.model.answer(request, show)
        if isinstance(answer, Answer):
            return answer
        return Answer(
            turn=step_id.turn, answer=step_id.answer,
            blocks=answer.blocks, stop=answer.stop, model=answer.model, usage=answer.usage,
        )  # fmt: skip

    async def _reply(self, step_id: StepId, answer: Answer) -> TurnEnded | None:
        text = answer.text
        if not text.strip():
            why = "the model refused" if answer.stop == "refusal" else "the answer was empty (no text, no call)"
            return self._end("model_error", f"{why} (stop reason {answer.stop})")
        text, stop = await self.policies.judge_reply(step_id, text)
        if stop is not None:
            if not stop.escalated:
                self.meter.blocked_replies += 1
                return self._fall_back(step_id) if self.meter.too_many_blocked else None
            self.conversation.hand_off(step_id, stop.reason, stop.policy, stop.reply)
            return self._end("handed_off", stop.reason)
        self.emit(Reply(turn=step_id.turn, answer=step_id.answer, text=text))
        return self._end("replied")

    def _fall_back(self, step_id: StepId) -> TurnEnded:
        """End a turn whose replies are blocked again and again: the agent's fallback takes their place."""
        fallback = self.agent.fallback
        if isinstance(fallback, Escalate):
            self.conversation.hand_off(step_id, fallback.reason, "fallback", fallback.reply)
            return self._end("handed_off", fallback.reason)
        if fallback:
            self.emit(Reply(turn=step_id.turn, answer=step_id.answer, text=fallback))
        return self._end("limit", self.meter.too_many_blocked)

    # one call

    async def _call(self, step_id: StepId, call: CallRequest, cut: bool) -> bool:
        """Judge a call and run it if allowed. Returns True after a hand-off."""
        refused = "the call was cut off by the token limit" if cut else call.error
        tool = self.availability.tools.get(call.tool) or self._built_in(call.tool)
        if tool is None:
            self._result(step_id, call.tool, ToolRun("absent", self._unavailable_text(call.tool)))
            return False
        refused = refused or self.availability.unfit(tool, call.args)
        if refused:
            self._result(step_id, call.tool, ToolRun("rejected", refused))
            return False
        args, stop = await self.policies.judge_call(step_id, tool, call.args)
        if stop is not None:
            words = "handed off to a human" if stop.escalated else "blocked by policy"
            self._result(step_id, tool.name, ToolRun("blocked", f"{words}: {stop.reason}"))
            if stop.escalated:
                self.conversation.hand_off(step_id, stop.reason, stop.policy, stop.reply)
            return stop.escalated
        if tool.name == ENTER:
            return self._enter(step_id, args)
        if tool.name == HAND_OFF:
            self._result(step_id, HAND_OFF, ToolRun("ok", "handed off to a human"))
            self.conversation.hand_off(step_id, str(args.get("reason", "")), "model")
            return True
        ran = await self.runner.run(tool, args, step_id)
        for exchange in ran.exchanges:
            self.emit(exchange)
        if ran.fault is not None:
            self.emit(ran.fault)
        self._result(step_id, tool.name, ran)
        if ran.outcome == "ok":  # a tool error does not have the type that policies expect
            stop = await self.policies.judge_result(step_id, tool, args, ran.value)
            if stop is not None:
                self.conversation.hand_off(step_id, stop.reason, stop.policy, stop.reply)
                return True
        if tool.hands_off and ran.outcome == "ok":
            self.conversation.hand_off(step_id, str(args.get("reason") or args.get("summary") or ""), tool.name)
            return True
        return False

    def _built_in(self, name: str) -> Tool | None:
        known = {
            ENTER: bool(self.agent.journeys),  # also the only one, which the first message has entered
            HAND_OFF: self.agent.allow_handoff,
            LOOK_UP: bool(self.agent.knowledge),
        }
        return built_in_tools(self.agent)[name] if known.get(name) else None

    def _unavailable_text(self, name: str) -> str:
        for tool in self.agent.all_tools():
            if tool.name == name and tool.journey and tool.journey != self.state.journey:
                return f"{name} belongs to the journey {tool.journey}: enter it first"
            if tool.name == name:
                return f"{name} is not available now"
        return f"there is no tool named {name}"

    def _enter(self, step_id: StepId, args: dict[str, Any]) -> bool:
        journey = self.agent.journeys[args["journey"]]
        self._result(step_id, ENTER, ToolRun("ok", f"entered {journey.name}: {journey.goal}"))
        self.emit(
            JourneyEntered(
                turn=step_id.turn, answer=step_id.answer, call=step_id.call,
                journey=journey.name, before=self.state.journey,
            )
        )  # fmt: skip
        return False

    def _result(self, step_id: StepId, tool: str, ran: ToolRun) -> None:
        self.emit(
            ToolResult(
                turn=step_id.turn, answer=step_id.answer, call=step_id.call, tool=tool,
                outcome=ran.outcome, value=ran.value, changed=ran.changed, output=ran.printed,
            )
        )  # fmt: skip


def _apart(prompt: Prompt) -> tuple[Any, ...]:
    """Return a prompt without its step id, to compare it with the previous one."""
    return (
        prompt.sections, prompt.tools, prompt.model, prompt.params,
        prompt.journeys, prompt.policies, prompt.hidden,
    )  # fmt: skip
