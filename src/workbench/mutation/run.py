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
from ..runtime.module_loader import compile_journey, override_modules
from ..runtime.replayer import Replayer, ReplayJob
from ..transcripts.transcript import Transcript
from .forked import run_forked
from .line_tracer import LineTracer
from .mutants import Mutant
from .score import MutantResult, Status

CHUNK = 64  # transcripts a process is worth starting for
NO_LOAD = "it does not load"


class Baseline(msgspec.Struct):
    """Transcripts on the code as it is. `reached` has the lines that each green one runs, as (file, line).

    `left_out` says why, by index; `rulings` are (file, verdict, line).
    """

    transcripts: list[Transcript]
    green: list[int] = []
    left_out: dict[int, str] = {}
    reached: dict[int, set[tuple[str, int]]] = {}
    decisions: set[tuple[str, str, int]] = set()

    @property
    def lines(self) -> set[tuple[str, int]]:
        """All lines that any green transcript runs."""
        return set().union(*self.reached.values())


class _BaseReplay(msgspec.Struct):
    """What a process of the base run says of one transcript."""

    index: int
    verdict: str
    why: str
    lines: set[tuple[str, int]]
    decisions: set[tuple[str, str, int]]


def read_sources(root: Path) -> dict[str, str]:
    """The text of every Python file below journeys/, by its path. Raises JourneyError."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        try:
            found[name] = path.read_bytes().decode()
        except UnicodeDecodeError:
            raise JourneyError("it is no UTF-8", where=name, hint="save it as UTF-8") from None
    return found


def run_baseline(
    root: Path,
    agent: str,
    transcripts: list[Transcript],
    *,
    jobs: int = 0,
    seconds: float,
    options: Options = DEFAULT,
) -> Baseline:
    """Replay transcripts of one agent and hear which lines they reach. Raises JourneyError if it does not load."""
    base = Baseline(transcripts)
    shares = [range(n, min(n + CHUNK, len(transcripts))) for n in range(0, len(transcripts), CHUNK)]

    def work(indexes: range) -> str | list[_BaseReplay]:
        share = Replayer(ReplayJob(str(root), options))
        loaded = share.agent(agent)
        if isinstance(loaded, JourneyError):
            return str(loaded)
        return [_receive(root, share, transcripts[index], index) for index in indexes]

    for number, result, ended in run_forked(shares, work, jobs, seconds):
        if isinstance(result, str):
            raise JourneyError(f"the agent does not load: {result}", where=f"{agent}/agent.py")
        if ended:
            base.left_out |= dict.fromkeys(shares[number], f"in its share of the replay, {ended}")
            continue
        for replayed in msgspec.convert(result, list[_BaseReplay]):
            if replayed.verdict != Verdict.PASS:
                base.left_out[replayed.index] = f"{replayed.verdict}: {replayed.why}"
                continue
            base.reached[replayed.index] = replayed.lines
            base.decisions |= replayed.decisions
    base.green = sorted(base.reached, key=lambda index: len(transcripts[index].events))
    return base


def _receive(root: Path, share: Replayer, transcript: Transcript, index: int) -> _BaseReplay:
    reached = LineTracer(root)
    with reached.tracing():
        outcome = share.outcome(transcript)
    return _BaseReplay(index, outcome.verdict.value, outcome.why, reached.lines, reached.decisions)


def run_mutants(
    root: Path,
    agent: str,
    base: Baseline,
    mutants: Sequence[Mutant],
    *,
    jobs: int = 0,
    seconds: float,
    options: Options = DEFAULT,
) -> Iterator[MutantResult]:
    """The fate of each mutant, as they come, in replays as the base run was.

    Files are read once at the start: an edit meanwhile changes nothing.
    """
    tried: list[tuple[Mutant, list[int]]] = []
    for mutant in mutants:
        reaching = _reaching(base, mutant)
        if mutant.bodies and options.tools == "recorded":
            yield MutantResult(mutant, Status.NOT_RUN)
        elif not reaching:
            yield MutantResult(mutant, Status.NO_COVERAGE)
        else:
            tried.append((mutant, reaching))
    originals = {name: text.encode() for name, text in read_sources(root).items()}
    codes: dict[str, CodeType] = {}
    for name, data in originals.items():
        with contextlib.suppress(SyntaxError, ValueError):  # another agent's: this one has loaded
            codes[name] = compile_journey(root, name, data)

    def work(task: tuple[Mutant, list[int]]) -> tuple[str, str]:
        mutant, reaching = task
        wrong = compile_journey(root, mutant.file, mutant.apply(originals[mutant.file]))
        override_modules([*(code for name, code in codes.items() if name != mutant.file), wrong])
        share = Replayer(ReplayJob(str(root), options))
        loaded = share.agent(agent)
        if isinstance(loaded, JourneyError):
            return NO_LOAD, str(loaded)
        for index in reaching:
            transcript = base.transcripts[index]
            outcome = share.outcome(transcript)
            if outcome.verdict is not Verdict.PASS:
                return transcript.id, f"{outcome.verdict.value}: {outcome.why}"
        return "", ""

    for number, result, ended in run_forked(tried, work, jobs, seconds):
        yield _result_of(tried[number][0], result, ended)


def _reaching(base: Baseline, mutant: Mutant) -> list[int]:
    """The green transcripts that run a mutant's line; all, where it is read when the agent loads."""
    if not mutant.covering_lines:
        return base.green
    lines = {(mutant.file, line) for line in mutant.covering_lines}
    return [index for index in base.green if not lines.isdisjoint(base.reached[index])]


def _result_of(mutant: Mutant, result: list[str] | None, ended: str) -> MutantResult:
    if result is None:
        return MutantResult(mutant, Status.ERROR, why=ended)
    by, why = result
    if by == NO_LOAD:
        return MutantResult(mutant, Status.ERROR, why=f"{NO_LOAD}: {why}")
    return MutantResult(mutant, Status.KILLED, by, why) if by else MutantResult(mutant, Status.SURVIVED)
