"""Review at scale: how long the list, a filter and a search take over 100,000 conversations.

They are made from the fifty airline ones, each with other ids, words, journeys,
tags and ends, and put into a project of their own that is removed in the end.

    python bench/library.py                 20,000 conversations: two minutes
    python bench/library.py --count 100000
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import string
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from workbench.errors import UsageError
from workbench.outside.archive import Archive
from workbench.outside.history import History
from workbench.outside.importers import tau_bench
from workbench.outside.indexing import Indexing
from workbench.outside.project import Project
from workbench.outside.shelf import Shelf
from workbench.query import Query
from workbench.steps import Entered, TurnEnd
from workbench.transcript import Mark, Transcript

HERE = Path(__file__).resolve().parents[1]
RUNS = HERE.parent / "shared" / "data" / "tau-airline" / "gpt-4o-airline-trial0.json"
JOURNEYS = ("booking", "cancellation", "changes", "baggage", "complaint", "refund", "upgrade", "insurance")
TAGS = ("refund", "angry", "vip", "tone", "wrong-fee", "handoff", "language", "policy-gap")
ENDS = ("replied", "replied", "replied", "handed_off", "limit", "model_error")
TYPED = (
    "gift card", "reservation cancel", '"travel insurance"', "the", "a", "flight to new york", "certificate",
    "tag:refund", "journey:cancellation outcome:limit", "is:marked mark:critical", "in:imports tool:book",
    "tag:angry refund -outcome:replied", "sort:suspicious", "sample:50", "sample:50 sort:suspicious",
    "zzz nothing has this", "-is:seen journey:booking",
)  # fmt: skip
IDS = re.compile(r"\b[A-Z0-9]{6}\b|\b[a-z]+_[a-z]+_\d{4}\b")


def conversations(count: int, seed: int = 1) -> Iterator[Transcript]:
    """So many different conversations."""
    made = tau_bench(RUNS.read_bytes(), "airline", RUNS.name)
    exhibits = [t.exhibits for t in made]
    bodies = [msgspec.json.encode(msgspec.structs.replace(t, exhibits={})).decode() for t in made]
    words = sorted({w for body in bodies for w in re.findall(r"[a-z]{4,12}", body)})
    chance, decoder = random.Random(seed), msgspec.json.Decoder(Transcript)
    for number in range(count):
        body = IDS.sub(lambda found: _like(found[0], chance), bodies[number % len(bodies)])
        yield _varied(decoder.decode(body.encode()), exhibits[number % len(bodies)], number, chance, words)


def _like(id: str, chance: random.Random) -> str:
    if "_" in id:
        return id[:-4] + "".join(chance.choices(string.digits, k=4))
    return "".join(chance.choices(string.ascii_uppercase + string.digits, k=6))


def _varied(
    t: Transcript, exhibits: dict[str, Any], number: int, chance: random.Random, words: list[str]
) -> Transcript:
    first, *others = t.steps
    while others and first.turn == 0:
        first, *others = others
    said = f"{first.text} {' '.join(chance.choices(words, k=20))}"  # type: ignore[union-attr]
    steps = [
        msgspec.structs.replace(first, text=said),
        Entered(turn=1, journey=chance.choice(JOURNEYS)),
        *others,
        TurnEnd(turn=others[-1].turn, answer=others[-1].answer, reason=chance.choice(ENDS)),  # type: ignore[arg-type]
    ]
    at = next((str(s.place) for s in others if type(s).__name__ == "Reply"), "")
    marks = [Mark(at, severity=chance.choice(("critical", "minor")))] if at and chance.random() < 0.05 else []
    return msgspec.structs.replace(
        t, title=said[:72], recording=f"{number:012x}", steps=steps, exhibits=exhibits, marks=marks,
        tags=chance.sample(TAGS, chance.choice((0, 0, 1, 2))),
    )  # fmt: skip


def ms(work: Any, *given: Any) -> float:
    began = time.perf_counter()
    work(*given)
    return (time.perf_counter() - began) * 1000


def say(name: str, figures: str, target: str = "") -> None:
    print(f"{name:34} {figures:46} {f'target {target}' if target else ''}".rstrip(), flush=True)


def spread(times: list[float]) -> str:
    times = sorted(times)
    p95 = times[min(int(len(times) * 0.95), len(times) - 1)]
    return f"p50 {statistics.median(times):5.1f}  p95 {p95:5.1f}  max {times[-1]:5.1f} ms"


def keys(library: Shelf) -> tuple[list[float], list[float]]:
    """Milliseconds for each key of what is typed, with the rows in sight: filters, and full text."""
    filters: list[float] = []
    words: list[float] = []
    for typed in TYPED:
        for length in range(1, len(typed) + 1):
            try:
                query = Query.parse(typed[:length])
            except UsageError:
                continue

            def look(query: Query = query) -> None:
                library.page(library.search(query).numbers[:50])

            (words if any(not t.filter for t in query.terms) else filters).append(ms(look))
    return filters, words


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    count = parser.parse_args().count
    if not RUNS.is_file():
        print(f"skipped: it needs {RUNS.relative_to(HERE.parent)}, beside the repository")
        return
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name))
        (project.journeys / "airline").mkdir(parents=True)
        for path in (HERE / "journeys" / "airline").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                there = project.journeys / "airline" / path.relative_to(HERE / "journeys" / "airline")
                there.parent.mkdir(parents=True, exist_ok=True)
                there.write_bytes(path.read_bytes())
        took = ms(Archive(project.state / "archive.db").add, conversations(count)) / 1000
        say("making and importing", f"{took:.0f} s, {took / count * 1e3:.2f} ms each")
        indexing = Indexing(project.state, project.transcripts)
        took = ms(indexing.refresh) / 1000
        say("building the index", f"{took:.0f} s, {count / took:,.0f} a second")
        say("looking again, nothing changed", f"{ms(indexing.refresh):.0f} ms")
        indexing.close()
        sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(project.state.glob("*.db"))}
        say("on disk", ", ".join(f"{file} {size:.0f} MB" for file, size in sizes.items()))
        library = Shelf(project, History(project.state, project.transcripts))
        say(
            "the list, from a closed file",
            f"{ms(lambda: library.page(library.search(Query()).numbers[:50])):.0f} ms",
            "100 ms",
        )
        filters, words = keys(library)
        say(f"a filter, {len(filters)} keys", spread(filters), "100 ms a key")
        say(f"full text, {len(words)} keys", spread(words), "100 ms a key")
        library.close()


if __name__ == "__main__":
    main()
