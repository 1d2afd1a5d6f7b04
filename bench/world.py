"""Large worlds: a further turn at 5 and 50 MB, and 200 replays with tools on an airline of 3.3 MB.

Targets on a quiet machine: a further turn of at most 100 ms at 5 MB and 500 ms at 50 MB, and
at most 10 s for the replays. The data is generated; no model is called.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import msgspec

from workbench.engine.conversation import ConversationRun
from workbench.engine.sandbox import Sandbox
from workbench.engine.turn import run_turn
from workbench.runtime.loader import LoadedAgent, load, make_world
from workbench.runtime.protocol import Done, EventRecorded, Failed, RunTurn
from workbench.runtime.worker import WorkerPool, start_fork_server
from workbench.testing.scripted import ScriptedModel, tool_use
from workbench.trace.events import AnyEvent
from workbench.transcripts.builder import build_transcript
from workbench.transcripts.codec import encode

TURNS = 7
CONVERSATIONS = 200
JOURNEY = '''
    from dataclasses import dataclass, field
    from workbench import Journey, Rehearsal, Call, Say, world

    desk = Journey("desk", goal="Flights and bookings")

    @dataclass
    class Day:
        status: str = "available"
        seats: dict[str, int] = field(default_factory=dict)
        prices: dict[str, int] = field(default_factory=dict)

    @dataclass
    class Flight:
        number: str
        origin: str
        destination: str
        departs: str = "09:00"
        days: dict[str, Day] = field(default_factory=dict)

    @dataclass
    class User:
        id: str
        name: str
        email: str
        address: dict[str, str] = field(default_factory=dict)
        bookings: list[str] = field(default_factory=list)

    @dataclass
    class Booking:
        id: str
        user: str
        flights: list[str] = field(default_factory=list)
        passengers: list[dict[str, str]] = field(default_factory=list)
        bags: int = 0

    @world
    class Airline:
        flights: dict[str, Flight] = field(default_factory=dict)
        users: dict[str, User] = field(default_factory=dict)
        bookings: dict[str, Booking] = field(default_factory=dict)

    @desk.tool
    def find_user(id: str, airline: Airline) -> User:
        """Find a user."""
        return airline.users[id]

    @desk.tool
    def find_booking(id: str, airline: Airline) -> Booking:
        """Find a booking."""
        return airline.bookings[id]

    @desk.tool
    def search(origin: str, destination: str, day: str, airline: Airline) -> list[str]:
        """Search the flights of a day."""
        found = [f for f in airline.flights.values() if (f.origin, f.destination) == (origin, destination)]
        return [f.number for f in found if day in f.days]

    @desk.tool(writes=True)
    def add_bag(id: str, airline: Airline) -> int:
        """Add a bag to a booking."""
        airline.bookings[id].bags += 1
        return airline.bookings[id].bags

    desk.rehearsal = script = Rehearsal()

    @script.intent("one more bag")
    def bag(scene):
        yield Call(find_booking, id="B-7")
        yield Call(add_bag, id="B-7")
        yield Say("Done.")
'''
FILES = {
    "air/agent.py": """
        from workbench import Agent
        from .desk.journey import desk
        agent = Agent("air", journeys=[desk])
    """,
    "air/persona.md": "# Voice\nYou are kind.\n",
    "air/desk/manual.md": "# Desk\nHelp.\n",
    "air/desk/journey.py": JOURNEY,
}
CITIES = ["ATL", "BOS", "CLT", "DEN", "DFW", "EWR", "IAH", "JFK", "LAX", "LGA"]


def airline(size: int) -> bytes:
    """A fixture of about `size` bytes, in the shape of the airline of tau-bench."""
    day = {
        "status": "available",
        "seats": {"economy": 17, "business": 9},
        "prices": {"economy": 122, "business": 352},
    }
    days = {f"2024-05-{n:02}": day for n in range(1, 31)}
    unit = size // 3_300_000 or 1
    flights = {
        f"HAT{n:03}": {
            "number": f"HAT{n:03}",
            "origin": CITIES[n % 10],
            "destination": CITIES[n // 10 % 10],
            "days": days,
        }
        for n in range(300 * unit)
    }
    users = {
        f"user_{n}": {
            "id": f"user_{n}",
            "name": f"Ida Number {n}",
            "email": f"ida{n}@posteo.de",
            "address": {"street": f"{n} Long Street", "city": "Ghent", "zip": f"{n:05}"},
            "bookings": [f"B-{n}"],
        }
        for n in range(500 * unit)
    }
    left = max(0, size - len(msgspec.json.encode([flights, users])))
    passengers = [{"first": "Ida", "last": "Lind", "dob": "1990-04-05"}] * 4
    bookings = {
        f"B-{n}": {
            "id": f"B-{n}",
            "user": f"user_{n % (500 * unit)}",
            "flights": ["HAT001"],
            "passengers": passengers,
        }
        for n in range(left // 300 + 10)
    }
    return msgspec.json.encode({"world": {"Airline": {"flights": flights, "users": users, "bookings": bookings}}})


def project(folder: Path, size: int) -> Path:
    for name, text in FILES.items():
        path = folder / "journeys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    data = airline(size)
    (folder / "journeys" / "air" / "fixtures").mkdir()
    (folder / "journeys" / "air" / "fixtures" / "all.json").write_bytes(data)
    print(f"{len(data) / 1e6:.1f} MB")
    return folder / "journeys"


async def turns(root: Path) -> list[float]:
    """Milliseconds of each turn of a conversation in a worker."""
    pool = WorkerPool(root)
    worker = await pool.start("air", "rehearsal")
    setup = worker.agent_info.fixtures[0].setup
    events: list[AnyEvent] = []
    times = []
    for _ in range(TURNS):
        began = time.perf_counter()
        async for event in worker.ask(RunTurn(setup, list(events), {}, "one more bag")):
            if isinstance(event, EventRecorded):
                events.append(event.event)
            elif isinstance(event, Failed):
                raise event.error
            elif isinstance(event, Done):
                times.append((time.perf_counter() - began) * 1000)
    pool.close()
    return times


def record(loaded: LoadedAgent, number: int) -> bytes:
    """A conversation of five calls about a user."""
    setup = loaded.fixtures["all"].setup
    conversation = ConversationRun(loaded.agent, setup)
    model = ScriptedModel(
        [tool_use("find_user", id=f"user_{number}")],
        [tool_use("find_booking", id=f"B-{number}")],
        [tool_use("search", origin=CITIES[number % 10], destination="BOS", day="2024-05-20")],
        [tool_use("add_bag", id=f"B-{number}")],
        [tool_use("add_bag", id=f"B-{number}")],
        "Done.",
    )
    asyncio.run(run_turn(conversation, "two more bags", model, Sandbox(make_world(loaded, setup))))
    return encode(build_transcript("golden", f"bags {number}", (), setup, conversation.trace, []))


def replays(folder: Path) -> None:
    loaded = load(project(folder, 3_300_000), "air")
    target = folder / "transcripts"
    target.mkdir()
    for number in range(CONVERSATIONS):
        (target / f"bags-{number}.json").write_bytes(record(loaded, number))
    for tools in ("recorded", "sandbox"):
        began = time.perf_counter()
        command = [sys.executable, "-m", "workbench", "replay", f"--tools={tools}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        summary = (done.stdout + done.stderr).strip().splitlines()[-2:]
        print(f"--tools={tools}: {time.perf_counter() - began:.1f} s, {summary}")


def main() -> None:
    start_fork_server("rehearsal")
    for size in (5_000_000, 50_000_000):
        with tempfile.TemporaryDirectory() as name:
            first, *further = asyncio.run(turns(project(Path(name), size)))
            print(f"first turn {first:.0f} ms, a further turn {statistics.median(further):.0f} ms")
    with tempfile.TemporaryDirectory() as name:
        replays(Path(name))
    print(json.dumps({"load": os.getloadavg()}))


if __name__ == "__main__":
    main()
