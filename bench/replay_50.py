"""How fast fifty real conversations replay, in one process on one core: `python bench/replay_50.py`.

Counted from the bytes of the files to the verdict, as `workbench replay` does.
The floor is reading those bytes as JSON and doing nothing with them, and what
the policies themselves take. Then, where the time goes: each part by itself.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from workbench.authoring.agent import Agent
from workbench.replay.judge import replay
from workbench.replay.rerun import rerun, run_sync
from workbench.replay.tape import Tape
from workbench.runtime.loader import load
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.importers.importing import import_bytes
from workbench.transcripts.transcript import Transcript

HERE = Path(__file__).resolve().parents[1]
RUNS = HERE.parent / "shared" / "data" / "tau-airline" / "gpt-4o-airline-trial0.json"
ROUNDS = 15


def files() -> list[bytes]:
    """The transcripts as `workbench import tau-bench` writes them."""
    if not RUNS.is_file():
        sys.exit(f"needs {RUNS.relative_to(HERE.parent)}, beside the repository")
    return [encode(transcript) for transcript in import_bytes(RUNS.read_bytes(), "airline", RUNS.name)]


def airline(policies: bool) -> Agent:
    agent = load(HERE / "journeys", "airline").agent
    if not policies:
        for journey in agent.journeys.values():
            journey.policies.clear()
    return agent


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The best of several rounds: the rest is what else the machine does."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def policies_alone(transcripts: list[Transcript]) -> float:
    """Seconds spent in the functions of the policies themselves, in one replay of all; the best of several."""
    agent, spent = airline(True), [0.0]

    def timed(fn: Callable[..., Any]) -> Callable[..., Any]:
        def asked(**offered: Any) -> Any:
            start = time.perf_counter()
            try:
                return fn(**offered)
            finally:
                spent[0] += time.perf_counter() - start

        return asked

    for policy in agent.all_policies():
        assert policy.parameters  # asked of the function itself, before it is wrapped
        msgspec.structs.force_setattr(policy, "fn", timed(policy.fn))
    best = float("inf")
    for _ in range(ROUNDS):
        spent[0] = 0.0
        for transcript in transcripts:
            replay(transcript, agent)
        best = min(best, spent[0])
    return best


def parts(blobs: list[bytes], floor: float) -> None:
    """Where the time goes: each part done by itself."""
    typed = msgspec.json.Decoder(Transcript)
    transcripts = [decode(blob) for blob in blobs]
    free, judged = airline(False), airline(True)
    took = {
        "bytes into typed steps": seconds(lambda: [typed.decode(blob) for blob in blobs]),
        "those, and checked": seconds(lambda: [decode(blob) for blob in blobs]),
        "a record grouped into moves": seconds(lambda: [Tape(t.events) for t in transcripts]),
        "run again, no policies": seconds(lambda: [run(free, t) for t in transcripts]),
        "run again, all policies": seconds(lambda: [run(judged, t) for t in transcripts]),
        "the policies' own functions": policies_alone(transcripts),
        "run again, told and judged": seconds(lambda: [replay(t, judged) for t in transcripts]),
    }
    print("\neach part by itself")
    for name, time_of in took.items():
        print(f"  {name:28} {time_of / len(blobs) * 1e6:5.0f} us each, {time_of / floor:4.1f} x JSON only")


def run(agent: Agent, transcript: Transcript) -> None:
    run_sync(agent, rerun(agent, transcript.setup, transcript.events))


def main() -> None:
    gc.set_threshold(100_000, 20, 20)  # as the command does
    blobs = files()
    raw = msgspec.json.Decoder()
    floor = seconds(lambda: [raw.decode(blob) for blob in blobs])
    read = seconds(lambda: [decode(blob) for blob in blobs])
    print(f"{len(blobs)} transcripts, {sum(map(len, blobs)) / len(blobs) / 1000:.0f} KB each")
    print(f"JSON only (floor)    {floor / len(blobs) * 1e6:7.0f} us each")
    print(f"reading a transcript {read / len(blobs) * 1e6:7.0f} us each, {read / floor:4.1f} x the floor")
    for name, agent in [("all policies", airline(True)), ("no policies", airline(False))]:
        took = seconds(lambda agent=agent: [replay(decode(blob), agent) for blob in blobs])  # type: ignore[misc]
        verdicts = Counter(replay(decode(blob), agent).verdict.value for blob in blobs)
        each = took / len(blobs)
        counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        print(f"replay, {name:12} {each * 1e6:7.0f} us each, {took / floor:4.1f} x the floor: ", end="")
        print(f"{1 / each:,.0f} a second ({counted})")
    parts(blobs, floor)


if __name__ == "__main__":
    main()
