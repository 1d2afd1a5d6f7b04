"""What a transcript expects, of the deeds of a record or of a walk: a few lines each, from docs/replay.md."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from .record import Deed, Place, alike, effect, rewrite

Prompts = Callable[[Place], str | None]


def holds(expected: dict[str, Any], deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    """Whether it is so; no, too, where it cannot be told."""
    place = tuple(int(part) for part in expected["step"].split("."))
    deed = deeds.get(place)  # type: ignore[call-overload]
    return deed is not None and not deed.fault and bool(OFFLINE[expected["kind"]](expected, place, deeds, prompt))


def _decided(verdict: str) -> Callable[..., bool]:
    def by_policy(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
        wanted = expected.get("policy", "")
        return any(v == verdict and wanted in ("", policy) for _, policy, v, _ in deeds[place].said)

    return by_policy


def _rewritten(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    """Of a named policy: it made something else of it; of any: it is something else in the end."""
    deed, wanted = deeds[place], expected.get("policy", "")
    stands = {stand for stand, policy, v, _ in deed.said if v == "rewrite" and wanted in ("", policy)}
    return any(not _same(rewrite(deed, stand), _first(deed, stand), stand) for stand in stands)


def _same(one: Any, other: Any, stand: str) -> bool:
    """Whether they are equal, or read alike: what a person or the model reads, not what a tool is given."""
    return alike(one, other) or (stand != "before_tool" and alike(_read(one), _read(other)))


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return {_seen(key): _read(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_read(held) for held in value]
    return _seen(value) if isinstance(value, str) else value


def _seen(text: str) -> str:
    """As it is read, as far as a few lines can say: entities, width, what has no shape, bold, case."""
    text = unicodedata.normalize("NFKC", re.sub(r"[*`~]", "", html.unescape(text)))
    return _flat("".join(c for c in text if unicodedata.category(c) not in ("Cf", "Mn"))).casefold()


def _has(words: str, text: str) -> bool:
    """Whether a text is to be read in these words, which may not be where it must be absent."""
    return _flat(text) in _flat(words) or bool(_seen(text) and _seen(text) in _seen(words))


def _first(deed: Deed, stand: str) -> Any:
    return deed.value if stand == "after_tool" else deed.given


def _may_run(deed: Deed) -> bool:
    return deed.kind == "call" and effect(deed, "before_tool") in ("allowed", "rewritten")


def _held_back(deed: Deed) -> bool:
    return deed.kind == "call" and effect(deed, "before_tool") in ("blocked", "escalated")


def _never_ran(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    return _held_back(deeds[place]) and deeds[place].outcome not in ("ok", "error", "fault")


def _executed(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    return _may_run(deeds[place])


def _allowed(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    return effect(deeds[place], "on_message", "before_tool", "before_reply", "after_tool") == "allowed"


def _rejected(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    return deeds[place].outcome == "rejected"


def _redacted(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    """Gone from what the model and the customer read of it, by a rewrite; what no tape holds nobody has read."""
    deed = deeds[place]
    if deed.outcome == "missing" or not any(verdict == "rewrite" for _, _, verdict, _ in deed.said):
        return False
    read = [rewrite(deed, "after_tool") if deed.kind == "call" else None, deed.withheld or None, deed.sent]
    read.append(rewrite(deed, "on_message") if deed.kind == "message" else None)
    return not any(_has(text, expected["text"]) for value in read if value is not None for text in _texts(value))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, held in value.items() for text in (str(key), *_texts(held))]
    if isinstance(value, list):
        return [text for held in value for text in _texts(held)]
    return [value if isinstance(value, str) else json.dumps(value)]


def _order(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    """All of them were let through in this order; or this call was held back because its turn had not come."""
    left = list(expected["order"])
    for at, deed in deeds.items():
        if at <= place and left and _may_run(deed) and deed.tool == left[0]:
            left.pop(0)
    if _held_back(deeds[place]):
        return deeds[place].tool in left[1:] and deeds[place].tool != left[0]
    return not left


def _called_with(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
    deed = deeds[place]
    args, wanted = rewrite(deed, "before_tool"), expected["args"]
    how = expected.get("match", "subset")
    if not _may_run(deed) or not isinstance(args, dict) or (how == "exact" and set(args) - set(wanted)):
        return False
    return all(_fits(expected.get("fields", {}).get(name, how), want, args, name) for name, want in wanted.items())


def _fits(how: str, want: Any, args: dict[str, Any], name: str) -> bool:
    if how == "ignore" or name not in args:
        return how == "ignore"
    if how == "regex":
        return re.search(str(want), str(args[name])) is not None
    return alike(want, args[name]) if how == "exact" else _inside(want, args[name])


def _inside(want: Any, have: Any) -> bool:
    match want, have:
        case dict(), dict():
            return all(key in have and _inside(value, have[key]) for key, value in want.items())
        case list(), list():
            return all(any(_inside(one, other) for other in have) for one in want)
    return alike(want, have)


def _prompt_has(there: bool) -> Callable[..., bool]:
    def reads(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
        text = prompt(place)
        return text is not None and _contains(text, expected["text"], there)

    return reads


def _flat(text: str) -> str:
    """In one line: where lines break is no matter of words."""
    return re.sub(r"\s+", " ", text).strip()


def _contains(words: str, text: str, there: bool) -> bool:
    return _flat(text) in _flat(words) if there else not _has(words, text)


def _reply_has(there: bool) -> Callable[..., bool]:
    def says(expected: dict[str, Any], place: Place, deeds: dict[Place, Deed], prompt: Prompts) -> bool:
        deed = deeds[place]
        held = effect(deed, "before_reply") in ("blocked", "escalated")
        if deed.sent is None and not held:
            return False
        return _contains(deed.sent or "", expected["text"], there)

    return says


OFFLINE: dict[str, Callable[..., bool]] = {
    "blocked": _decided("block"),
    "rewritten": _rewritten,
    "escalated": _decided("escalate"),
    "not_executed": _never_ran,
    "allowed": _allowed,
    "executed": _executed,
    "rejected": _rejected,
    "redacted": _redacted,
    "order": _order,
    "called_with": _called_with,
    "prompt_contains": _prompt_has(True),
    "prompt_excludes": _prompt_has(False),
    "reply_contains": _reply_has(True),
    "reply_excludes": _reply_has(False),
}
