"""Ids of the sandbox: the same in every run, and never the same twice in a conversation."""

from __future__ import annotations

from datetime import UTC, datetime

from workbench import Ids
from workbench.engine.world import World


def ids_at(turn: int, answer: int, call: int, count: int = 3) -> list[str]:
    world = World(now=datetime(2026, 1, 5, tzinfo=UTC), seed=1)
    ids = world.get(Ids, (turn, answer, call))
    return [ids.new("R") for _ in range(count)]


def test_no_two_calls_of_a_conversation_get_the_same_id() -> None:
    made = [n for turn in range(1, 13) for answer in range(1, 13) for call in range(1, 5)
            for n in ids_at(turn, answer, call)]  # fmt: skip
    assert len(set(made)) == len(made)


def test_the_same_call_gets_the_same_ids_in_every_run() -> None:
    assert ids_at(1, 3, 1) == ids_at(1, 3, 1) == ["R-10301", "R-10301-2", "R-10301-3"]


def test_a_test_of_a_tool_can_create_ids() -> None:
    assert Ids().new("R") == "R-1001"
