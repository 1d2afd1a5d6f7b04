"""Projects to measure with: one conversation that is long, and many that are short."""

from __future__ import annotations

import random
import re
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from workbench.store.import_archive import ImportArchive
from workbench.store.indexer import Indexer
from workbench.store.project import Project
from workbench.store.session_log import SessionLogs
from workbench.trace.events import AnyEvent, JourneyEntered, TurnEnded
from workbench.transcripts.codec import read
from workbench.transcripts.importers.importing import import_bytes
from workbench.transcripts.transcript import Annotation, Transcript

HERE = Path(__file__).resolve().parents[2]
RUNS = HERE.parent / "shared" / "data" / "tau-airline" / "gpt-4o-airline-trial0.json"
JOURNEYS = ("booking", "cancellation", "changes", "baggage", "complaint", "refund", "upgrade", "insurance")
TAGS = ("refund", "angry", "vip", "tone", "wrong-fee", "handoff", "language", "policy-gap")
ENDS = ("replied", "replied", "replied", "handed_off", "limit", "model_error")
IDS = re.compile(r"\b[A-Z0-9]{6}\b|\b[a-z]+_[a-z]+_\d{4}\b")


def sample(folder: Path, agent: str = "support") -> Project:
    """A project with one agent of the samples, and nothing said yet."""
    project = Project(folder)
    shutil.copytree(
        HERE / "journeys" / agent, project.journeys / agent, ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "workbench.toml").write_text(f'agent = "{agent}"\n')
    project.state.mkdir()
    return project


def long_talk(project: Project, count: int) -> None:
    """Keep a conversation of so many steps: the sample transcripts, one after the other, again and again."""
    made = [read(path) for path in sorted((HERE / "transcripts" / "support").glob("*.json"))]
    events: list[AnyEvent] = []
    while len(events) < count:
        for transcript in made:
            before = events[-1].turn if events else 0
            events += [msgspec.structs.replace(s, turn=s.turn + before) for s in transcript.events if s.turn]
    history = SessionLogs(project.state, project.transcripts)
    history.begin("long", {"session": "long", "setup": made[0].setup, "model": "rehearsal"})
    for key, value in {k: v for t in made for k, v in t.blobs.items()}.items():
        history.append("long", {"blob": key, "value": value})
    for event in events[:count]:
        history.append("long", {"event": event})
    history.close()


def many_talks(project: Project, count: int) -> None:
    """Import so many conversations, and index them. Needs RUNS."""
    ImportArchive(project.state / "archive.db").add(conversations(count))
    indexing = Indexer(project.state, project.transcripts)
    indexing.refresh()
    indexing.close()


def conversations(count: int, seed: int = 1) -> Iterator[Transcript]:
    """So many different conversations."""
    made = import_bytes(RUNS.read_bytes(), "airline", RUNS.name)
    blobs = [t.blobs for t in made]
    bodies = [msgspec.json.encode(msgspec.structs.replace(t, blobs={})).decode() for t in made]
    words = sorted({w for body in bodies for w in re.findall(r"[a-z]{4,12}", body)})
    chance, decoder = random.Random(seed), msgspec.json.Decoder(Transcript)
    for number in range(count):
        body = IDS.sub(lambda found: _like(found[0], chance), bodies[number % len(bodies)])
        yield _varied(decoder.decode(body.encode()), blobs[number % len(bodies)], number, chance, words)


def _like(id: str, chance: random.Random) -> str:
    if "_" in id:
        return id[:-4] + "".join(chance.choices(string.digits, k=4))
    return "".join(chance.choices(string.ascii_uppercase + string.digits, k=6))


def _varied(
    t: Transcript, blobs: dict[str, Any], number: int, chance: random.Random, words: list[str]
) -> Transcript:
    first, *others = t.events
    while others and first.turn == 0:
        first, *others = others
    said = f"{first.text} {' '.join(chance.choices(words, k=20))}"  # type: ignore[union-attr]
    steps = [
        msgspec.structs.replace(first, text=said),
        JourneyEntered(turn=1, journey=chance.choice(JOURNEYS)),
        *others,
        TurnEnded(turn=others[-1].turn, answer=others[-1].answer, reason=chance.choice(ENDS)),  # type: ignore[arg-type]
    ]
    at = next((str(s.step_id) for s in others if type(s).__name__ == "Reply"), "")
    annotations = (
        [Annotation(at, severity=chance.choice(("critical", "minor")))] if at and chance.random() < 0.05 else []
    )
    return msgspec.structs.replace(
        t, title=said[:72], recording_id=f"{number:012x}", events=steps, blobs=blobs, annotations=annotations,
        tags=chance.sample(TAGS, chance.choice((0, 0, 1, 2))),
    )  # fmt: skip
