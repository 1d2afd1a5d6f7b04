"""The same world in live conversations and replays, by real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.kit import write
from workbench.cli import run

JOURNEY = """
    from __future__ import annotations
    import os
    from dataclasses import dataclass, field
    from decimal import Decimal
    from typing import Literal
    from workbench import Allow, Block, Journey, world

    returns = Journey("returns", goal="Everything")

    @dataclass
    class Order:
        number: str
        state: str = "open"

    @dataclass
    class Card:
        last4: str
        kind: Literal["card"] = "card"

    @dataclass
    class Voucher:
        code: str
        value: Decimal
        kind: Literal["voucher"] = "voucher"

    @world
    class Shop:
        orders: dict[str, Order] = field(default_factory=dict)
        latest: dict[str, Order] = field(default_factory=dict)
        log: list[str] = field(default_factory=list)
        tags: set[str] = field(default_factory=set)
        shelves: dict[int, Order] = field(default_factory=dict)
        pays: dict[str, Card | Voucher] = field(default_factory=dict)

    @returns.tool(writes=True)
    def begin(shop: Shop) -> list[str]:
        '''Begin.'''
        shop.latest["ida"] = shop.orders["O-1"]
        shop.shelves[3] = shop.orders["O-1"]
        shop.log.append("begin")
        shop.tags |= {"heavy", "blue", "slow", "last"}
        shop.pays["a"] = Card("1234")
        shop.pays["b"] = Voucher("V", Decimal("2.50"))
        return sorted(shop.tags)

    @returns.tool(writes=True)
    def close(shop: Shop) -> dict[int, Card | Voucher]:
        '''Close.'''
        shop.latest["ida"].state = "closed"
        shop.shelves[3].state += "!"
        shop.log.append(shop.orders["O-1"].state + shop.latest["ida"].state + shop.shelves[3].state)
        shop.tags.add("closed")
        shop.orders["O-1"] = shop.orders.pop("O-1")
        return dict(enumerate(shop.pays.values()))

    @returns.tool(writes=True)
    def crash(shop: Shop) -> int:
        '''End the process in the middle of a change.'''
        shop.log.append("crash")
        os._exit(3)

    @returns.tool
    def tell(shop: Shop) -> str:
        '''Tell everything.'''
        tags = sorted(shop.tags)
        kind = type(shop.pays["b"].value).__name__
        return f"{shop.log} {tags} {list(shop.orders)} {shop.shelves} {shop.pays} {kind}"

    @returns.policy(before=tell)
    def typed(conversation):
        '''Results have their declared types.

        Why: policies read them.
        '''
        paid = conversation.result(close)
        if paid is None:
            return Allow("not closed")
        found = {key: type(value).__name__ for key, value in paid.items()}
        return Allow("closed") if found == {0: "Card", 1: "Voucher"} else Block(f"plain: {found}")
"""
REHEARSAL = """
    from workbench import Call, Rehearsal, Say
    from .journey import begin, close, crash, returns, tell

    returns.rehearsal = script = Rehearsal()

    @script.intent("begin it")
    def beginning(scene):
        yield Call(begin)
        yield Say("begun")

    @script.intent("close everything")
    def closing(scene):
        yield Call(close)
        yield Say("closed")

    @script.intent("crash now")
    def crashing(scene):
        yield Call(crash)
        yield Say("never")

    @script.intent("tell me")
    def telling(scene):
        yield Say((yield Call(tell)))
"""
AGENT = """
    from workbench import Agent
    from .returns.rehearsal import returns
    agent = Agent("shop", journeys=[returns])
"""
FIXTURE: dict[str, Any] = {"world": {"Shop": {"orders": {"O-1": {"number": "O-1"}, "O-2": {"number": "O-2"}}}}}
TOLD = (
    "['begin', 'openclosedopen!'] ['blue', 'closed', 'heavy', 'last', 'slow'] ['O-2', 'O-1'] "
    "{3: Order(number='O-1', state='open!')} "
    "{'a': Card(last4='1234', kind='card'), 'b': Voucher(code='V', value=Decimal('2.50'), kind='voucher')} Decimal"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "shop/agent.py": AGENT,
        "shop/persona.md": "# Voice\nYou are kind.\n",
        "shop/returns/manual.md": "# Returns\nDo it.\n",
        "shop/returns/journey.py": JOURNEY,
        "shop/returns/rehearsal.py": REHEARSAL,
        "shop/fixtures/base.json": json.dumps(FIXTURE),
    }
    write(tmp_path / "journeys", files)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def chat(*said: str, hash_seed: int = 0) -> list[str]:
    """The replies of a conversation that is saved as t."""
    command = [sys.executable, "-m", "workbench", "chat", "--save", "t"]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(
        command, input="\n".join(said), capture_output=True, text=True, timeout=60, env=environment
    )
    return done.stdout.splitlines()


def test_turns_replays_and_hash_seeds_give_the_same_world(project: Path, capsys: Any) -> None:
    recordings = set()
    for seed in (1, 2):
        assert chat("begin it", "close everything", "tell me", hash_seed=seed)[-1] == TOLD
        path = project / "transcripts" / "shop" / "t.json"
        changes = [e.get("changed") for e in json.loads(path.read_bytes())["events"] if e["event"] == "result"]
        recordings.add(json.dumps(changes))
        assert run(["replay", "--tools=sandbox"]) == 0
        path.unlink()
    assert len(recordings) == 1


def test_a_call_that_ended_its_process_changed_nothing(project: Path, capsys: Any) -> None:
    assert chat("begin it", "crash now", "close everything", "tell me")[-1] == TOLD
    assert run(["replay", "--tools=sandbox"]) in (0, 2)


def test_an_edited_fixture_that_no_longer_fits_the_recorded_changes_is_reported(
    project: Path, capsys: Any
) -> None:
    chat("begin it", "close everything")
    path = project / "journeys" / "shop" / "fixtures" / "base.json"
    path.write_text(json.dumps({"world": {"Shop": {"orders": 3}}}))
    assert run(["replay", "--tools=sandbox"]) != 0
    assert "invalid fixture for Shop" in capsys.readouterr().err


def test_a_large_fixture_is_not_called_a_hang(project: Path, capsys: Any) -> None:
    orders = {
        f"O-{n}": {"number": f"O-{n}", "state": f"person{n}@posteo.de {'long ' * 20}"} for n in range(20_000)
    }
    path = project / "journeys" / "shop" / "fixtures" / "base.json"
    path.write_text(json.dumps({"world": {"Shop": {"orders": {**FIXTURE["world"]["Shop"]["orders"], **orders}}}}))
    chat("begin it", "close everything")
    assert run(["replay", "--tools=sandbox", "--timeout", "1"]) == 0
