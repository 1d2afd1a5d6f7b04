"""A share of the work of a replay: files in, cases out.

All that it needs is plain data (`Work`) and a list of paths, so a share may be
done in this process, in one forked from it, or on another machine that has the
same files. Each file is read, judged and forgotten before the next.
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
    """What is common to all shares of one replay: the journeys/ folder, and how to replay."""

    journeys: str
    options: Options = DEFAULT


class Replayer:
    """Does shares of `work`. Agents are loaded once each, when a transcript first asks for one."""

    def __init__(self, work: ReplayJob) -> None:
        self.work = work
        self._root = Path(work.journeys)
        self._agents: dict[str, Agent | JourneyError] = {}
        self._memories: dict[str, StateSnapshot] = {}
        self._loaded: dict[str, LoadedAgent] = {}
        self._files: dict[str, dict[str, str]] = {}

    def case(self, path: str) -> Case:
        """The case of one file. Raises nothing that a file or a journey may hold."""
        try:
            transcript = read(Path(path))
        except TranscriptError as error:
            return Case(path, None, ReplayResult(Verdict.ERROR, str(error)))
        except Exception as error:
            return Case(path, None, ReplayResult(Verdict.ERROR, f"{path}: {internal_error(error)}"))
        return Case(path, header_of(transcript), self.outcome(transcript))

    def outcome(self, transcript: Transcript) -> ReplayResult:
        """What a replay says of it, in words whatever happens."""
        agent = self.agent(transcript.agent)
        if not isinstance(agent, Agent):
            return ReplayResult(Verdict.ERROR, str(agent), source_line=project_path(agent.where))
        self._memories[transcript.agent].restore()
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

    def _reported(self, leak: Nondeterminism) -> str:
        if not is_suppressed(leak.rule, leak.where, self._root):
            return str(leak)
        return f"{leak}; the comment there quiets `workbench check`, and no replay: it proves nothing"

    def agent(self, name: str) -> Agent | JourneyError:
        """An agent, loaded when it is first asked for; or why it does not load."""
        if name not in self._agents:
            try:
                self._agents[name] = self._load(name)
                self._memories[name] = StateSnapshot()
            except JourneyError as error:
                self._agents[name] = error
        return self._agents[name]

    def _load(self, name: str) -> Agent:
        """An agent; where tools run its fixtures too, which a plain replay has no need of. Raises JourneyError."""
        with monitor(f"{self.work.journeys}/{name}", loading=True) as found, instrumented():
            agent = self._read(name)
        for leak in found:
            if leak.rule != "environment":  # that is how settings are read
                raise JourneyError(f"while loading: {leak.what}", where=leak.where, next=leak.next)
        return agent

    def _read(self, name: str) -> Agent:
        if self.work.options.tools == "recorded":
            return load_agent(self._root, name)
        self._loaded[name] = load(self._root, name)
        return self._loaded[name].agent

    def _make_world(self, setup: Setup) -> World:
        return make_world(self._loaded[setup.agent], setup, taped=True)

    def _changed_files(self, transcript: Transcript) -> list[str]:
        """The files of its agent that are not as they were when it was recorded."""
        if not transcript.code:
            return []
        if transcript.agent not in self._files:
            self._files[transcript.agent] = file_hashes(self._root, transcript.agent)
        now = self._files[transcript.agent]
        gone = [f"{name} (deleted)" for name in transcript.code if name not in now]
        return [name for name, seal in now.items() if transcript.code.get(name) != seal] + gone


def replay_files(work: ReplayJob, paths: Iterable[str]) -> list[Case]:
    """The cases of a share, in order: what an engine calls in whatever process it has. Loads the agents anew."""
    share = Replayer(work)
    return [share.case(path) for path in paths]


ENDED = "journey code ended its process"


def blame_previous(path: str) -> str:
    """Who else may have ended it: a timer, a thread, a signal outlives the transcript that it was set in."""
    return f": here, or by what {path} had left running in it"


def crashed_case(path: str, why: str) -> Case:
    """The case of a file whose process went away over it."""
    try:
        head = header_of(read(Path(path)))
    except Exception:  # that which took the process away may be in the file
        head = None
    return Case(path, head, ReplayResult(Verdict.ERROR, why))


def replay_safely(
    transcript: Transcript, agent: Agent, options: Options = DEFAULT, make_world: MakeWorld | None = None
) -> ReplayResult:
    """A replay whose every failure is an outcome."""
    try:
        return replay(transcript, agent, options, make_world)
    except WorkbenchError as error:
        return ReplayResult(Verdict.ERROR, str(error))
    except Exception as error:
        return ReplayResult(Verdict.ERROR, internal_error(error))


def internal_error(error: Exception) -> str:
    """A fault of ours in words: it is told, and takes no other transcript's result along."""
    import traceback

    return "a bug of Workbench: " + "".join(traceback.format_exception(error))
