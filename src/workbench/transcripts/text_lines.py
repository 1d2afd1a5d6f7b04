"""Multi-line texts: a list of lines in a file, so that a review shows which line changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ..trace.events import Answer, Event, PartialAnswer, Reply, UserMessage

TEXTS = ("text", "thinking")  # the fields that a file may store as lines
_WITH_TEXT = (UserMessage, Reply, PartialAnswer)


def split_lines(value: Any) -> Any:
    """Return plain data of an event, a block or a blob with its multi-line texts as lists of lines."""
    if not isinstance(value, dict):
        return value
    out = dict(value)
    for key in TEXTS:
        if isinstance(out.get(key), str) and "\n" in out[key]:
            out[key] = out[key].split("\n")
    if out.get("event") == "answer":
        out["blocks"] = [split_lines(block) for block in out["blocks"]]
    return out


def join_lines(blob: Any) -> Any:
    """Join the lines of a blob's text, in place, and return the blob.

    Raises TypeError if a line is not a string.
    """
    if isinstance(blob, dict) and isinstance(blob.get("text"), list):
        blob["text"] = "\n".join(blob["text"])
    return blob


def join_event_lines(events: Iterable[Event]) -> None:
    """Join the lines of the texts of events, in place.

    Raises InvalidText for a text that is not a string or a list of strings.
    """
    number = 0
    try:
        for number, event in enumerate(events, 1):
            kind = event.__class__
            if kind is Answer:
                for block in event.blocks:  # type: ignore[attr-defined]
                    for key in TEXTS:
                        value = block.get(key)
                        if value.__class__ is list:
                            block[key] = "\n".join(value)
                        elif value is not None and value.__class__ is not str:
                            raise InvalidText(f"its {key} is not a string", number)
            elif kind in _WITH_TEXT:
                for key in TEXTS:
                    if getattr(event, key, None).__class__ is list:
                        msgspec.structs.force_setattr(event, key, "\n".join(getattr(event, key)))
    except TypeError:
        raise InvalidText("a line of a text is not a string", number) from None


class InvalidText(ValueError):
    """A text of the event with this number is neither a string nor a list of strings."""

    def __init__(self, message: str, event: int) -> None:
        super().__init__(message)
        self.event = event
