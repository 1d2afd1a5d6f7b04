"""Replaying mutants: first the code as it is, and what each transcript reaches; then each mutant in a fork.

The engineer's files are read and never written: a mutant is compiled from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from ..errors import JourneyError, WorkbenchError
from ..journey import Agent
from ..mutation import Mutant
from ..replay import Outcome, Verdict, replay
from ..score import Fate, Status
from ..transcript import Transcript
from .forks import forked
from .loader import load_agent, load_instead
from .reached import Reached

CHUNK = 64  # transcripts a process is worth starting for
NO_LOAD = "it does not load"

Replay = Callable[[Transcript, Agent], Outcome]


class Base(msgspec.Struct):
    """Transcripts on the code as it is. `reached` has the lines that each green one runs, as (file, line).

    `left_out` says why, by index; `rulings` are (file, verdict, line).
    """

    transcripts: list[Transcript]
    green: list[int] = []
    left_out: dict[int, str] = {}
    reached: dict[int, set[tuple[str, int]]] = {}
    rulings: set[tuple[str, str, int]] = set()

    @property
    def lines(self) -> set[tuple[str, int]]:
        """All lines that any green transcript runs."""
        return set().union(*self.reached.values())


class _Heard(msgspec.Struct):
    """What a process of the base run says of one transcript."""

    index: int
    verdict: str
    why: str
    lines: set[tuple[str, int]]
    rulings: set[tuple[str, str, int]]


def files_in(root: Path) -> dict[str, str]:
    """The text of every Python file below journeys/, by its path. Raises JourneyError."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        try:
            found[name] = path.read_bytes().decode()
        except UnicodeDecodeError:
            raise JourneyError("it is no UTF-8", where=name, next="save it as UTF-8") from None
    return found


def base_run(
    root: Path, agent: str, transcripts: list[Transcript], *, jobs: int = 0, seconds: float, run: Replay = replay
) -> Base:
    """Replay transcripts of one agent and hear which lines they reach. Raises JourneyError if it does not load."""
    base = Base(transcripts)
    shares = [range(n, min(n + CHUNK, len(transcripts))) for n in range(0, len(transcripts), CHUNK)]

    def work(share: range) -> str | list[_Heard]:
        try:
            loaded = load_agent(root, agent)
        except WorkbenchError as error:
            return str(error)
        return [_hear(root, loaded, transcripts[index], index, run) for index in share]

    for number, said, ended in forked(shares, work, jobs, seconds):
        if isinstance(said, str):
            raise JourneyError(f"the agent does not load: {said}", where=f"{agent}/agent.py")
        if ended:
            base.left_out |= dict.fromkeys(shares[number], f"in its share of the replay, {ended}")
            continue
        for heard in msgspec.convert(said, list[_Heard]):
            if heard.verdict != Verdict.PASS:
                base.left_out[heard.index] = f"{heard.verdict}: {heard.why}"
                continue
            base.reached[heard.index] = heard.lines
            base.rulings |= heard.rulings
    base.green = sorted(base.reached, key=lambda index: len(transcripts[index].steps))
    return base


def _hear(root: Path, agent: Agent, transcript: Transcript, index: int, run: Replay) -> _Heard:
    reached = Reached(root)
    with reached.listening():
        try:
            outcome = run(transcript, agent)
        except WorkbenchError as error:
            outcome = Outcome(Verdict.ERROR, str(error))
    return _Heard(index, outcome.verdict.value, outcome.why, reached.lines, reached.rulings)


def trials(
    root: Path,
    agent: str,
    base: Base,
    mutants: Sequence[Mutant],
    *,
    jobs: int = 0,
    seconds: float,
    bodies: bool = False,
    run: Replay = replay,
) -> Iterator[Fate]:
    """The fate of each mutant, as they come. `bodies`: `run` runs the bodies of tools too."""
    tried: list[tuple[Mutant, list[int]]] = []
    for mutant in mutants:
        reaching = _reaching(base, mutant)
        if mutant.bodies and not bodies:
            yield Fate(mutant, Status.BODY)
        elif not reaching:
            yield Fate(mutant, Status.UNREACHED)
        else:
            tried.append((mutant, reaching))
    originals = {name: (root / name).read_bytes() for name in {m.file for m, _ in tried}}

    def work(task: tuple[Mutant, list[int]]) -> tuple[str, str]:
        mutant, reaching = task
        load_instead(root, {mutant.file: mutant.applied(originals[mutant.file])})
        try:
            loaded = load_agent(root, agent)
        except WorkbenchError as error:
            return NO_LOAD, str(error)
        for index in reaching:
            transcript = base.transcripts[index]
            try:
                outcome = run(transcript, loaded)
            except WorkbenchError as error:
                return transcript.id, str(error)
            if outcome.verdict is not Verdict.PASS:
                return transcript.id, f"{outcome.verdict.value}: {outcome.why}"
        return "", ""

    for number, said, ended in forked(tried, work, jobs, seconds):
        yield _fate(tried[number][0], said, ended)


def _reaching(base: Base, mutant: Mutant) -> list[int]:
    """The green transcripts that run a mutant's line; all, where it is read when the agent loads."""
    if not mutant.reach:
        return base.green
    lines = {(mutant.file, line) for line in mutant.reach}
    return [index for index in base.green if not lines.isdisjoint(base.reached[index])]


def _fate(mutant: Mutant, said: list[str] | None, ended: str) -> Fate:
    if said is None:
        return Fate(mutant, Status.BROKEN, why=ended)
    by, why = said
    if by == NO_LOAD:
        return Fate(mutant, Status.BROKEN, why=f"{NO_LOAD}: {why}")
    return Fate(mutant, Status.KILLED, by, why) if by else Fate(mutant, Status.SURVIVED)
