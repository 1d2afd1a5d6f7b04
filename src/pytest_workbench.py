"""The pytest plugin: `pytest transcripts/` replays each transcript as a test.

It is outside the package and imports it only if there is a transcript to collect,
so that installing Workbench does not slow pytest down. It collects what the command
line (or `testpaths`) names: a transcript, or a folder in a project's transcripts/.
Everything else is ignored.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from workbench.replay.case import Case
    from workbench.replay.verdict import Options
    from workbench.runtime.replay_server import RepeatedReplay, ReplayServer
    from workbench.transcripts.header import TranscriptHeader

INCONCLUSIVE = 10  # the exit code of `workbench replay` if nothing failed and something was not decided
VERDICT = "workbench_verdict"
ON_CHANGED_PROMPT = "workbench_on_changed_prompt"
RAN = "workbench_tools_ran"
PASSED_OVER = ("*.egg", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")  # norecursedirs
_SCHEMA_PREFIX = b"workbench.transcript/"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "workbench_timeout", "Seconds without progress after which a journey counts as hung.", default="10"
    )
    group = parser.getgroup("workbench", "transcripts of Workbench, as with `workbench replay`")
    group.addoption(
        "--workbench-tools", choices=("recorded", "sandbox"), default="recorded",
        help="sandbox: re-execute tools in the sandbox and compare the results.",
    )  # fmt: skip
    group.addoption(
        "--workbench-query", default="", metavar="QUERY",
        help="Only transcripts that match this query, like `workbench replay --query`.",
    )  # fmt: skip
    group.addoption(
        "--workbench-check-flaky",
        action="store_true",
        help="Replay each again, also in new processes; a difference is FLAKY.",
    )
    group.addoption(
        "--workbench-strict-drift",
        action="store_true",
        help="A changed prompt or decision is DRIFTED, not a note.",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix.lower() != ".json" or not _is_transcript(file_path, parent.config):
        return None
    shown = _inert_name(file_path, parent)
    file: TranscriptFile = TranscriptFile.from_parent(parent, path=file_path, **shown)  # type: ignore[arg-type]  # the name and node id
    return file


def _inert_name(path: Path, parent: pytest.Collector) -> dict[str, str]:
    """Return the name and the node id of a file whose name a terminal or a CI system would execute, else {}."""
    from workbench.text import sanitize

    if sanitize(path.name) == path.name:
        return {}
    name = sanitize(path.name)
    return {"name": name, "nodeid": "/".join(filter(None, [parent.nodeid.strip("."), name]))}


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Search the folders of transcripts that pytest passes over by their names: an agent may be called `build`."""
    name = collection_path.name
    if not any(fnmatch(name, pattern) for pattern in PASSED_OVER) or not collection_path.is_dir():
        return None
    if not any(folder in collection_path.resolve().parents for folder in _folders(config)):
        return None
    given = [config.invocation_params.dir / path for path in config.getoption("ignore") or ()]
    globs = config.getoption("ignore_glob") or ()
    ignored = collection_path in given or any(
        fnmatch(str(collection_path), str(config.invocation_params.dir / glob)) for glob in globs
    )
    return None if ignored else False


class Found(NamedTuple):
    """The files that the finder of Workbench found in the folders of the command line.

    `files` are the real paths of transcripts, `unused` the transcripts and other things that are no
    test, each with the reason.
    """

    files: frozenset[str]
    unused: dict[str, str]


_FOUND = pytest.StashKey[Found]()
_FOLDERS = pytest.StashKey[list[Path]]()


def _found(config: pytest.Config) -> Found:
    """Search the folders of transcripts on the command line, once. Raises pytest.UsageError."""
    if _FOUND not in config.stash:
        from workbench.errors import UsageError
        from workbench.transcripts.files import find
        from workbench.transcripts.not_collected import not_collected, why_no_file

        rest = [str(file) for file in _asked(config) if file.is_file() and _is_left_out(file)]
        try:
            files = find(_folders(config), rest)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        reals = frozenset(map(os.path.realpath, files))
        no_files = {str(file): why for file in files if (why := why_no_file(file))}
        config.stash[_FOUND] = Found(reals, {**no_files, **not_collected(rest)})
    return config.stash[_FOUND]


def _is_left_out(file: Path) -> bool:
    """Return whether the name of a file in transcripts/ excludes it, although the command line contains it."""
    from workbench.transcripts.files import SIBLING_SUFFIXES

    name = file.name.lower()
    return _in_transcripts(file) and (name.startswith(".") or name.endswith(SIBLING_SUFFIXES))


