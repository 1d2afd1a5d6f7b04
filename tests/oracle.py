"""A second opinion: the policies alone, put to the recorded events, read as plain JSON.

It knows nothing of the engine, the tape, the follower, expectations or verdicts.
`opinion` says where today's policies first do something else than is on record,
and what they do there; `green` whether a replay may call that a PASS.
"""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import msgspec

NOT_RUN = ("rejected", "absent")


class Talk:
    """What a policy may ask of a conversation, kept by hand."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.now = datetime.fromisoformat(setup.get("clock", "2026-01-05T10:00:00+00:00"))
        self.customer, self.channel = setup.get("customer", {}), setup.get("channel", "chat")
        self.turn, self.journey = 0, ""
        self.said: list[str] = []
        self.replies: list[str] = []
        self.dialogue: list[tuple[str, str]] = []
        self.calls: list[Any] = []

    @property
    def last_said(self) -> str:
        return self.said[-1] if self.said else ""

    def results(self, tool: Any, **args: Any) -> list[Any]:
        name = tool if isinstance(tool, str) else tool.name
        fits = [c for c in self.calls if c.tool == name and c.ok and args.items() <= c.args.items()]
        return [c.value if isinstance(tool, str) else tool.decode(c.value) for c in fits]

    def result(self, tool: Any, **args: Any) -> Any:
        return (self.results(tool, **args) or [None])[-1]


def _words(text: Any) -> str:
    return "\n".join(text) if isinstance(text, list) else str(text)


def _ask(
    agent: Any, talk: Talk, stand: str, tool: Any, given: str, value: Any, **more: Any
) -> tuple[str, Any, set]:
    """(effect, the value after rewrites, who did something) of all policies at a stand."""
    journey = agent.journeys.get(talk.journey)
    effect, by = "allowed", set()
    for policy in [*agent.policies, *(journey.policies if journey else ())]:
        if policy.stand != stand or (tool is not None and not policy.stands_at(tool)):
            continue
        if policy.when is not None and not policy.when(talk):
            continue
        view = value
        if stand == "before":
            view = _View(tool.name, value)
        elif stand == "after":
            view = tool.decode(value)
        offered = {given: view, "talk": talk, **more}
        ruling = policy.fn(**{name: offered[name] for name in policy.wants})
        verdict = getattr(ruling, "verdict", "allow")
        if verdict == "allow":
            continue
        by.add((verdict, policy.full_name))
        if verdict == "rewrite":
            value = msgspec.to_builtins(ruling.to, str_keys=True)
            effect = "rewritten" if effect == "allowed" else effect
        elif verdict == "escalate":
            effect = "escalated"
        elif effect != "escalated":
            effect = "blocked"
    return effect, value, by


class _View:
    def __init__(self, tool: str, args: dict[str, Any]) -> None:
        self.tool, self.args, self.get = tool, args, args.get

    def __getitem__(self, name: str) -> Any:
        return self.args[name]


def _recorded(steps: list[Any], place: tuple[int, int, int], stands: tuple[str, ...]) -> tuple[str, Any]:
    effect, to = "allowed", None
    for step in steps:
        at = (step["turn"], step.get("answer", 0), step.get("call", 0))
        if step["step"] != "decision" or at != place or step["stand"] not in stands:
            continue
        verdict = step.get("verdict", "allow")
        if verdict == "escalate":
            effect = "escalated"
        elif verdict == "block" and effect != "escalated":
            effect = "blocked"
        elif verdict == "rewrite":
            effect, to = ("rewritten" if effect == "allowed" else effect), step.get("to")
    return effect, to


def opinion(agent: Any, whole: dict[str, Any]) -> list[tuple[str, str, str, set]]:
    """(place, effect on record, effect now, by whom) of every event up to the end of the answer that differs."""
    steps, talk = whole["steps"], Talk(whole["setup"])
    tools = {tool.name: tool for tool in agent.all_tools()}
    told: list[tuple[str, str, str, set]] = []
    if len(agent.journeys) == 1:
        talk.journey = next(iter(agent.journeys))
    results = {(s["turn"], s.get("answer", 0), s.get("call", 0)): s for s in steps if s["step"] == "result"}
    entered = {(s["turn"], s.get("answer", 0), s.get("call", 0)): s for s in steps if s["step"] == "entered"}

    def judge(place: tuple[int, int, int], stand: str, tool: Any, given: str, value: Any, **more: Any) -> Any:
        effect, to, by = _ask(agent, talk, stand, tool, given, value, **more)
        then, was = _recorded(steps, place, (stand,))
        other = effect != then or (effect == "rewritten" and to != was)
        told.append((".".join(map(str, place)), then, effect if not other or effect != then else "otherwise", by))
        return effect, to, other

    for step in steps:
        turn, answer = step["turn"], step.get("answer", 0)
        other = False
        if step["step"] == "user":
            talk.turn = turn
            text = _words(step["text"])
            talk.said.append(text)
            talk.dialogue.append(("user", text))
            _, text, other = judge((turn, 0, 0), "message", None, "message", text)
            talk.said[-1], talk.dialogue[-1] = text, ("user", text)
        elif step["step"] == "answer" and turn:
            calls = [b for b in step["blocks"] if b.get("type") == "tool_use"]
            if not calls:
                text = "\n".join(
                    _words(b["text"]) for b in step["blocks"] if b.get("type") == "text" and b["text"]
                )
                other = bool(text.strip()) and judge((turn, answer, 0), "reply", None, "reply", text)[2]
            for number, block in enumerate(calls, 1):
                place = (turn, answer, number)
                result, args, tool = results.get(place), block["input"], tools.get(block["name"])
                if result is None:
                    continue
                outcome = result.get("outcome", "ok")
                value = result.get("value")
                if tool is not None and outcome not in NOT_RUN:
                    effect, args, parted = judge(place, "before", tool, "call", args)
                    if outcome == "ok" and effect in ("allowed", "rewritten"):
                        happened, value, late = judge(
                            place, "after", tool, "result", value, call=_View(tool.name, args)
                        )
                        outcome = "error" if happened in ("blocked", "escalated") else "ok"
                        parted = parted or late
                    other = other or parted
                talk.calls.append(
                    SimpleNamespace(
                        tool=block["name"], args=args, ok=outcome == "ok", value=value, outcome=outcome
                    )
                )
                if place in entered:
                    talk.journey = entered[place]["journey"]
        elif step["step"] == "reply":
            talk.replies.append(_words(step["text"]))
            talk.dialogue.append(("agent", _words(step["text"])))
        if other:
            break
    return told


def green(whole: dict[str, Any], told: list[tuple[str, str, str, set]]) -> bool:
    """Whether a replay may say PASS: a guard is as it was; a mistake does what it expects, at its mark."""
    parted = [row for row in told if row[1] != row[2]]
    if whole["kind"] == "guard":
        return not parted
    expected = whole["expectations"][0]
    turn_answer = expected["at"].rsplit(".", 1)[0]
    if any(row[0].rsplit(".", 1)[0] != turn_answer for row in parted):
        return False
    here = [row for row in told if row[0] == expected["at"]]
    by = {who for row in here for who in row[3]}
    match expected["expect"]:
        case "blocked" | "rewritten" | "escalated" as what:
            verdict = {"blocked": "block", "rewritten": "rewrite", "escalated": "escalate"}[what]
            return any(v == verdict and expected.get("policy", "") in ("", name) for v, name in by)
        case "not_executed":
            return bool(here) and here[0][2] in ("blocked", "escalated")
        case "executed":
            return bool(here) and here[0][2] not in ("blocked", "escalated")
        case "allowed":
            return bool(here) and all(row[2] == "allowed" for row in here)
    return True  # of the others it has no opinion
