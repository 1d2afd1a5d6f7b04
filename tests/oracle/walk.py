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

FROM_OUTSIDE = (*STOPPED, "model_error")
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
        self.deeds: dict[Place, Deed] = {}
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
        for place, deed in self.record.deeds.items():
            if place[0] == turn:
                self.deeds[place] = deed
                if deed.outcome:
                    self.talk.called(place, deed.tool, deed.given, deed.outcome, deed.value)
                if deed.sent is not None:
                    self.talk.reply(deed.sent)
        return ""

    # a turn

    def _turn(self, turn: int) -> str:
        """How it ends today."""
        talk, place = self.talk, (turn, 0, 0)
        deed = self.deeds[place] = Deed("message", given=self.record.deeds[place].given)
        talk.turn, self.held_back = turn, 0
        talk.hear(deed.given)
        if talk.handed_off:
            return "handed_off"
        if not talk.journey:
            talk.journey = self._start()
        self._look_around()
        for _ in self._ask(deed, "on_message", None, deed.given):
            talk.user_messages[-1] = words(rewrite(deed, "on_message"))
            talk.messages[-1] = ("user", talk.user_messages[-1])
        stopped = effect(deed, "on_message")
        if stopped == "blocked" and deed.say["block"]:
            deed.sent = deed.say["block"]
            talk.reply(deed.sent)
        if stopped == "escalated":
            self._hand_off(deed)
        self._compare(place)
        if stopped in ("blocked", "escalated"):
            return "message_blocked" if stopped == "blocked" else "handed_off"
        for number, answer in enumerate(self.record.answers[turn], 1):
            if (
                number > self.agent.limits.model_calls
                or self.parted
                or self._spent(turn, number - 1, "tokens_out")
            ):
                return "limit"
            if self._spent(turn, number, "seconds"):
                return "limit"
            self._look_around(number > 1)
            self.prompts[turn, number] = self.agent.journeys.get(self.talk.journey), [*self.journeys.values()]
            end = self._calls(turn, number, answer) if asked(answer) else self._reply((turn, number, 0), answer)
            if end:
                return end
        return self._after_the_last(turn)

    def _after_the_last(self, turn: int) -> str:
        """How it ends when all answers on record are used."""
        recorded, limits, count = self.record.ends.get(turn, ""), self.agent.limits, len(self.record.answers[turn])
        if recorded in FROM_OUTSIDE:
            return recorded
        used, _, of_what = self.record.details.get(turn, "").partition(" ")
        still = count >= limits.model_calls or self._spent(turn, count, "tokens_out")
        if recorded == "limit" and of_what.startswith("tokens;"):
            still = still or int(used.replace(",", "")) > limits.tokens
        elif recorded == "limit" and of_what == "seconds":
            still = still or float(used) >= limits.turn_seconds
        return "limit" if still else "recording_ended"

    def _spent(self, turn: int, count: int, what: str) -> bool:
        """Whether the first answers of a turn took more than it may."""
        limit = {"tokens_out": self.agent.limits.tokens, "seconds": self.agent.limits.turn_seconds}[what]
        return sum(a.get("usage", {}).get(what, 0) for a in self.record.answers[turn][:count]) > limit

    def _start(self) -> str:
        """The journey that the first message enters: that of the record, or the only one there is."""
        journeys = list(self.agent.journeys)
        if (
            not self.record.start and not self.record.prompts and len(journeys) > 1
        ):  # imported: where its tools are
            called = {deed.tool for deed in self.record.deeds.values()} - {""}
            there = {name for name, one in self.agent.journeys.items() if called & one.tools.keys()}
            return there.pop() if len(there) == 1 and "enter_journey" not in called else ""
        if self.record.start in journeys:
            return self.record.start
        return journeys[0] if len(journeys) == 1 else ""

    def _end(self, turn: int, end: str) -> None:
        walked = max((p[1] for p in self.deeds if p[0] == turn), default=0)
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
            place = (turn, number, call)
            cut = answer.get("stop") == "max_tokens" and call == len(asked(answer))
            deed = self.deeds[place] = Deed("call", block.get("name", ""), block.get("input"))
            handed = self._call(place, deed, cut) or handed
            self._compare(place)
        return "handed_off" if handed else ""

    def _call(self, place: Place, deed: Deed, cut: bool) -> bool:
        """What becomes of a call. True: a person has the conversation."""
        talk, built_in = self.talk, self._built_in(deed.tool)
        tool = self.tools.get(deed.tool) or built_in
        deed.outcome = "absent" if tool is None else "rejected" if cut or self._unfit(tool, deed.given) else ""
        args = deed.given if isinstance(deed.given, dict) else {}
        if deed.outcome:
            talk.called(place, deed.tool, args, deed.outcome, None)
            return False
        for _ in self._ask(deed, "before_tool", tool, args):
            args = rewrite(deed, "before_tool")
            if not isinstance(args, dict) or self._unfit(tool, args):
                raise Broken(f"{place}: its rewritten arguments do not fit")
        deed.args = args
        stopped = effect(deed, "before_tool")
        if stopped in ("blocked", "escalated"):
            deed.outcome = "blocked"
            talk.called(place, deed.tool, args, "blocked", None)
            return self._hand_off(deed) if stopped == "escalated" else False
        if built_in and deed.tool != "look_up":
            deed.outcome = "ok"
            talk.called(place, deed.tool, args, "ok", None)
            if deed.tool == "enter_journey":
                talk.journey = args["journey"]
            return deed.tool == "hand_off" and self._hand_off(deed)
        return self._result(place, deed, tool, args)

    def _result(self, place: Place, deed: Deed, tool: Any, args: dict[str, Any]) -> bool:
        then = self.record.deeds[place]
        taped = then.outcome in ("ok", "error", "fault") and alike(self._then_args(then), args)
        deed.outcome, deed.value = (then.outcome, then.value) if taped else ("missing", None)
        call = self.talk.called(place, deed.tool, args, deed.outcome, deed.value)
        if deed.outcome != "ok":
            return False
        for verdict in self._ask(deed, "after_tool", tool, deed.value, call=View(tool.name, args)):
            if call.ok and verdict == "rewrite":
                call.value = rewrite(deed, "after_tool")
            elif verdict != "rewrite":  # withheld: a later policy does not give it back
                call.ok, call.outcome, call.value = False, "error", None
        return (effect(deed, "after_tool") == "escalated" or tool.hands_off) and self._hand_off(deed)

    def _then_args(self, then: Deed) -> Any:
        changed = rewrite(then, "before_tool", None)
        return changed if isinstance(changed, dict) else then.given if isinstance(then.given, dict) else {}

    def _built_in(self, name: str) -> Any:
        there = {
            "enter_journey": len(self.agent.journeys) > 0,
            "hand_off": self.agent.allow_handoff,
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

    def _reply(self, place: Place, answer: dict[str, Any]) -> str:
        deed = self.deeds[place] = Deed("reply", given=spoken(answer))
        if answer.get("stop") == "pause_turn" or not deed.given.strip():
            self._compare(place)
            return "" if answer.get("stop") == "pause_turn" else "model_error"
        for _ in self._ask(deed, "before_reply", None, deed.given):
            pass
        became = effect(deed, "before_reply")
        if became == "escalated":
            self._hand_off(deed)
        elif became == "blocked":
            self.held_back += 1
            if self.held_back >= self.agent.limits.blocked_replies:
                self._compare(place)
                return self._fall_back(deed)
        else:
            deed.sent = words(rewrite(deed, "before_reply"))
            self.talk.reply(deed.sent)
        self._compare(place)
        return {"escalated": "handed_off", "blocked": ""}.get(became, "replied")

    def _fall_back(self, deed: Deed) -> str:
        """The turn ends with what the agent says instead, or with a person."""
        instead = self.agent.fallback
        if not isinstance(instead, str):
            deed.say["escalate"] = instead.reply
            self._hand_off(deed)
            return "handed_off"
        if instead:
            deed.sent = instead
            self.talk.reply(instead)
        return "limit"

    def _hand_off(self, deed: Deed) -> bool:
        if not self.talk.handed_off:
            self.talk.handed_off = deed.handed = True
            deed.sent = deed.say.get("escalate") or self.agent.handoff_message or None
            if deed.sent:
                self.talk.reply(deed.sent)
        return True

    # policies

    def _ask(self, deed: Deed, stand: str, tool: Any, value: Any, **more: Any) -> Iterator[str]:
        """Ask all policies at a stand, each on what those before it made of it; yields what is not allow."""
        name = {"on_message": "message", "before_tool": "call", "after_tool": "result", "before_reply": "reply"}[
            stand
        ]
        for policy in self.policies:
            if policy.hook != stand or (tool is not None and not policy.applies_to(tool)):
                continue
            shown = View(tool.name, value) if stand == "before_tool" else value
            given = {
                "conversation": self.talk,
                name: tool.decode_result(value) if stand == "after_tool" else shown,
                **more,
            }
            ruling = self._run(policy.fn, **{name: given[name] for name in policy.parameters})
            verdict = "allow" if ruling is None else getattr(ruling, "effect", None)
            if verdict is None:
                raise Broken(f"{policy.full_name}: it gave {ruling!r}")
            to = msgspec.to_builtins(ruling.replacement, str_keys=True) if verdict == "rewrite" else None
            deed.said.append((stand, policy.full_name, verdict, to))
            if verdict == "rewrite":
                value = to if stand in ("before_tool", "after_tool") else str(to)
            elif verdict != "allow":
                deed.say[verdict] = deed.say.get(verdict) or ruling.reply
                if stand == "after_tool":
                    deed.withheld = deed.withheld or ruling.reason
            if verdict != "allow":
                yield verdict

    def prompt_text(self, place: Place) -> str | None:
        """The texts that stand in the prompt of an answer, as they are on disk."""
        found = [state for at, state in self.prompts.items() if at <= place[:2]]
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

    def _compare(self, place: Place) -> None:
        then, now = self.record.deeds[place], self.deeds[place]
        off = self.record.breaks_off(place[0], place[1])
        if off and not then.outcome and then.sent is None:
            self._compare_up_to_the_break(place, then, now)
            return
        why = differs(then, now)
        if why:
            self._part(place, why)

    def _compare_up_to_the_break(self, place: Place, then: Deed, now: Deed) -> None:
        """A move that was stopped: what is on record of it counts, and policies that are new since."""
        said = {policy for _, policy, _, _ in then.said}
        prompt = self.record.prompt_at(place) if place[1] else None
        cut_short = {p for _, p, _, _ in now.said} - said
        if prompt is not None:
            cut_short &= set(prompt.get("policies", []))
        up_to_here = [row for row in now.said if row[1] not in cut_short]
        held = any(row[2] != "allow" for row in now.said if row[1] in cut_short)
        if not held and now.outcome == "missing":
            now.outcome = ""
        made = Deed(now.kind, now.tool, now.given, said=up_to_here, outcome="" if held else now.outcome)
        why = differs(then, made)
        if why:
            self._part(place, f"in the part that is on record, {why}")


async def _finish(value: Any) -> Any:
    return await value
