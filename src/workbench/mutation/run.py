"""Replaying mutants: first the code as it is, and what each transcript reaches; then each mutant in a fork.

The engineer's files are read and never written: a mutant is compiled from memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType

import msgspec

from ..errors import JourneyError
from ..replay.verdict import DEFAULT, Options, Verdict
from ..runtime.module_loader import compiled, load_instead
from ..runtime.replayer import Share, Work
from ..transcripts.transcript import Transcript
from .forked import forked
from .line_tracer import Reached
from .mutants import Mutant
from .score import Fate, Status

CHUNK = 64  # transcripts a process is worth starting for
NO_LOAD = "it does not load"


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
    root: Path,
    agent: str,
    transcripts: list[Transcript],
    *,
    jobs: int = 0,
    seconds: float,
    options: Options = DEFAULT,
) -> Base:
    """Replay transcripts of one agent and hear which lines they reach. Raises JourneyError if it does not load."""
    base = Base(transcripts)
    shares = [range(n, min(n + CHUNK, len(transcripts))) for n in range(0, len(transcripts), CHUNK)]

    def work(indexes: range) -> str | list[_Heard]:
        share = Share(Work(str(root), options))
        loaded = share.agent(agent)
        if isinstance(loaded, JourneyError):
            return str(loaded)
        return [_hear(root, share, transcripts[index], index) for index in indexes]

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


def _hear(root: Path, share: Share, transcript: Transcript, index: int) -> _Heard:
    reached = Reached(root)
    with reached.listening():
        outcome = share.outcome(transcript)
    return _Heard(index, outcome.verdict.value, outcome.why, reached.lines, reached.rulings)


def mutant_runs(
    root: Path,
    agent: str,
    base: Base,
    mutants: Sequence[Mutant],
    *,
    jobs: int = 0,
    seconds: float,
    options: Options = DEFAULT,
) -> Iterator[Fate]:
    """The fate of each mutant, as they come, in replays as the base run was.

    Files are read once at the start: an edit meanwhile changes nothing.
    """
    tried: list[tuple[Mutant, list[int]]] = []
    for mutant in mutants:
        reaching = _reaching(base, mutant)
        if mutant.bodies and options.tools == "recorded":
            yield Fate(mutant, Status.BODY)
        elif not reaching:
            yield Fate(mutant, Status.UNREACHED)
        else:
            tried.append((mutant, reaching))
    originals = {name: text.encode() for name, text in files_in(root).items()}
    codes: dict[str, CodeType] = {}
    for name, data in originals.items():
        with contextlib.suppress(SyntaxError, ValueError):  # another agent's: this one has loaded
            codes[name] = compiled(root, name, data)

    def work(task: tuple[Mutant, list[int]]) -> tuple[str, str]:
        mutant, reaching = task
        wrong = compiled(root, mutant.file, mutant.applied(originals[mutant.file]))
        load_instead([*(code for name, code in codes.items() if name != mutant.file), wrong])
        share = Share(Work(str(root), options))
        loaded = share.agent(agent)
        if isinstance(loaded, JourneyError):
            return NO_LOAD, str(loaded)
        for index in reaching:
            transcript = base.transcripts[index]
            outcome = share.outcome(transcript)
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