def _asked(config: pytest.Config) -> list[Path]:
    """Return the paths of the command line."""
    return [(config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args]


def _folders(config: pytest.Config) -> list[Path]:
    """Return the folders of transcripts on the command line, found once."""
    if _FOLDERS not in config.stash:
        config.stash[_FOLDERS] = [path for path in _asked(config) if path.is_dir() and _in_transcripts(path)]
    return config.stash[_FOLDERS]


def _is_transcript(file: Path, config: pytest.Config) -> bool:
    """Return whether the command line names this file as a transcript, itself or by its folder."""
    real = file.resolve()
    parents = {*real.parents, *file.absolute().parents}
    if any(folder in parents for folder in _folders(config)) and str(real) in _found(config).files:
        return True
    if real not in _asked(config) or _is_left_out(file.absolute()):
        return False
    return _in_transcripts(real) or _SCHEMA_PREFIX in file.read_bytes()[:200]


def _in_transcripts(path: Path) -> bool:
    folders = (path, *path.parents)
    return any(folder.name == "transcripts" and (folder.parent / "journeys").is_dir() for folder in folders)


class Replays:
    """The state of one pytest run: the replayer of each project, collected tests, decided cases.

    `first` maps a reason to the test that reported it: a load error is reported once.
    """

    def __init__(self, hang_timeout: float, options: Options) -> None:
        self.hang_timeout, self.options = hang_timeout, options
        self.first: dict[str, str] = {}
        self.heads: dict[str, TranscriptHeader | None] = {}
        self._kept: dict[Path, ReplayServer | RepeatedReplay] = {}
        self._cases: dict[str, Case] = {}

    def case(self, path: str) -> Case:
        """Return its case, considering the other collected transcripts."""
        from workbench.replay.case import flag_duplicate_ids, supersede
        from workbench.replay.verdict import Verdict

        head = self.heads[path]
        same = [p for p, h in self.heads.items() if head and h and h.id == head.id]
        case = self._alone(path)
        flag_duplicate_ids([self._alone(same[0]), case] if same and same[0] != path else [case])
        if case.verdict is Verdict.DIVERGED and case.head and case.head.recording:
            recording = case.head.recording
            others = [p for p, h in self.heads.items() if p != path and h and h.recording == recording]
            supersede([case, *(self._alone(other) for other in others)])
        return case

    def _alone(self, path: str) -> Case:
        from workbench.runtime.replay_job import ReplayJob
        from workbench.runtime.replay_server import RepeatedReplay, ReplayServer
        from workbench.store.project import find_project, project_for

        if path not in self._cases:
            inside = _in_transcripts(Path(path).resolve())
            project = find_project(Path(path).resolve().parent) if inside else project_for(Path(path))
            if project.root not in self._kept:
                kind = RepeatedReplay if self.options.repeat else ReplayServer
                self._kept[project.root] = kind(ReplayJob(str(project.journeys), self.options, self.hang_timeout))
            self._cases[path] = self._kept[project.root].case(path)
        return self._cases[path]

    def close(self) -> None:
        for kept in self._kept.values():
            kept.close()


_REPLAYS = pytest.StashKey[Replays]()


def _seconds(config: pytest.Config) -> float:
    """Return the configured timeout in seconds. Raises UsageError."""
    text = config.getini("workbench_timeout")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise pytest.UsageError(f"workbench_timeout = {text} is not a valid timeout: use seconds, for example 10")
    return seconds


def _replays(config: pytest.Config) -> Replays:
    if _REPLAYS not in config.stash:
        from workbench.replay.verdict import Options

        asked = (config.getoption(f"workbench_{name}") for name in ("tools", "check_flaky", "strict_drift"))
        config.stash[_REPLAYS] = Replays(_seconds(config), Options(*asked))
    return config.stash[_REPLAYS]


def pytest_unconfigure(config: pytest.Config) -> None:
    if _REPLAYS in config.stash:
        config.stash[_REPLAYS].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the transcripts that do not match `--workbench-query`."""
    text = config.getoption("workbench_query")
    if not text:
        return
    from workbench.errors import UsageError
    from workbench.store.selection import select_names
    from workbench.transcripts.query import Query

    names = [item.transcript for item in items if isinstance(item, TranscriptItem)]
    try:
        selected = set(select_names(names, Query.parse_whole(text)))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    left = [one for one in items if isinstance(one, TranscriptItem) and one.transcript not in selected]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [one for one in items if not isinstance(one, TranscriptItem) or one.transcript in selected]


class TranscriptFile(pytest.File):
    """A file with one transcript."""

    def collect(self) -> Iterator[TranscriptItem]:
        from workbench.text import sanitize
        from workbench.transcripts.header import header

        path = os.path.relpath(self.path)
        known = header(path)
        _replays(self.config).heads[path] = known
        name = sanitize(known.id) if known else "unreadable"
        item: TranscriptItem = TranscriptItem.from_parent(self, name=name)
        item.transcript = path
        if known:
            item.extra_keyword_matches.update((known.title, known.kind, known.agent, *known.tags))
        yield item


class TranscriptFailed(Exception):
    """A transcript that did not pass: one line, and the full text."""

    def __init__(self, line: str, text: str) -> None:
        from workbench.text import sanitize

        super().__init__(sanitize(text))
        self.line = sanitize(line)


class TranscriptItem(pytest.Item):
    """A transcript as a test: it passes only if the verdict is PASS."""

    transcript = ""

    def runtest(self) -> None:
        from workbench.replay.case import passed_on_changed_prompt
        from workbench.replay.exit_codes import junit_status
        from workbench.replay.explain import deciding_line, explain
        from workbench.text import sanitize

        replays = _replays(self.config)
        case = replays.case(self.transcript)
        verdict, outcome = case.verdict.value, case.outcome
        self.user_properties += [
            (VERDICT, verdict),
            (ON_CHANGED_PROMPT, passed_on_changed_prompt(case)),
            (RAN, outcome.executed),
        ]
        what = junit_status(case.verdict)
        if what == "passed":
            return
        if what == "skipped":
            pytest.skip(sanitize(f"{verdict}: {outcome.why}"))
        raise self._failure(
            f"{verdict} {deciding_line(case)}", verdict, outcome.why, [line.text for line in explain(case)]
        )

    def _failure(self, top: str, verdict: str, why: str, lines: list[str]) -> TranscriptFailed:
        """Return the full text; for an ERROR with a known cause, a reference to the first test."""
        brief = why.partition("\n")[0]
        first = self.nodeid
        if verdict == "ERROR":
            first = _replays(self.config).first.setdefault(why, first)
        if first != self.nodeid:
            return TranscriptFailed(f"{verdict}: as {first}", f"{top}\nfor the same reason as {first}")
        return TranscriptFailed(f"{verdict}: {brief}", "\n".join([top, *lines]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *rest: Any, **more: Any) -> Any:
        if not isinstance(excinfo.value, TranscriptFailed):
            return super().repr_failure(excinfo, *rest, **more)
        shown: Any = excinfo.getrepr(style="value")
        if shown.reprcrash is not None:
            shown.reprcrash.message = excinfo.value.line  # used by the short summary and by JUnit
        return shown

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, 0, f"transcript {self.name}"


# notes on the counts; with xdist, reports arrive at the controller

_RESULTS = pytest.StashKey[list[dict[str, Any]]]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    _seconds(config)
    config.stash[_RESULTS] = []
    config.pluginmanager.register(_Counting(config), "workbench-counting")


class _Counting:
    def __init__(self, config: pytest.Config) -> None:
        self.results = config.stash[_RESULTS]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known = dict(report.user_properties)
        if report.when == "call" and VERDICT in known:
            self.results.append(known)


def pytest_sessionfinish(session: pytest.Session) -> None:
    results = session.config.stash.get(_RESULTS, [])
    if results and session.exitstatus == pytest.ExitCode.OK:
        from workbench.replay.exit_codes import CODES, Exit
        from workbench.replay.verdict import Verdict

        if any(CODES[Verdict(known[VERDICT])] is Exit.INCONCLUSIVE for known in results):
            session.exitstatus = INCONCLUSIVE
        if _no_tool_ran(session.config):
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def _no_tool_ran(config: pytest.Config) -> bool:
    """Return whether tools were requested, and none ran."""
    results = config.stash.get(_RESULTS, [])
    return (
        bool(results)
        and config.getoption("workbench_tools") == "sandbox"
        and not any(known[RAN] for known in results)
    )


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    results = config.stash.get(_RESULTS, [])
    if any(_in_transcripts(path) for path in _asked(config)):
        from workbench.text import sanitize

        for path, why in _found(config).unused.items():
            terminalreporter.write_line(sanitize(f"not replayed: {os.path.relpath(path)}: {why}"))
    if results:
        counts = Counter(known[VERDICT] for known in results)
        terminalreporter.write_line(f"transcripts: {', '.join(f'{n} {name}' for name, n in counts.most_common())}")
    if _no_tool_ran(config):
        terminalreporter.write_line("no calls executed their tool: the tools were not tested")
    passed = [known for known in results if known[VERDICT] == "PASS"]
    on_changed = sum(1 for known in passed if known[ON_CHANGED_PROMPT])
    if on_changed:
        sentence = f"{on_changed} of {len(passed)} passing transcripts have a changed prompt"
        terminalreporter.write_line(f"{sentence}: this tests the code, not the model's answer to it")
