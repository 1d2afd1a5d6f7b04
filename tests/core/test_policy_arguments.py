"""What a policy is shown of a result is its own: whoever changes it changes nothing that is on record."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NewType, TypedDict, TypeVar

import msgspec
import pytest

from workbench.authoring.tool import Tool, _open

T = TypeVar("T")


@dataclass
class Order:
    number: str
    days: int
    state: Literal["open", "closed"] = "open"
    before: Order | None = None


@dataclass
class Box(Generic[T]):
    more: list[T]


class Loose(TypedDict):
    more: list  # type: ignore[type-arg]


OPEN = [
    typing.Dict, dict, Mapping, Any, object, Mapping[str, list], NewType("Named", dict), T, Loose,  # noqa: UP006
    Annotated[dict, ["a note"]], dict | None, Box[dict],
]  # fmt: skip


@pytest.mark.parametrize("kind", OPEN, ids=str)
def test_a_result_with_an_open_type_is_a_copy(kind: Any) -> None:
    def find() -> Any: ...

    find.__annotations__["return"] = kind
    recorded = {"more": [{"n": 1}]}
    shown = msgspec.to_builtins({"it": Tool("find", find).decode_result(recorded)}, str_keys=True)
    assert shown == {"it": recorded}
    held = Tool("find", find).decode_result(recorded)
    more = held["more"] if isinstance(held, Mapping) else held.more
    more.append({"n": 2})
    more[0]["n"] = 3
    assert recorded == {"more": [{"n": 1}]}


@pytest.mark.parametrize(
    "kind", [str, int | None, Order, list[Order], tuple[int, ...], Sequence[str], Literal["a"]], ids=str
)
def test_a_result_with_a_complete_type_is_copied_once(kind: Any) -> None:
    assert not _open(kind, set())
