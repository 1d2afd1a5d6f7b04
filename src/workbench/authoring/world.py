"""The world: the systems behind the tools, as plain dataclasses that a sandbox creates from fixtures.

An instance of a `@world` class is passed to every tool with a parameter of that
type, and never shown to the model. Because it is plain data, the changes of a
tool are a diff, and a world can be rebuilt from its fixture and the diffs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform()
def world(cls: type[T]) -> type[T]:
    """Mark a class as part of the world; makes it a dataclass if it is not one."""
    if "__dataclass_fields__" not in vars(cls):  # a subclass has those of its base only
        cls = dataclass(frozen=_is_frozen(cls))(cls)
    cls.__workbench_world__ = True  # type: ignore[attr-defined]
    return cls


def _is_frozen(cls: type[Any]) -> bool:
    """Return whether a class inherits from a frozen dataclass: then it must be one, too."""
    found = getattr(cls, "__dataclass_params__", None)
    return found is not None and bool(found.frozen)


class Clock:
    """The time of the conversation, from its setup. Injected by type."""

    def __init__(self, now: datetime) -> None:
        self.now = now


class Ids:
    """Deterministic ids: `ids.new("R")` is R-10301 in turn 1, answer 3, call 1.

    They depend only on the step id of the call, so a fork or a rebuilt world gives the same ids.
    """

    def __init__(self, stem: str = "1001", made: set[str] | None = None) -> None:
        self.base = stem
        self.count = 0
        self._made = made

    def new(self, prefix: str = "id") -> str:
        self.count += 1
        made = f"{prefix}-{self.base}" + (f"-{self.count}" if self.count > 1 else "")
        if self._made is not None:
            self._made.add(made)
        return made


def is_injected(hint: Any) -> bool:
    """Return whether a parameter of this type is injected instead of provided by the model."""
    if not isinstance(hint, type):
        return False
    return (
        hint in (Clock, Ids) or is_random(hint) or is_client(hint) or getattr(hint, "__workbench_world__", False)
    )


def is_random(hint: type) -> bool:
    """Return whether it is random.Random, without importing random (3 ms)."""
    return hint.__name__ == "Random" and hint.__module__ == "random"


def is_client(hint: type) -> bool:
    """Return whether it is httpx.Client or httpx.AsyncClient, without importing httpx (150 ms)."""
    return hint.__name__ in ("Client", "AsyncClient") and hint.__module__.split(".")[0] == "httpx"
