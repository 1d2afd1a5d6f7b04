"""Replay mutants: first the unchanged code, to find the lines of each transcript; then each mutant in a fork.

Files are read and never written: a mutant is compiled from memory.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType

import msgspec

from ..errors import JourneyError
from ..findings import location
from ..replay.verdict import DEFAULT, Options, Verdict
from ..runtime.module_loader import compile_journey, override_modules
from ..runtime.replayer import Replayer, ReplayJob
from ..source import ROOT_PACKAGE, journey_path
from ..transcripts.transcript import Transcript
from .coverage import CoveredDefinition
from .forked import run_forked
from .line_tracer import LineTracer
from .mutants import Mutant
from .score import MutantResult, Status

CHUNK = 64  # transcripts for which a further process is worth its start
NO_LOAD = "does not load"


class Baseline(msgspec.Struct):
    """The replay of the unchanged code.

    `reached` has the lines of each passing transcript as (file, line), with those that run
    when the agent is loaded. `passed` are the indexes of passing transcripts, `left_out`
    has the reasons of the others by index; `decisions` are (file, effect, line). `policies`
    are those of the loaded agent, however they were declared.
    """

    transcripts: list[Transcript]
    passed: list[int] = []
    left_out: dict[int, str] = {}
    reached: dict[int, set[tuple[str, int]]] = {}
    decisions: set[tuple[str, str, int]] = set()
    policies: list[CoveredDefinition] = []
    loaded: set[str] = set()  # files below journeys/ that the agent and its replays imported

    @property
    def lines(self) -> set[tuple[str, int]]:
        """Return all lines that passing transcripts run."""
        return set().union(*self.reached.values())


class _BaselineReplay(msgspec.Struct):
    """The result of one transcript of the baseline."""

    index: int
    verdict: str
    why: str
    lines: set[tuple[str, int]]
    decisions: set[tuple[str, str, int]]
    policies: set[str]


class _BaselineShare(msgspec.Struct):
    """The results of a share of the baseline, and the policies of the agent by full name."""

    replayed: list[_BaselineReplay]
    policies: dict[str, tuple[str, str]]  # name and source location
    loaded: list[str]
    lines: set[tuple[str, int]]  # that ran while the agent was loaded


def read_sources(root: Path) -> dict[str, str]:
    """Read every Python file below journeys/, by path. Raises JourneyError."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not path.is_file():  # reading a pipe would block
            continue
        try:
            found[name] = path.read_bytes().decode()
        except UnicodeDecodeError:
            raise JourneyError("the file is not valid UTF-8", where=name, hint="save it as UTF-8") from None
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            raise JourneyError(message, where=name, hint="make it readable, or remove it") from None
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
    """Replay transcripts of one agent and trace their lines. Raises JourneyError if it does not load."""
    base = Baseline(transcripts)
    declared: dict[str, tuple[str, str]] = {}
    called: set[str] = set()
    shares = [range(n, min(n + CHUNK, len(transcripts))) for n in range(0, len(transcripts), CHUNK)]

    def work(indexes: range) -> str | _BaselineShare:
        share = Replayer(ReplayJob(str(root), options))
        tracer = LineTracer(root)
        with tracer.tracing():
            loaded = share.agent(agent)
        if isinstance(loaded, JourneyError):
            return str(loaded)
        policies = {p.full_name: (p.name, p.source) for p in loaded.all_policies()}
        return _BaselineShare(
            [_trace(root, share, transcripts[index], index) for index in indexes],
            policies,
            _loaded_files(),
            tracer.lines,
        )

    for number, result, ended in run_forked(shares, work, jobs, seconds):
        if isinstance(result, str):
            raise JourneyError(f"the agent does not load: {result}", where=f"{agent}/agent.py")
        if ended:
            base.left_out |= dict.fromkeys(shares[number], f"a replay in the same process failed: {ended}")
            continue
        done = msgspec.convert(result, _BaselineShare)
        declared |= done.policies
        base.loaded |= set(done.loaded)
        for replayed in done.replayed:
            if replayed.verdict != Verdict.PASS:
                base.left_out[replayed.index] = f"{replayed.verdict}: {replayed.why}"
                continue
            base.reached[replayed.index] = replayed.lines | done.lines
            base.decisions |= replayed.decisions
            called |= replayed.policies
    base.policies = sorted(
        (
            CoveredDefinition(*location(source), name, full_name in called)
            for full_name, (name, source) in declared.items()
        ),
        key=lambda policy: (policy.file, policy.line),
    )
    base.passed = sorted(base.reached, key=lambda index: len(transcripts[index].events))
    return base


def _trace(root: Path, share: Replayer, transcript: Transcript, index: int) -> _BaselineReplay:
    tracer = LineTracer(root)
    with tracer.tracing():
        outcome = share.outcome(transcript)
    return _BaselineReplay(
        index, outcome.verdict.value, outcome.why, tracer.lines, tracer.decisions, tracer.policies
    )


def _loaded_files() -> list[str]:
    """List the journey files that this process has imported."""
    modules = [(name, getattr(module, "__file__", None)) for name, module in sys.modules.items()]
    return [journey_path(name, file) for name, file in modules if file and name.startswith(f"{ROOT_PACKAGE}.")]


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
    """Yield the result of each mutant in order of completion, replayed like the baseline.

    Files are read once at the start, so an edit during the run has no effect.
    """
    to_run: list[tuple[Mutant, list[int]]] = []
    for mutant in mutants:
        covering = _covering(base, mutant)
        if mutant.bodies and options.tools == "recorded":
            yield MutantResult(mutant, Status.NOT_RUN)
        elif not covering:
            yield MutantResult(mutant, Status.NO_COVERAGE)
        else:
            to_run.append((mutant, covering))
    originals = {name: text.encode() for name, text in read_sources(root).items()}
    codes: dict[str, CodeType] = {}
    for name, data in originals.items():
        with contextlib.suppress(SyntaxError, ValueError):  # a file of another agent: this one was loaded
            codes[name] = compile_journey(root, name, data)

    def work(task: tuple[Mutant, list[int]]) -> tuple[str, str]:
        mutant, covering = task
        changed = compile_journey(root, mutant.file, mutant.apply(originals[mutant.file]))
        override_modules([*(code for name, code in codes.items() if name != mutant.file), changed])
        share = Replayer(ReplayJob(str(root), options))
        loaded = share.agent(agent)
        if isinstance(loaded, JourneyError):
            return NO_LOAD, str(loaded)
        for index in covering:
            transcript = base.transcripts[index]
            outcome = share.outcome(transcript)
            if outcome.verdict is not Verdict.PASS:
                return transcript.id, f"{outcome.verdict.value}: {outcome.why}"
        return "", ""

    for number, result, ended in run_forked(to_run, work, jobs, seconds):
        yield _result_of(to_run[number][0], result, ended)


def _covering(base: Baseline, mutant: Mutant) -> list[int]:
    """Return the passing transcripts that run a mutant's line; all for code that runs when the agent is loaded."""
    if not mutant.covering_lines:
        return base.passed
    lines = {(mutant.file, line) for line in mutant.covering_lines}
    return [index for index in base.passed if not lines.isdisjoint(base.reached[index])]


def _result_of(mutant: Mutant, result: list[str] | None, ended: str) -> MutantResult:
    if result is None:
        return MutantResult(mutant, Status.ERROR, why=ended)
    by, why = result
    if by == NO_LOAD:
        return MutantResult(mutant, Status.ERROR, why=f"{NO_LOAD}: {why}")
    return MutantResult(mutant, Status.KILLED, by, why) if by else MutantResult(mutant, Status.SURVIVED)
