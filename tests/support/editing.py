"""Editing a recorded conversation: plausible lies rather than broken files (those are broken.py).

`Editor(rng)` edits a transcript as JSON. Where it touches what a hash seals, the hash is made
anew, and results are called by their calls' names, so that most of what it makes still reads.
`did` names what was done.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

from workbench.trace.blobs import blob_hash
from workbench.transcripts.expectation import EXPECTATION_KINDS

VERDICTS = ("allow", "block", "rewrite", "escalate")
OUTCOMES = ("ok", "error", "rejected", "absent", "blocked", "fault", "missing")
ENDS = (
    "replied", "handed_off", "message_blocked", "limit", "model_error", "interrupted", "killed", "recording_ended",
)  # fmt: skip
KEYWORDS = {"event", "hook", "effect", "outcome", "policy", "tool", "name", "type", "sections", "tools", "version"}
PLAIN: list[Any] = ["", "OL-1", "OL-2", "RETURN", "Done.", 0, 1, 1.0, 52, True, False, None, [], {}, ["OL-1"]]


class Editor:
    """Edits copies. Any edit may find nothing to edit, and then does nothing."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.did: list[str] = []

    def of(self, whole: dict[str, Any], times: int = 0) -> dict[str, Any]:
        """A copy with up to three edits in it."""
        made = copy.deepcopy(whole)
        for _ in range(times or self.rng.randint(1, 3)):
            if not made["events"]:
                break
            name = self.rng.choice(list(EDITS))
            self.did.append(name)
            EDITS[name](self, made)
        self._agree(made)
        return made

    # the steps

    def _steps(self, whole: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
        return [s for s in whole["events"] if s["event"] in kinds]

    def _pick(self, whole: dict[str, Any], *kinds: str) -> dict[str, Any]:
        """One of the steps of these kinds; one that belongs nowhere where there is none."""
        return self.rng.choice(self._steps(whole, *kinds) or [{"blocks": []}])

    def drop(self, whole: dict[str, Any]) -> None:
        whole["events"].pop(self.rng.randrange(len(whole["events"])))

    def cut(self, whole: dict[str, Any]) -> None:
        del whole["events"][self.rng.randrange(1, len(whole["events"]) + 1) :]

    def break_off(self, whole: dict[str, Any]) -> None:
        """It ends with a decision, and that let it pass."""
        last = self._pick(whole, "decision")
        if last in whole["events"]:
            del whole["events"][whole["events"].index(last) + 1 :]
            if self.rng.random() < 0.5:
                last.pop("verdict", None)

    def swap(self, whole: dict[str, Any]) -> None:
        one, other = (self.rng.randrange(len(whole["events"])) for _ in range(2))
        whole["events"][one], whole["events"][other] = whole["events"][other], whole["events"][one]

    def drop_decision(self, whole: dict[str, Any]) -> None:
        chosen = self._pick(whole, "decision")
        whole["events"] = [s for s in whole["events"] if s is not chosen]

    def verdict(self, whole: dict[str, Any]) -> None:
        step = self._pick(whole, "decision")
        step["verdict"] = self.rng.choice(VERDICTS)
        if step["verdict"] == "rewrite":
            step["to"] = self._value(whole)

    def decision(self, whole: dict[str, Any]) -> None:
        """One more, where a decision may stand."""
        step = self._pick(whole, "result", "reply", "user")
        stands = {"result": ("before", "after"), "reply": ("reply",), "user": ("message",)}
        if step.get("event") in stands:
            made = {k: step[k] for k in ("turn", "answer", "call") if k in step}
            stand = self.rng.choice(stands[step["event"]])
            made |= {
                "event": "decision",
                "policy": self._policy(whole),
                "hook": stand,
                "replacement": self._value(whole),
            }
            at = whole["events"].index(step) + (step["event"] == "user" or stand == "after")
            whole["events"].insert(at, made | {"verdict": self.rng.choice(VERDICTS)})

    def decided_elsewhere(self, whole: dict[str, Any]) -> None:
        step = self._pick(whole, "decision")
        step["hook"] = self.rng.choice(["before", "after"])
        step["policy"] = self._policy(whole)

    def fault(self, whole: dict[str, Any]) -> None:
        self._pick(whole, "decision")["fault"] = True

    def outcome(self, whole: dict[str, Any]) -> None:
        self._pick(whole, "result")["outcome"] = self.rng.choice(OUTCOMES)

    def value(self, whole: dict[str, Any]) -> None:
        step = self._pick(whole, "result", "decision")
        self._nested(step, "to" if "to" in step else "value", whole)

    def end(self, whole: dict[str, Any]) -> None:
        self._pick(whole, "end")["reason"] = self.rng.choice(ENDS)

    def said(self, whole: dict[str, Any]) -> None:
        self._pick(whole, "user", "reply")["text"] = self._text(whole)

    def arguments(self, whole: dict[str, Any]) -> None:
        calls = [b for b in self._pick(whole, "answer")["blocks"] if b.get("type") == "tool_use"]
        if calls:
            self._nested(self.rng.choice(calls), "input", whole)

    def spoken(self, whole: dict[str, Any]) -> None:
        blocks = self._pick(whole, "answer")["blocks"]
        blocks.append({"type": "text", "text": self._text(whole)})

    def called(self, whole: dict[str, Any]) -> None:
        """Another tool, one call more or less, or the calls of an answer in another order."""
        blocks = self._pick(whole, "answer")["blocks"]
        uses = [b for b in blocks if b.get("type") == "tool_use"]
        if not uses:
            return
        match self.rng.choice(["tool", "more", "less", "order"]):
            case "tool":
                self.rng.choice(uses)["name"] = self._tool(whole)
            case "more":
                blocks.append(copy.deepcopy(self.rng.choice(uses)))
            case "less":
                blocks.remove(self.rng.choice(uses))
            case "order":
                self.rng.shuffle(blocks)

    def stop(self, whole: dict[str, Any]) -> None:
        self._pick(whole, "answer")["stop"] = self.rng.choice(["max_tokens", "pause_turn", "refusal", "end_turn"])

    # what the whole of it says

    def substitute(self, whole: dict[str, Any]) -> None:
        """One text of it is another everywhere, as redaction makes it."""
        old, new = self._text(whole), self._text(whole)
        if len(old) > 2:
            whole["events"] = [_replaced(step, old, new) for step in whole["events"]]
            whole["setup"]["customer"] = _replaced(whole["setup"].get("customer", {}), old, new)

    def prompt(self, whole: dict[str, Any]) -> None:
        """Another sentence in a section of the prompt, sealed anew."""
        spans = [k for k, v in whole.get("blobs", {}).items() if isinstance(v, dict) and "text" in v]
        if not spans:
            return
        old = self.rng.choice(spans)
        section = whole["blobs"].pop(old)
        text = section["text"] if isinstance(section["text"], str) else "\n".join(section["text"])
        section["text"] = self.rng.choice(
            [text + "\nBe quick.", text.replace("order", "parcel"), "", self._text(whole)]
        )
        new = blob_hash(section)
        whole["blobs"][new] = section
        for step in self._steps(whole, "prompt"):
            step["sections"] = [new if key == old else key for key in step["sections"]]

    def setup(self, whole: dict[str, Any]) -> None:
        name = self.rng.choice(["customer", "channel", "clock"])
        values = {"customer": {"name": self._text(whole)}, "channel": "mail", "clock": "2027-01-05T10:00:00+00:00"}
        whole["setup"][name] = values[name]

    def mark(self, whole: dict[str, Any]) -> None:
        whole["annotations"] = [{"step": self._place(whole)}] if self.rng.random() < 0.7 else []

    def expect(self, whole: dict[str, Any], kind: str = "") -> None:
        """Another expectation, of this kind: of a mistake its only one, of a guard one more."""
        kind = kind or self.rng.choice(
            [name for name, kind in EXPECTATION_KINDS.items() if kind.decided_by == "offline"]
        )
        args = copy.deepcopy(self._arguments(whole))
        if self.rng.random() < 0.5:
            self._nested({"it": args}, "it", whole)
        if self.rng.random() < 0.3:
            args = {name: re.escape(str(value)[:2]) + "." for name, value in args.items()}
        filled: dict[str, Any] = {
            "text": self._text(whole),
            "args": args,
            "order": [self._tool(whole) for _ in range(self.rng.randint(2, 3))],
        }
        made: dict[str, Any] = {"kind": kind, "step": self._place(whole)}
        made |= {name: filled[name] for name in EXPECTATION_KINDS[kind].needs}
        if kind == "called_with":
            made["match"] = self.rng.choice(["exact", "subset", "regex"])
            hows = ["exact", "subset", "regex", "ignore"]
            made["fields"] = {name: self.rng.choice(hows) for name in args if self.rng.random() < 0.4}
        elif self.rng.random() < 0.3:
            made["policy"] = self._policy(whole)
        if self.rng.random() < 0.7:
            whole["kind"] = "mistake"
        whole["expectations"] = [made] if whole["kind"] == "mistake" else [*whole.get("expectations", []), made]

    def turn_around(self, whole: dict[str, Any]) -> None:
        """A mistake is called a guard."""
        whole["kind"] = "golden"

    # what it takes

    def _nested(self, holder: dict[str, Any], key: Any, whole: dict[str, Any]) -> None:
        """Another value at some depth of what stands there."""
        while isinstance(holder.get(key), dict) and holder[key] and self.rng.random() < 0.8:
            holder = holder[key]
            key = self.rng.choice(list(holder))
        if key in holder and self.rng.random() < 0.1:
            del holder[key]
        else:
            holder[key] = self._value(whole)

    def _value(self, whole: dict[str, Any]) -> Any:
        held = [s.get(k) for s in whole["events"] for k in ("value", "to") if k in s]
        return copy.deepcopy(self.rng.choice([*PLAIN, self._arguments(whole), *held[:4], *held[-2:]]))

    def _arguments(self, whole: dict[str, Any]) -> dict[str, Any]:
        inputs = [
            b.get("input")
            for s in self._steps(whole, "answer")
            for b in s["blocks"]
            if b.get("type") == "tool_use"
        ]
        return self.rng.choice([i for i in inputs if isinstance(i, dict)] or [{}])

    def _text(self, whole: dict[str, Any]) -> str:
        """A text of the record, whole or a part of it, or another."""
        steps = self._steps(whole, "user", "reply", "result")
        spots = json.dumps([s.get("text", s.get("value")) for s in steps])
        found = re.findall(r'"([^"\\]+)"', spots)
        text = self.rng.choice([*found, "OL-1", "OL-2", "Done.", "RETURN"])
        return self.rng.choice([text, text.split(" ")[0], text.upper()])

    def _tool(self, whole: dict[str, Any]) -> str:
        tools = sorted({s["tool"] for s in self._steps(whole, "result")})
        return self.rng.choice([*tools, *tools, "find_order", "hand_off"])

    def _policy(self, whole: dict[str, Any]) -> str:
        return self.rng.choice([*(s["policy"] for s in self._steps(whole, "decision")), "returns.return_window"])

    def _place(self, whole: dict[str, Any]) -> str:
        steps = self._steps(whole, "user", "result", "reply")
        return self.rng.choice(
            [f"{s['turn']}.{s.get('answer', 0)}.{s.get('call', 0)}" for s in steps] or ["1.0.0"]
        )

    def _agree(self, whole: dict[str, Any]) -> None:
        """Results are of the tools that were called, and nothing stands where none was."""
        called: dict[tuple[int, int, int], str] = {}
        for step in self._steps(whole, "answer"):
            uses = [b for b in step["blocks"] if b.get("type") == "tool_use"]
            called |= {(step["turn"], step.get("answer", 0), n): b["name"] for n, b in enumerate(uses, 1)}
        kept = []
        for step in whole["events"]:
            place = (step.get("turn"), step.get("answer", 0), step.get("call", 0))
            if step["event"] == "result" and place in called:
                step["tool"] = called[place]
            if not step.get("call") or place in called:
                kept.append(step)
        whole["events"] = kept


EDITS: dict[str, Callable[[Editor, dict[str, Any]], None]] = {
    name: edit
    for name, edit in vars(Editor).items()
    if not name.startswith("_") and name != "of"
}  # fmt: skip


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: held if key in KEYWORDS else _replaced(held, old, new) for key, held in value.items()}
    if isinstance(value, list):
        return [_replaced(held, old, new) for held in value]
    return value.replace(old, new) if isinstance(value, str) else value
