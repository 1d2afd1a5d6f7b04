"""Decode JSON that strict readers refuse: lone surrogates, numbers without a finite value."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from ...plain import escape_surrogates

MAX_DEPTH = 200  # of brackets in brackets; what reads transcripts later recurses
MAX_DIGITS = 4_000  # of an integer; Python refuses to read longer ones


class Decoded:
    """A decoded value; `altered` lists what could not be kept as it was."""

    def __init__(self, value: Any, altered: list[str]) -> None:
        self.value = value
        self.altered = altered


def decode(data: bytes) -> Decoded:
    """Decode one JSON value. Raises ValueError with the reason, and RecursionError for deep nesting."""
    found = _decode(data)
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _is_deep(found.value):
        raise RecursionError
    return found


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        nested = [list(one.values()) if isinstance(one, dict) else one for one in level]
        level = [part for parts in nested for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def _decode(data: bytes) -> Decoded:
    try:
        return Decoded(msgspec.json.decode(data), [])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error)
    altered: list[str] = []

    def number(text: str) -> Any:
        finite = math.isfinite(float(text))
        return float(text) if finite else _altered(text, "number", altered)

    def integer(text: str) -> Any:
        return int(text) if len(text) < MAX_DIGITS else _altered(text, "number", altered)

    def constant(text: str) -> str:
        return str(_altered(text, "number", altered))

    try:
        text = data.decode("utf-8", "surrogatepass")
        value = json.loads(text, parse_float=number, parse_int=integer, parse_constant=constant)
    except ValueError:
        raise ValueError(reason) from None
    return Decoded(_without_surrogates(value, altered), altered)


def _altered(value: Any, kind: str, altered: list[str]) -> Any:
    altered.append(kind)
    return value


def _without_surrogates(value: Any, altered: list[str]) -> Any:
    if isinstance(value, str):
        made = escape_surrogates(value)
        return value if made == value else _altered(made, "surrogate", altered)
    if isinstance(value, list):
        return [_without_surrogates(part, altered) for part in value]
    if isinstance(value, dict):
        return {_without_surrogates(k, altered): _without_surrogates(v, altered) for k, v in value.items()}
    return value


def is_compact_form(value: Any, text: str) -> bool:
    """Return whether a text is the JSON of a value, apart from spaces between its parts."""
    try:
        bare = msgspec.json.format(text.encode(), indent=-1)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return bare == msgspec.json.encode(value) or bare == json.dumps(value, separators=(",", ":")).encode()
