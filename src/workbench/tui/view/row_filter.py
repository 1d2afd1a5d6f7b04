"""Select the rows of the steps pane that are visible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ...trace.steps import Step
from .find import SearchPhrase, Texts
from .rows import Row
from .view import View

ACTION = ("step", "act")
HELD = ("block", "escalate")


def _held(step: Step | None) -> bool:
    return step is not None and any(d.effect in HELD for d in step.decisions)


def _blocked(row: Row, view: View) -> bool:
    if row.part == "policy":
        return row.decision is not None and row.decision.effect in HELD
    return row.part in ("turn", *ACTION) and _held(row.step)


def _policy(row: Row, view: View) -> bool:
    return row.part == "policy" or (row.part in ("turn", "step") and bool(row.step and row.step.decisions))


def _think(row: Row, view: View) -> bool:
    return row.part == "think" or (row.part == "step" and bool(row.step and row.step.reasoning.strip()))


def _tool(row: Row, view: View) -> bool:
    return row.part in ACTION and row.step is not None and row.step.call is not None


def _reply(row: Row, view: View) -> bool:
    return row.part in ACTION and row.step is not None and row.step.call is None


def _writes(row: Row, view: View) -> bool:
    result = row.step.result if row.step else None
    return row.part in ACTION and result is not None and bool(result.changed)


KINDS: dict[str, Callable[[Row, View], bool]] = {
    "think": _think,
    "tool": _tool,
    "reply": _reply,
    "policy": _policy,
    "blocked": _blocked,
    "failed": lambda row, view: row.failed,
    "writes": _writes,
    "annotated": lambda row, view: str(row.step_id) in view.annotations,
    "differs": lambda row, view: view.difference(row.step_id) is not None,
}


class UnknownKind(ValueError):
    """Raised for a word after a colon that begins several kinds, or none (`impossible`)."""

    def __init__(self, message: str, impossible: bool) -> None:
        super().__init__(message)
        self.impossible = impossible


@dataclass(frozen=True)
class Filter:
    """Keeps the rows of any of `kinds` (all kinds if empty) that contain `words`."""

    kinds: tuple[str, ...] = ()
    words: SearchPhrase = field(default_factory=SearchPhrase)

    @classmethod
    def parse(cls, text: str) -> Filter:
        """Parse ":tool :reply gift card"; a prefix of a kind is enough. Raises UnknownKind."""
        asked = [word[1:].lower() for word in text.split() if word.startswith(":")]
        words = " ".join(word for word in text.split() if not word.startswith(":"))
        return cls(tuple(dict.fromkeys(_kind(word) for word in asked)), SearchPhrase(words))

    def __bool__(self) -> bool:
        return bool(self.kinds or self.words)

    def __str__(self) -> str:
        return " ".join([*(f":{kind}" for kind in self.kinds), *([self.words.text] if self.words else [])])

    def keeps(self, row: Row, view: View, texts: Texts) -> bool:
        if self.kinds and not any(KINDS[kind](row, view) for kind in self.kinds):
            return False
        return not self.words or self.words.within(texts.of(row))


def _kind(word: str) -> str:
    found = [kind for kind in KINDS if kind.startswith(word)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownKind(f"unknown kind :{word} (: alone lists them)", impossible=True)
    raise UnknownKind(f"one of {' '.join(f':{kind}' for kind in found)}", impossible=False)


class VisibleRows:
    """The rows on view. `folded` contains turn numbers; a filter shows folded turns too."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.folded: set[int] = set()
        self.filter = Filter()
        self.texts = Texts()

    @property
    def whole(self) -> bool:
        return not self.filter and not self.folded

    def select(self, rows: list[Row], view: View | None) -> None:
        """Select from all rows."""
        if self.filter and view is not None:
            self.rows = [row for row in rows if self.filter.keeps(row, view, self.texts)]
        elif self.folded:
            self.rows = [row for row in rows if row.part == "turn" or row.step_id.turn not in self.folded]
        else:
            self.rows = rows

    def reachable(self, rows: list[Row]) -> list[Row]:
        """Return the rows that a jump may go to: those the filter keeps, including folded ones."""
        return self.rows if self.filter else rows


def index_of(rows: list[Row], row: Row | None) -> int:
    """Return the index of a row, or of the nearest one: its step, the row before it, the first row."""
    if row is None:
        return 0
    best = 0
    for index, one in enumerate(rows):
        if one is row or (one.step_id == row.step_id and one.part == row.part and one.decision == row.decision):
            return index
        if one.step_id <= row.step_id and (one.step_id != rows[best].step_id or index == 0):
            best = index
    return best
