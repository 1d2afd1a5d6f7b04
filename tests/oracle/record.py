"""What is on record, read as plain JSON: deeds by place, answers, ends, prompts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Place = tuple[int, int, int]
Said = tuple[str, str, str, Any]  # stand, policy, verdict, what a rewrite made of it
STOPPED = ("interrupted", "killed")


@dataclass
class Deed:
    """`given` is the text or the arguments as they came, `sent` what the customer read of it.

    `outcome` is what a call came to ("" nothing), `withheld` why its result was not shown,
    `say` what a policy says to the customer, by its verdict.
    """

    kind: str
    tool: str = ""
    given: Any = None
    said: list[Said] = field(default_factory=list)
    outcome: str = ""
    value: Any = None
    sent: str | None = None
    fault: bool = False
    handed: bool = False
    say: dict[str, str] = field(default_factory=dict)
    withheld: str = ""
    args: Any = None


def alike(a: Any, b: Any) -> bool:
    """Equal as JSON: 25 is 25.0, true is not 1."""
    return _plain(a) == _plain(b)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return f"<{value}>" if isinstance(value, bool) else value


def effect(deed: Deed, *stands: str) -> str:
    """What the policies at these stands did together."""
    if "before_tool" in stands and deed.outcome in ("absent", "rejected"):
        return deed.outcome
    verdicts = {verdict for stand, _, verdict, _ in deed.said if stand in stands}
    for verdict, became in (("escalate", "escalated"), ("block", "blocked"), ("rewrite", "rewritten")):
        if verdict in verdicts:
            return became
    return "allowed"


def rewrite(deed: Deed, stand: str, *none: Any) -> Any:
    """What the policies at a stand made of it in the end: as it was, or `none`, where none rewrote it."""
    made = [to for at, _, verdict, to in deed.said if at == stand and verdict == "rewrite"]
    if made:
        return made[-1]
    return none[0] if none else deed.value if stand == "after_tool" else deed.given


def differs(then: Deed, now: Deed) -> str:
    """How what is done differs, or ""; the words of policies and who they are do not count."""
    for stands in (("on_message", "before_tool", "before_reply"), ("after_tool",)):
        was, is_ = effect(then, *stands), effect(now, *stands)
        if was != is_:
            return f"was {was}, is {is_}"
    for stand in ("on_message", "before_tool", "after_tool", "before_reply"):
        if not alike(rewrite(then, stand, None), rewrite(now, stand, None)):
            return "it is rewritten otherwise"
    if now.kind == "call" and then.outcome != now.outcome and (then.outcome or now.outcome == "missing"):
        return f"it came to {then.outcome or 'nothing'}, and comes to {now.outcome}"
    if now.kind == "reply" and not (then.handed or now.handed) and None not in (then.sent, now.sent):
        return "" if then.sent == now.sent else "other words are sent"
    return ""


class Record:
    """What is on record: a deed by place, the answers of each turn, how it ended, the prompts."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self.deeds: dict[Place, Deed] = {}
        self.answers: dict[int, list[dict[str, Any]]] = {}
        self.ends: dict[int, str] = {}
        self.details: dict[int, str] = {}
        self.start = ""  # the journey that a message entered by itself
        self.prompts: list[tuple[tuple[int, int], dict[str, Any]]] = []
        self.exhibits = whole.get("blobs", {})
        for step in whole["events"]:
            place = place_of(step)
            kind = step["event"]
            if kind == "user":
                self.answers[step["turn"]] = []
                self.deeds[place] = Deed("message", given=words(step["text"]))
            elif kind == "answer":
                self.answers.setdefault(step["turn"], []).append(step)
                for number, block in enumerate(asked(step), 1):
                    self.deeds[(*place[:2], number)] = Deed("call", block.get("name", ""), block.get("input"))
                if not asked(step):
                    self.deeds[place] = Deed("reply", given=spoken(step))
            elif kind == "prompt":
                self.prompts.append((place[:2], step))
            elif kind == "entered" and not place[1]:
                self.start = self.start or step["journey"]
            elif kind == "end":
                self.ends[step["turn"]] = step["reason"]
                self.details[step["turn"]] = step.get("detail", "")
            elif kind in ("decision", "result", "reply", "handoff"):
                self._became(self.deeds.setdefault(place, Deed("reply")), step)

    def _became(self, deed: Deed, step: dict[str, Any]) -> None:
        match step["event"]:
            case "decision":
                said = (step["hook"], step["policy"], step.get("effect", "allow"), step.get("replacement"))
                deed.said.append(said)
                deed.fault = deed.fault or step.get("fault", False)
            case "result":
                deed.outcome, deed.value = step.get("outcome", "ok"), step.get("value")
            case "reply":
                deed.sent = words(step["text"])
            case "handoff":
                deed.handed = True

    def prompt_at(self, place: Place) -> dict[str, Any] | None:
        found = [prompt for at, prompt in self.prompts if at <= place[:2]]
        return found[-1] if found else None

    def prompt_text(self, place: Place) -> str | None:
        prompt = self.prompt_at(place)
        if prompt is None or any(key not in self.exhibits for key in prompt["sections"]):
            return None
        return "\n".join(words(self.exhibits[key]["text"]) for key in prompt["sections"])

    def breaks_off(self, turn: int, answer: int) -> bool:
        """Whether it stops in the middle of this answer."""
        last = answer == len(self.answers[turn])
        late = self.ends.get(turn) == "limit" and self.details[turn].endswith(" seconds")
        return last and (late or self.ends[turn] in STOPPED if turn in self.ends else turn == max(self.answers))


def words(text: Any) -> str:
    return "\n".join(text) if isinstance(text, list) else str(text)


def place_of(step: dict[str, Any]) -> Place:
    return step["turn"], step.get("answer", 0), step.get("call", 0)


def asked(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in answer["blocks"] if block.get("type") == "tool_use"]


def spoken(answer: dict[str, Any]) -> str:
    texts = [words(b["text"]) for b in answer["blocks"] if b.get("type") == "text" and b.get("text")]
    return "\n".join(texts)
