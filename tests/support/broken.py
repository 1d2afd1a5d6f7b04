"""Breaking files: real ones, cut, retyped, reordered and filled with what nobody expects.

`Breaker(rng)` makes one thing after the other out of the dice it is given, so a
property test and a measurement of ten thousand files break them alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[2]

DEEP = 3_000
WEIRD: list[Any] = [
    None, True, False, 0, -1, 1, 7, 10**400, -(10**19), 2**63, 0.5, 1e308, "", " ", "a", "\ud800", "\0\x1b[31m",
    "x" * 100_000, [], {}, [[]], {"": None}, ["a", 1], "0.0.0", "1.1.1", "9.9.9", "-1", "1.1.1.1", "../../etc",
    "2026-01-05", "{policy}", "*" * 30, "(((", "tool_use", {"type": "tool_use"}, [None], "workbench.transcript/9",
]  # fmt: skip


class Breaker:
    """Breaks JSON and bytes. `did` names what was done, in order."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.did: list[str] = []

    def of(self, whole: Any) -> bytes:
        """The bytes of a broken copy of `whole`: its structure broken up to three times, or its text once."""
        if self.rng.random() < 0.3:
            return self._text(json.dumps(whole).encode())
        value = json.loads(json.dumps(whole))
        rounds = self.rng.randint(1, 3)
        while rounds > 0 or value == whole:
            value = self._structure(value)
            rounds -= 1
        return json.dumps(value, indent=self.rng.choice([None, 2])).encode("utf-8", "surrogatepass")

    # the structure

    def _structure(self, whole: Any) -> Any:
        holder, key = self._somewhere(whole)
        if holder is None:
            return self.rng.choice(WEIRD)
        name = self.rng.choice(list(STRUCTURE))
        self.did.append(f"{name} at {key!r:.40}")
        STRUCTURE[name](self, holder, key)
        return whole

    def _somewhere(self, whole: Any) -> tuple[Any, Any]:
        """A place in it: (holder, key); the top of a file is as likely as its depths."""
        holder, key, value = None, None, whole
        while isinstance(value, dict | list) and value and (holder is None or self.rng.random() < 0.75):
            holder = value
            key = self.rng.choice(list(value)) if isinstance(value, dict) else self.rng.randrange(len(value))
            value = holder[key]
        return holder, key

    def delete(self, holder: Any, key: Any) -> None:
        del holder[key]

    def weird(self, holder: Any, key: Any) -> None:
        holder[key] = self.rng.choice(WEIRD)

    def retype(self, holder: Any, key: Any) -> None:
        value = holder[key]
        holder[key] = self.rng.choice([str(value), [value], {"a": value}, [value, value]])

    def unknown(self, holder: Any, key: Any) -> None:
        if isinstance(holder, dict):
            holder[self.rng.choice(["titel", "", "__class__", "step", "type", "at", str(key) + "s"])] = holder[key]

    def twice(self, holder: Any, key: Any) -> None:
        if isinstance(holder, list):
            holder.insert(self.rng.randrange(len(holder) + 1), holder[key])

    def shuffle(self, holder: Any, key: Any) -> None:
        if isinstance(holder, list):
            self.rng.shuffle(holder)

    def swap(self, holder: Any, key: Any) -> None:
        other = self.rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[key], holder[other] = holder[other], holder[key]

    def cut(self, holder: Any, key: Any) -> None:
        if isinstance(holder, list):
            del holder[key:]

    def deep(self, holder: Any, key: Any) -> None:
        value = holder[key]
        for _ in range(self.rng.choice([5, 200])):
            value = [value]
        holder[key] = value

    # the text

    def _text(self, data: bytes) -> bytes:
        name = self.rng.choice(list(TEXT))
        self.did.append(name)
        return TEXT[name](self, data)

    def _at(self, data: bytes) -> int:
        return self.rng.randrange(len(data) + 1)

    def truncate(self, data: bytes) -> bytes:
        return data[: self._at(data)]

    def flip(self, data: bytes) -> bytes:
        at = self.rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << self.rng.randrange(8))]) + data[at + 1 :]

    def binary(self, data: bytes) -> bytes:
        at = self._at(data)
        return data[:at] + self.rng.randbytes(self.rng.choice([1, 9, 400])) + data[at:]

    def noise(self, data: bytes) -> bytes:
        return self.rng.randbytes(self.rng.randrange(300))

    def no_number(self, data: bytes) -> bytes:
        return data.replace(b": 1", self.rng.choice([b": NaN", b": Infinity", b": -Infinity", b": 1e999"]), 1)

    def long_number(self, data: bytes) -> bytes:
        return data.replace(b": 1", b": " + b"9" * self.rng.choice([30, 400, 5_000]), 1)

    def surrogate(self, data: bytes) -> bytes:
        return data.replace(b': "', rb': "\ud800', self.rng.randint(1, 9))

    def bottomless(self, data: bytes) -> bytes:
        return data.replace(b": 1", b": " + b"[" * DEEP + b"]" * DEEP, 1)

    def doubled(self, data: bytes) -> bytes:
        return data.replace(b'"kind":', b'"kind": "golden", "kind":', 1).replace(
            b'"role":', b'"role": 1, "role":', 1
        )

    def newer(self, data: bytes) -> bytes:
        return data.replace(
            b"workbench.transcript/1", b"workbench.transcript/" + str(self.rng.randrange(99)).encode()
        )

    def other_text(self, data: bytes) -> bytes:
        text = data.decode()
        return self.rng.choice(
            [b"\xef\xbb\xbf" + data, text.encode("utf-16"), data.replace(b" ", b"\r\n"), data * 2]
        )

    def emptied(self, data: bytes) -> bytes:
        return self.rng.choice([b"", b" ", b"null", b"[]", b"{}", b"0", b'""', b"\0" * 1000, b"[" * 100_000])


