"""Today's policies put to a record, turn by turn."""

from __future__ import annotations

import asyncio
import copy
import inspect
import typing
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from .record import STOPPED, Deed, Place, Record, alike, asked, differs, effect, rewrite, spoken, words
from .talk import Talk, View

FROM_OUTSIDE = (*STOPPED, "model_error", "limit")
BUILT_IN = {"enter_journey": "journey", "hand_off": "reason", "look_up": "question"}


class Broken(Exception):
    """Today's code fails here: nothing it says counts."""


class Walk:
    """Today's policies put to a record. `deeds` is what they make of it, `prompts` what a model would read.

    `parted` is where and how they leave the record, or "".
    """

    def __init__(self, agent: Any, whole: dict[str, Any]) -> None:
        self.agent, self.record = agent, Record(whole)
        self.talk = Talk(whole["setup"])
        self.actions: dict[Place, Deed] = {}
        self.prompts: dict[tuple[int, int], Any] = {}
        self.parted, self.parted_at = "", (0, 0)
        for turn in self.record.answers:
            end = self._early(turn) if not turn else self._turn(turn)
            if not self.parted and turn:
                self._end(turn, end)
            if self.parted:
                break

    def _part(self, place: tuple[int, ...], why: str) -> None:
        if not self.parted:
            self.parted, self.parted_at = f"{'.'.join(map(str, place))}: {why}", place[:2]

    def _early(self, turn: int) -> str:
        """What an agent said and looked up before the first message is held fixed."""
        for step_id, deed in self.record.actions.items():
            if step_id[0] == turn:
                self.actions[step_id] = deed
                if deed.outcome:
                    self.talk.called(step_id, deed.tool, deed.raw_args, deed.outcome, deed.value)
                if deed.sent is not None:
                    self.talk.reply(deed.sent)
        return ""

    # a turn

    def _turn(self, turn: int) -> str:
        """How it ends today."""
        conversation, step_id = self.talk, (turn, 0, 0)
        deed = self.actions[step_id] = Deed("message", given=self.record.actions[step_id].raw_args)
        conversation.turn = turn
        conversation.hear(deed.raw_args)
        if conversation.handed_off:
            return "handed_off"
        if len(self.agent.journeys) == 1:
            conversation.journey = next(iter(self.agent.journeys))
        self._look_around()
        for _ in self._ask(deed, "message", None, deed.raw_args):
            conversation.user_messages[-1] = words(rewrite(deed, "message"))
            conversation.messages[-1] = ("user", conversation.user_messages[-1])
        stopped = effect(deed, "message")
        if stopped == "blocked" and deed.say["block"]:
            deed.sent = deed.say["block"]
            conversation.reply(deed.sent)
        if stopped == "escalated":
            self._hand_off(deed)
        self._compare(step_id)
        if stopped in ("blocked", "escalated"):
            return "message_blocked" if stopped == "blocked" else "handed_off"
        for number, answer in enumerate(self.record.answers[turn], 1):
            if number > self.agent.limits.answers or self.parted:
                return "limit"
            self._look_around(number > 1)
            self.prompts[turn, number] = self.agent.journeys.get(self.talk.journey), [*self.journeys.values()]
            end = self._calls(turn, number, answer) if asked(answer) else self._reply((turn, number, 0), answer)
            if end:
                return end
        recorded = self.record.ends.get(turn, "")
        return recorded if recorded in FROM_OUTSIDE else "tape_ended"

    def _end(self, turn: int, end: str) -> None:
        walked = max((p[1] for p in self.actions if p[0] == turn), default=0)
        recorded = self.record.ends.get(turn)
        if walked < len(self.record.answers[turn]):
            self._part((turn, walked + 1), f"it ended ({end}) before all answers were used")
        elif recorded is not None and recorded not in STOPPED and recorded != end:
            self._part((turn, walked), f"it ended {recorded}, and ends {end}")

    def _look_around(self, again: bool = True) -> None:
        """What is on offer: conditions are asked after the message, and before every answer but the first."""
        if not again:
            return
        here = self.agent.journeys.get(self.talk.journey)

        def on_offer(things: Any) -> list[Any]:
            return [thing for thing in things if thing.when is None or self._run(thing.when, self.talk)]

        self.journeys = {j.name: j for j in on_offer(self.agent.journeys.values())}
        tools = on_offer([*self.agent.tools.values(), *(here.tools.values() if here else ())])
        self.tools = {tool.name: tool for tool in tools}
        self.policies = on_offer([*self.agent.policies, *(here.policies if here else ())])

    def _run(self, code: Any, *given: Any, **named: Any) -> Any:
        """Today's code, on copies: whatever it does to them is its own affair."""
        try:
            given, named = copy.deepcopy((given, named))
            value = code(*given, **named)
            return asyncio.run(_finish(value)) if inspect.isawaitable(value) else value
        except Exception as error:
            raise Broken(f"{code.__name__}: {error!r}") from error

    # calls

    def _calls(self, turn: int, number: int, answer: dict[str, Any]) -> str:
        handed = False
        for call, block in enumerate(asked(answer), 1):
            step_id = (turn, number, call)
            cut = answer.get("stop") == "max_tokens" and call == len(asked(answer))
            deed = self.actions[step_id] = Deed("call", block.get("name", ""), block.get("input"))
            handed = self._call(step_id, deed, cut) or handed
            self._compare(step_id)
        return "handed_off" if handed else ""

    def _call(self, step_id: Place, deed: Deed, cut: bool) -> bool:
        """What becomes of a call. True: a person has the conversation."""
        conversation, built_in = self.talk, self._built_in(deed.tool)
        tool = self.tools.get(deed.tool) or built_in
        deed.outcome = "absent" if tool is None else "rejected" if cut or self._unfit(tool, deed.raw_args) else ""
        args = deed.raw_args if isinstance(deed.raw_args, dict) else {}
        if deed.outcome:
            conversation.called(step_id, deed.tool, args, deed.outcome, None)
            return False
        for _ in self._ask(deed, "before", tool, args):
            args = rewrite(deed, "before")
            if not isinstance(args, dict) or self._unfit(tool, args):
                raise Broken(f"{step_id}: its rewritten arguments do not fit")
        deed.args = args
        stopped = effect(deed, "before")
        if stopped in ("blocked", "escalated"):
            deed.outcome = "blocked"
            conversation.called(step_id, deed.tool, args, "blocked", None)
            return self._hand_off(deed) if stopped == "escalated" else False
        if built_in and deed.tool != "look_up":
            deed.outcome = "ok"
            conversation.called(step_id, deed.tool, args, "ok", None)
            if deed.tool == "enter_journey":
                conversation.journey = args["journey"]
            return deed.tool == "hand_off" and self._hand_off(deed)
        return self._result(step_id, deed, tool, args)

    def _result(self, step_id: Place, deed: Deed, tool: Any, args: dict[str, Any]) -> bool:
        then = self.record.actions[step_id]
        taped = then.outcome in ("ok", "error", "fault") and alike(self._then_args(then), args)
        deed.outcome, deed.value = (then.outcome, then.value) if taped else ("missing", None)
        call = self.talk.called(step_id, deed.tool, args, deed.outcome, deed.value)
        if deed.outcome != "ok":
            return False
        for verdict in self._ask(deed, "after", tool, deed.value, call=View(tool.name, args)):
            if call.ok and verdict == "rewrite":
                call.value = rewrite(deed, "after")
            elif verdict != "rewrite":  # withheld: a later policy does not give it back
                call.ok, call.outcome, call.value = False, "error", None
        return (effect(deed, "after") == "escalated" or tool.hands_off) and self._hand_off(deed)

    def _then_args(self, then: Deed) -> Any:
        changed = rewrite(then, "before", None)
        return changed if isinstance(changed, dict) else then.raw_args if isinstance(then.raw_args, dict) else {}

    def _built_in(self, name: str) -> Any:
        there = {
            "enter_journey": len(self.agent.journeys) > 1,
            "hand_off": self.agent.hands_off,
            "look_up": bool(self.agent.knowledge),
        }
        if not there.get(name):
            return None
        return SimpleNamespace(name=name, writes=False, hands_off=False, decode=lambda value: value)

    def _unfit(self, tool: Any, args: Any) -> bool:
        """Whether its schema refuses these arguments."""
        if not isinstance(args, dict):
            return True
        if isinstance(tool, SimpleNamespace):
            needs = BUILT_IN[tool.name]
            return args.keys() != {needs} or not (
                isinstance(args[needs], str) and (needs != "journey" or args[needs] in self.journeys)
            )
        hints = typing.get_type_hints(tool.fn, include_extras=True)
        open_ = {n: p for n, p in inspect.signature(tool.fn).parameters.items() if n not in tool.injected}
        if args.keys() - open_.keys() or any(p.default is p.empty and n not in args for n, p in open_.items()):
            return True
        try:
            for name, value in args.items():
                msgspec.convert(value, hints[name])
        except msgspec.ValidationError:
            return True
        return False

    # replies

    def _reply(self, step_id: Place, answer: dict[str, Any]) -> str:
        deed = self.actions[step_id] = Deed("reply", given=spoken(answer))
        if answer.get("stop") == "pause_turn" or not deed.raw_args.strip():
            self._compare(step_id)
            return "" if answer.get("stop") == "pause_turn" else "model_error"
        for _ in self._ask(deed, "reply", None, deed.raw_args):
            pass
        became = effect(deed, "reply")
        if became == "escalated":
            self._hand_off(deed)
        elif became != "blocked":
            deed.sent = words(rewrite(deed, "reply"))
            self.talk.reply(deed.sent)
        self._compare(step_id)
        return {"escalated": "handed_off", "blocked": ""}.get(became, "replied")

    def _hand_off(self, deed: Deed) -> bool:
        if not self.talk.handed_off:
            self.talk.handed_off = deed.handed = True
            deed.sent = deed.say.get("escalate") or self.agent.handoff_message or None
            if deed.sent:
                self.talk.reply(deed.sent)
        return True

    # policies

    def _ask(self, deed: Deed, hook: str, tool: Any, value: Any, **more: Any) -> Iterator[str]:
        """Ask all policies at a stand, each on what those before it made of it; yields what is not allow."""
        name = {"message": "message", "before": "call", "after": "result", "reply": "reply"}[hook]
        for policy in self.policies:
            if policy.hook != hook or (tool is not None and not policy.applies_to(tool)):
                continue
            shown = View(tool.name, value) if hook == "before_tool" else value
            given = {"talk": self.talk, name: tool.decode_result(value) if hook == "after_tool" else shown, **more}
            returned = self._run(policy.fn, **{name: given[name] for name in policy.parameters})
            verdict = "allow" if returned is None else getattr(returned, "verdict", None)
            if verdict is None:
                raise Broken(f"{policy.full_name}: it gave {returned!r}")
            to = msgspec.to_builtins(returned.replacement, str_keys=True) if verdict == "rewrite" else None
            deed.said.append((hook, policy.full_name, verdict, to))
            if verdict == "rewrite":
                value = to if hook in ("before", "after") else str(to)
            elif verdict != "allow":
                deed.say[verdict] = deed.say.get(verdict) or returned.say
                if hook == "after_tool":
                    deed.withheld = deed.withheld or returned.reason
            if verdict != "allow":
                yield verdict

    def prompt_text(self, step_id: Place) -> str | None:
        """The texts that stand in the prompt of an answer, as they are on disk."""
        found = [state for at, state in self.prompts.items() if at <= step_id[:2]]
        if not found:
            return None
        agent, (here, goals) = self.agent, found[-1]
        texts = [Path(agent.folder, agent.persona).read_text("utf-8")]
        if len(agent.journeys) > 1:
            texts += [f"- {j.name}: {j.goal}" for j in goals]
        if here is not None:
            texts.append(Path(here.folder, here.manual).read_text("utf-8"))
        texts += [f"Now: {self.talk.setup.get('clock')}", f"Channel: {self.talk.channel}"]
        texts += [f"{name}: {value}" for name, value in self.talk.customer.items()]
        return "\n".join(texts)

    # the comparison

    def _compare(self, step_id: Place) -> None:
        then, now = self.record.actions[step_id], self.actions[step_id]
        off = self.record.breaks_off(step_id[0], step_id[1])
        if off and not then.outcome and then.sent is None:
            self._compare_up_to_the_break(step_id, then, now)
            return
        why = differs(then, now)
        if why:
            self._part(step_id, why)

    def _compare_up_to_the_break(self, step_id: Place, then: Deed, now: Deed) -> None:
        """A move that was stopped: what is on record of it counts, and policies that are new since."""
        said = {policy for _, policy, _, _ in then.said}
        prompt = self.record.prompt_at(step_id) if step_id[1] else None
        cut_short = {p for _, p, _, _ in now.said} - said
        if prompt is not None:
            cut_short &= set(prompt.get("policies", []))
        up_to_here = [row for row in now.said if row[1] not in cut_short]
        held = any(row[2] != "allow" for row in now.said if row[1] in cut_short)
        if not held and now.outcome == "missing":
            now.outcome = ""
        made = Deed(now.kind, now.tool, now.raw_args, said=up_to_here, outcome="" if held else now.outcome)
        why = differs(then, made)
        if why:
            self._part(step_id, f"in the part that is on record, {why}")


async def _finish(value: Any) -> Any:
    return await value
