"""Replay a share of the files: paths in, cases out.

A share consists of plain data (`ReplayJob` and a list of paths), so it may be replayed
in this process, in a forked one, or on another machine with the same files.
Each file is read, judged and released before the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from ..authoring.agent import Agent
from ..engine.world import World
from ..errors import JourneyError, TranscriptError, WorkbenchError
from ..findings import is_suppressed
from ..replay.blame import project_path
from ..replay.case import Case
from ..replay.judge import replay
from ..replay.verdict import DEFAULT, MakeWorld, Options, ReplayResult, Verdict
from ..trace.setup import Setup
from ..transcripts.codec import read
from ..transcripts.header import header_of
from ..transcripts.transcript import Transcript
from .agent_files import file_hashes
from .isolation import StateSnapshot
from .loader import LoadedAgent, load, load_agent, make_world
from .module_loader import instrumented
from .monitor import Nondeterminism, monitor


class ReplayJob(msgspec.Struct, frozen=True):
    """The settings that all shares of a replay have in common."""

    journeys: str
    options: Options = DEFAULT


class Replayer:
    """Replays files; each agent is loaded once, at its first transcript."""

    def __init__(self, work: ReplayJob) -> None:
        self.work = work
        self._root = Path(work.journeys)
        self._agents: dict[str, Agent | JourneyError] = {}
        self._snapshots: dict[str, StateSnapshot] = {}
        self._loaded: dict[str, LoadedAgent] = {}
        self._files: dict[str, dict[str, str]] = {}

    def case(self, path: str) -> Case:
        """Replay one file. Raises nothing that a file or a journey may cause."""
        try:
            transcript = read(Path(path))
        except TranscriptError as error:
            return Case(path, None, ReplayResult(Verdict.ERROR, str(error)))
        except Exception as error:
            return Case(path, None, ReplayResult(Verdict.ERROR, f"{path}: {internal_error(error)}"))
        return Case(path, header_of(transcript), self.outcome(transcript))

    def outcome(self, transcript: Transcript) -> ReplayResult:
        """Replay a transcript; every failure becomes a result."""
        agent = self.agent(transcript.agent)
        if not isinstance(agent, Agent):
            return ReplayResult(Verdict.ERROR, str(agent), source_line=project_path(agent.where))
        self._snapshots[transcript.agent].restore()
        with monitor(f"{self.work.journeys}/{transcript.agent}") as found:
            outcome = replay_safely(transcript, agent, self.work.options, self._make_world)
        if found:
            where = project_path(found[0].where)
            outcome = ReplayResult(
                Verdict.ERROR, self._reported(found[0]), outcome.first_difference, outcome.steps, source_line=where
            )
        if outcome.verdict is not Verdict.PASS:
            outcome.changed += tuple(self._changed_files(transcript))
        return outcome

    def _reported(self, found: Nondeterminism) -> str:
        if not is_suppressed(found.rule, found.where, self._root):
            return str(found)
        return f"{found}; the comment there suppresses `workbench check`, not the replay"

    def agent(self, name: str) -> Agent | JourneyError:
        """Return an agent, loaded at its first use, or why it does not load."""
        if name not in self._agents:
            try:
                self._agents[name] = self._load(name)
                self._snapshots[name] = StateSnapshot()
            except JourneyError as error:
                self._agents[name] = error
        return self._agents[name]

    def _load(self, name: str) -> Agent:
        """Load an agent, and its fixtures if tools run. Raises JourneyError."""
        with monitor(f"{self.work.journeys}/{name}", loading=True) as found, instrumented():
            agent = self._read(name)
        for one in found:
            if one.rule != "environment":  # code may read its settings while loading
                raise JourneyError(f"while loading: {one.what}", where=one.where, hint=one.hint)
        return agent

    def _read(self, name: str) -> Agent:
        if self.work.options.tools == "recorded":
            return load_agent(self._root, name)
        self._loaded[name] = load(self._root, name)
        return self._loaded[name].agent

    def _make_world(self, setup: Setup) -> World:
        return make_world(self._loaded[setup.agent], setup, recorded=True)

    def _changed_files(self, transcript: Transcript) -> list[str]:
        """List the files of its agent that have changed since it was recorded."""
        if not transcript.code:
            return []
        if transcript.agent not in self._files:
            self._files[transcript.agent] = file_hashes(self._root, transcript.agent)
        now = self._files[transcript.agent]
        deleted = [f"{name} (deleted)" for name in transcript.code if name not in now]
        return [name for name, digest in now.items() if transcript.code.get(name) != digest] + deleted


def replay_files(work: ReplayJob, paths: Iterable[str]) -> list[Case]:
    """Replay a share in order, in the current process. Loads the agents."""
    replayer = Replayer(work)
    return [replayer.case(path) for path in paths]


ENDED = "journey code ended its process"


def blame_previous(path: str) -> str:
    """Name the previous transcript as a possible cause: its timers, threads and signals may still be active."""
    return f": in this transcript, or in something that {path} left running"


def crashed_case(path: str, why: str) -> Case:
    """Build the case of a file during which the process ended or hung."""
    try:
        head = header_of(read(Path(path)))
    except Exception:  # the cause of the crash may be in the file
        head = None
    return Case(path, head, ReplayResult(Verdict.ERROR, why))


def replay_safely(
    transcript: Transcript, agent: Agent, options: Options = DEFAULT, make_world: MakeWorld | None = None
) -> ReplayResult:
    """Replay a transcript; every failure becomes a result."""
    try:
        return replay(transcript, agent, options, make_world)
    except WorkbenchError as error:
        return ReplayResult(Verdict.ERROR, str(error))
    except Exception as error:
        return ReplayResult(Verdict.ERROR, internal_error(error))


def internal_error(error: Exception) -> str:
    """Describe a bug of Workbench; the results of other transcripts stay valid."""
    import traceback

    return "a bug of Workbench: " + "".join(traceback.format_exception(error))