STRUCTURE: dict[str, Callable[[Breaker, Any, Any], None]] = {
    each.__name__: each
    for each in (
        Breaker.delete, Breaker.weird, Breaker.retype, Breaker.unknown, Breaker.twice, Breaker.shuffle,
        Breaker.swap, Breaker.cut, Breaker.deep,
    )
}  # fmt: skip
TEXT: dict[str, Callable[[Breaker, bytes], bytes]] = {
    each.__name__: each
    for each in (
        Breaker.truncate, Breaker.flip, Breaker.binary, Breaker.noise, Breaker.no_number, Breaker.long_number,
        Breaker.surrogate, Breaker.bottomless, Breaker.doubled, Breaker.newer, Breaker.other_text, Breaker.emptied,
    )
}  # fmt: skip


def samples() -> list[Any]:
    """The sample transcripts, parsed: the smaller half, so that ten thousand are soon written."""
    from workbench.transcripts.codec import encode, read
    from workbench.transcripts.files import find

    paths = sorted(find([ROOT / "transcripts"]), key=lambda p: (p.stat().st_size, p.name))
    return [json.loads(encode(read(path))) for path in paths[: len(paths) // 2 + 1]]


def expectations(rng: Random) -> dict[str, Any]:
    """An expectation as a careless hand might write it."""
    from workbench.transcripts.expectation import EXPECTATION_KINDS

    fields: dict[str, list[Any]] = {
        "kind": [*EXPECTATION_KINDS, "blokced"],
        "step": ["1.0.0", "1.1.1", "2.1.0", "2.1.1", "9.1.1", "1.1", "-1.0.0", "", "x"],
        "policy": ["returns.return_window", "signed_in", "", "nobody"],
        "tool": ["create_return", "find_order", "", "no_tool"],
        "text": ["", "a", "refund", "{", "\n"],
        "args": [
            {},
            {"order_number": "OL-1002"},
            {"order_number": "(("},
            {"a": {"b": [1]}},
            {"order_number": ".*"},
        ],
        "match": ["exact", "subset", "regex", "fuzzy"],
        "fields": [{}, {"order_number": "regex"}, {"order_number": "ignore"}, {"b": "exact"}],
        "order": [[], ["find_order"], ["find_order", "create_return"], ["no_tool", "create_return"]],
    }
    kept = ["kind", "step", *(name for name in list(fields)[2:] if rng.random() < 0.4)]
    return {name: rng.choice(fields[name]) for name in kept}


# logs of other systems

CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "find_order", "arguments": '{"order_number": "OL-1"}'},
}
MESSAGES = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "return OL-1"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "name": "find_order", "content": '{"number": "OL-1", "days": 52}'},
    {"role": "assistant", "content": "It is too late."},
]
BLOCKS = [
    {"role": "user", "content": [{"type": "text", "text": "return OL-1"}]},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "find_order", "input": {"n": 1}}]},
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "gone", "is_error": True}],
    },
    {"role": "assistant", "content": "It is gone.", "stop_reason": "end_turn", "model": "m"},
]
LOGS: dict[str, list[Any]] = {
    "openai": [MESSAGES, {"messages": MESSAGES, "model": "m", "tools": [{"function": {"name": "find_order"}}]}],
    "anthropic": [BLOCKS, [{"system": "Be kind.", "messages": BLOCKS, "tools": [{"name": "find_order"}]}]],
    "tau-bench": [[{"task_id": 1, "trial": 0, "reward": 1.0, "info": {"reward_info": {}}, "traj": MESSAGES}]],
}
