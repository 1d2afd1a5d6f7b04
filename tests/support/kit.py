"""A small shop to test with: an agent written to a folder, conversations with it, their transcripts."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path
from typing import Any

import msgspec

from workbench.engine.conversation import ConversationRun
from workbench.engine.sandbox import Sandbox
from workbench.engine.turn import run_turn
from workbench.runtime.loader import LoadedAgent, load, make_world
from workbench.testing import ScriptedModel
from workbench.testing import tool_use as use
from workbench.trace.events import AnyEvent
from workbench.trace.steps import Step, group_steps
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.files import write as write_transcript
from workbench.transcripts.transcript import SCHEMA, Annotation, Transcript, hash_recording

AGENT = """
    from workbench import Agent
    from .returns.journey import returns
    agent = Agent("shop", journeys=[returns])
"""

JOURNEY = """
    from dataclasses import dataclass
    from workbench import Block, Journey, ToolError, world

    @dataclass
    class Order:
        number: str
        days: int
        returned: bool = False

    @world
    class Shop:
        orders: dict[str, Order]

    returns = Journey("returns", goal="Return a pair of shoes")

    @returns.tool
    def find_order(order_number: str, shop: Shop) -> Order:
        '''Find an order by its number.'''
        if order_number not in shop.orders:
            raise ToolError("there is no such order")
        return shop.orders[order_number]

    @returns.tool(writes=True)
    def create_return(order_number: str, shop: Shop) -> str:
        '''Open a return.'''
        shop.orders[order_number].returned = True
        return "R-1"
"""

WINDOW = """
    @returns.policy(before=create_return)
    def return_window(call, conversation):
        '''Returns close 30 days after delivery.

        Why: worn shoes cannot be sold again.
        '''
        order = conversation.result(find_order, order_number=call["order_number"])
        if order is None:
            return Block("look the order up first")
        if order.days > 30:
            return Block(f"delivered {order.days} days ago; the limit is 30", days=order.days)
"""

FIXTURE = """{"world": {"Shop": {"orders": {
  "OL-1": {"number": "OL-1", "days": 52},
  "OL-2": {"number": "OL-2", "days": 2}
}}}}"""


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below `root`, dedented."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return root


def shop_files(*policies: str, journey: str = JOURNEY, agent: str = AGENT) -> dict[str, str]:
    parts = [textwrap.dedent(p) for p in (journey, *policies)]
    return {
        "shop/agent.py": agent,
        "shop/persona.md": "# Voice\nYou are kind.\n",
        "shop/returns/manual.md": "# Returns\nLook the order up first.\n\n## Then\nOpen the return.\n",
        "shop/returns/journey.py": "\n".join(parts),
        "shop/fixtures/base.json": FIXTURE,
    }


def shop(folder: Path, *policies: str, **changes: str) -> LoadedAgent:
    """The shop with these policies, loaded from `folder`/journeys."""
    return load(write(folder / "journeys", shop_files(*policies, **changes)), "shop")


def converse(loaded: LoadedAgent, model: Any, *said: str, fixture: str = "base") -> ConversationRun:
    """A conversation of these customer messages against the sandbox."""
    start = loaded.fixtures[fixture]
    conversation = ConversationRun(loaded.agent, start.setup)
    world = make_world(loaded, start.setup)

    async def talk() -> None:
        for words in said:
            await run_turn(conversation, words, model, Sandbox(world))

    asyncio.run(talk())
    return conversation


def all_moves(conversation: ConversationRun) -> list[Step]:
    return [m for t in group_steps(conversation.trace) for m in t.steps]


def kinds(conversation: ConversationRun) -> list[str]:
    return [type(event).__name__ for event in conversation.trace]


def saved(conversation: ConversationRun, kind: str = "golden", **more: Any) -> Transcript:
    """The conversation as a transcript."""
    events: list[AnyEvent] = list(conversation.trace.events)
    return Transcript(
        schema=SCHEMA,
        id="t",
        kind=kind,  # type: ignore[arg-type]
        agent=conversation.agent.name,
        setup=conversation.setup,
        events=events,
        blobs=conversation.trace.blobs,
        recording_id=hash_recording(events, conversation.setup),
        **more,
    )


LATE = [use("find_order", order_number="OL-1")], [use("create_return", order_number="OL-1")], "Done."


def late_talk(folder: Path) -> ConversationRun:
    """A return 52 days after delivery, in a shop without policies: `WINDOW` would block it at 1.2.1."""
    return converse(shop(folder / "recorded"), ScriptedModel(*LATE), "return OL-1")


def late_mistake(folder: Path, expect: str = "not_executed", **fields: Any) -> Transcript:
    """The same as a mistake that is open: at 1.2.1 it expects this."""
    expectation = Expectation(expect, "1.2.1", **fields)  # type: ignore[arg-type]
    return saved(late_talk(folder), "mistake", expectations=[expectation], annotations=[Annotation("1.2.1")])


def put(folder: Path, name: str, transcript: Transcript, id: str = "") -> Path:
    """Write a transcript to transcripts/NAME.json; its id is the name, where no other is given."""
    path = folder / "transcripts" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_transcript(path, msgspec.structs.replace(transcript, id=id or name))
    return path
