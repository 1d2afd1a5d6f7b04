"""Replay mutants: first the unchanged code, to find the lines of each transcript; then each mutant.

Files are read and never written: a replay server gets the source of a mutant with its job.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ..errors import JourneyError
from ..findings import location
from ..replay.verdict import DEFAULT, Options, ReplayResult, Verdict
from ..runtime.pool import run_on_servers
from ..runtime.replay_job import ReplayJob
from ..runtime.replay_server import ReplayServer
from ..transcripts.codec import encode
from ..transcripts.transcript import Transcript
from .coverage import CoveredDefinition
from .mutants import Mutant
from .score import MutantResult, Status

MEMORY = 4 << 30  # bytes of address space that a mutant may use


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


def read_sources(root: Path) -> dict[str, str]:
    """Read every Python file below journeys/, by path. Raises JourneyError."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not path.is_file():  # reading a pipe would block
            continue
        try:
            found[name] = path.read_bytes().decode("utf-8-sig")
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
    declared: dict[str, str] = {}
    called: set[str] = set()
    job = ReplayJob(str(root), options, seconds, details=True)

    def work(server: ReplayServer, index: int) -> tuple[int, ReplayResult]:
        server.set_job(job)
        return index, server.case("", encode(transcripts[index])).outcome

    for index, result in run_on_servers(range(len(transcripts)), work, jobs):
        if result.not_run == "not_loaded":
            raise JourneyError(f"the agent does not load: {result.why}", where=f"{agent}/agent.py")
        if result.verdict is not Verdict.PASS or result.details is None:
            base.left_out[index] = f"{result.verdict}: {result.why}"
            continue
        details = result.details
        base.reached[index] = {*details.lines, *details.loading_lines}
        base.decisions |= set(details.decisions)
        base.loaded |= set(details.loaded_files)
        declared |= details.declared
        called |= set(details.called)
    base.policies = sorted(
        (
            CoveredDefinition(*location(source), full_name.rpartition(".")[2], full_name in called)
            for full_name, source in declared.items()
        ),
        key=lambda policy: (policy.file, policy.line),
    )
    base.passed = sorted(base.reached, key=lambda index: len(transcripts[index].events))
    return base


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
    encoded = [encode(transcript) for transcript in base.transcripts]

    def work(server: ReplayServer, task: tuple[Mutant, list[int]]) -> MutantResult:
        mutant, covering = task
        sources = {**originals, mutant.file: mutant.apply(originals[mutant.file])}
        server.set_job(ReplayJob(str(root), options, seconds, sources=sources, memory_limit=MEMORY))
        for index in covering:
            result = server.case("", encoded[index]).outcome
            if result.not_run:
                return MutantResult(mutant, Status.ERROR, why=_NOT_RUN[result.not_run].format(why=result.why))
            if result.verdict is not Verdict.PASS:
                why = f"{result.verdict.value}: {result.why}"
                return MutantResult(mutant, Status.KILLED, base.transcripts[index].id, why)
        return MutantResult(mutant, Status.SURVIVED)

    yield from run_on_servers(to_run, work, jobs)


_NOT_RUN = {"not_loaded": "does not load: {why}", "hung": "timed out", "exited": "the process exited"}


def _covering(base: Baseline, mutant: Mutant) -> list[int]:
    """Return the passing transcripts that run a mutant's line; all for code that runs when the agent is loaded."""
    if not mutant.covering_lines:
        return base.passed
    lines = {(mutant.file, line) for line in mutant.covering_lines}
    return [index for index in base.passed if not lines.isdisjoint(base.reached[index])]
