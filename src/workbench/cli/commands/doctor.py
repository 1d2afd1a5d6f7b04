"""`workbench doctor`: check the environment, one line each, with the next step.

It reads the files of the project and runs none of them.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ...errors import UsageError
from ...models.credentials import Credentials, find_credentials
from ...models.probe import ProbeResult, probe, server_host
from ...models.registry import CLAUDE, REHEARSAL
from ...replay.exit_codes import Exit
from ...runtime.agent_files import agent_files, agent_names
from ...runtime.watch import watch_code
from ...store.config import CONFIG, user_file
from ...store.project import Project, find_project
from ...text import pluralize
from ...transcripts.files import find
from ...version import __version__
from ..output import out_json, write_line
from ..settings import checked_settings

GLYPHS = {"ok": "✓", "note": "!", "bad": "✗"}
LIBRARIES = ("textual", "anthropic", "watchfiles", "msgspec")
EVENT_WAIT = 0.6  # seconds to wait for the event of a save before saving again


@dataclass(frozen=True)
class CheckResult:
    """One line: "ok", "note" (works with a limit) or "bad" (something required does not work)."""

    name: str
    state: Literal["ok", "note", "bad"]
    says: str
    hint: str = ""


def doctor(json: bool) -> Exit:
    """Print all checks. Returns USAGE_ERROR if something required does not work."""
    try:
        project: Project | None = find_project()
        missing = None
    except UsageError as error:
        project, missing = None, CheckResult("project", "bad", str(error).split("\n")[0], error.hint)
    lines = [*check_python(), *terminal()]
    lines += asyncio.run(_measured(project))
    lines += [missing] if missing else []
    lines += [*check_journeys(project), *check_settings(project), *check_storage(project)] if project else []
    if json:
        out_json([asdict(line) for line in lines])
    else:
        for line in lines:
            write_line(f"{GLYPHS[line.state]} {line.name:<12} {line.says}")
            if line.hint:
                write_line(f"  {'':<12} next: {line.hint}")
    return Exit.USAGE_ERROR if any(line.state == "bad" for line in lines) else Exit.OK


# immediate checks


def check_python() -> Iterator[CheckResult]:
    """Check the versions of Python and of the libraries."""
    old = sys.version_info < (3, 11)
    says = f"{platform.python_version()} on {platform.system()}"
    yield CheckResult(
        "Python", "bad" if old else "ok", says, "Workbench needs Python 3.11 or later" if old else ""
    )
    versions = []
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    yield CheckResult("workbench", "ok", f"{__version__} ({', '.join(versions)})")


def terminal() -> Iterator[CheckResult]:
    """Check the size and the colors of the terminal."""
    term, (columns, rows) = os.environ.get("TERM", ""), shutil.get_terminal_size()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        then = "the screens need a terminal; chat, replay, check and show work without one"
        yield CheckResult("terminal", "note", f"none (TERM={term or 'not set'})", then)
        return
    says = f"{term or 'TERM is not set'}, {columns}x{rows}, {colors(term)}"
    if os.environ.get("TMUX"):
        says += ", in tmux"
    if term in ("", "dumb"):
        yield CheckResult("terminal", "note", says, "set TERM, or use chat, replay, check and show")
    elif columns < 80 or rows < 24:
        yield CheckResult("terminal", "note", says, "make it 80x24 or larger")
    elif os.environ.get("TMUX") and not term.startswith(("tmux", "screen")):
        yield CheckResult("terminal", "note", says, 'add to .tmux.conf: set -g default-terminal "tmux-256color"')
    else:
        yield CheckResult("terminal", "ok", says)


def colors(term: str) -> str:
    """Describe the number of colors of a terminal."""
    if os.environ.get("NO_COLOR"):
        return "no colors (NO_COLOR is set)"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million colors"
    return "256 colors" if "256" in term else "16 colors"


def check_settings(project: Project) -> Iterator[CheckResult]:
    """Check the settings files."""
    files = [str(path) for path in (project.root / CONFIG, user_file()) if path.is_file()]
    try:
        checked_settings(project)
        yield CheckResult(
            "settings", "ok", f"from {', '.join(files)}" if files else f"none: neither {CONFIG} nor {user_file()}"
        )
    except UsageError as error:
        yield CheckResult("settings", "bad", f"{error.where}: {error.message}", error.hint)


def check_journeys(project: Project) -> Iterator[CheckResult]:
    """Check that the Python files of every agent can be read and parsed. None of them runs."""
    names = agent_names(project.journeys)
    if not names:
        yield CheckResult("journeys", "bad", "no agent in journeys/", "workbench init creates one")
    for name in names:
        files = [path for path in agent_files(project.journeys, name) if path.suffix == ".py"]
        wrong = [problem for path in files if (problem := _syntax_problem(path, project.root))]
        if wrong:
            yield CheckResult("journeys", "bad", f"{name}: {wrong[0]}", "fix the file")
        else:
            files_text = pluralize(len(files), "Python file")
            says = f"{name}: {files_text} parsed, not run: doctor runs no code of a project"
            yield CheckResult("journeys", "ok", says, "workbench check runs and checks it")


def _syntax_problem(path: Path, root: Path) -> str:
    """Return why a file is not valid Python, with its line; "" if it is."""
    name = path.relative_to(root).as_posix()
    try:
        with warnings.catch_warnings(action="ignore"):  # about the style of the code
            ast.parse(path.read_bytes())
    except OSError as error:
        return f"{name}: cannot be read: {error.strerror}"
    except SyntaxError as error:
        return f"{name}:{error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{name}: cannot be parsed: {error}"
    return ""


def check_storage(project: Project) -> Iterator[CheckResult]:
    """Check what is on disk: transcripts, and the folder for sessions."""
    count = len(find([project.transcripts])) if project.transcripts.is_dir() else 0
    then = "" if count else "save one in the workbench, or with: workbench chat --save TITLE"
    yield CheckResult("transcripts", "ok" if count else "note", f"{count} in {project.transcripts.name}/", then)
    folder, there = project.state, project.state.is_dir()
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
        yield CheckResult("sessions", "ok", f"{folder.name}/ is writable")
    except OSError as error:
        says = f"{folder.name}/ is not writable: {error.strerror}"
        yield CheckResult("sessions", "bad", says, "make it writable: conversations are stored there")
    finally:
        if not there:
            with contextlib.suppress(OSError):
                folder.rmdir()


# checks that wait, run concurrently


async def _measured(project: Project | None) -> list[CheckResult]:
    model = project.model if project else ""
    found = find_credentials()
    asked = asyncio.to_thread(_ask, found, model if model not in (REHEARSAL, CLAUDE) else "")
    answer, watched = await asyncio.gather(asked, watcher())
    return [*check_credentials(found), *check_server(answer), watched]


def _ask(found: Credentials, model: str) -> ProbeResult | None:
    """Ask the server if there are credentials."""
    return probe(model) if found.source and not found.problem else None


def check_credentials(found: Credentials) -> Iterator[CheckResult]:
    """Check where the credentials come from, and name the server that would be asked."""
    if found.problem:
        yield CheckResult("credentials", "bad", found.problem, "fix it, or set ANTHROPIC_API_KEY")
    elif found.source:
        yield CheckResult("credentials", "ok", f"{found.source}, for {found.server}")
    else:
        says = "none: the workbench starts with the rehearsal"
        then = f"to chat with a model of {found.server}, set ANTHROPIC_API_KEY"
        yield CheckResult("credentials", "note", says, then)


def check_server(probed: ProbeResult | None) -> Iterator[CheckResult]:
    """Check the answer of the model's server."""
    if probed is None:
        return
    if probed.credentials_error or not (probed.source or probed.failure):
        says = probed.credentials_error or "the SDK finds no credentials"
        yield CheckResult("server", "bad", says, "fix the profile, or set ANTHROPIC_API_KEY")
    elif not probed.asked:
        yield CheckResult("server", "note", probed.failure, "try again when the machine is less busy")
    elif probed.failure:
        sentence, _, advice = probed.failure.partition(". ")
        yield CheckResult("server", "bad", sentence, advice or "meanwhile use: workbench dev --model rehearsal")
    else:
        yield CheckResult("server", "ok", f"{server_host()} answers as {probed.answer} in {probed.seconds:.1f} s")


def _save(folder: str, text: str) -> None:
    path = Path(folder, "agent", "agent.py")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


async def watcher() -> CheckResult:
    """Save a file and measure how long its event takes."""
    with tempfile.TemporaryDirectory(prefix="workbench-doctor-") as folder:
        _save(folder, "")
        seen = watch_code(Path(folder), "agent")
        event = asyncio.ensure_future(anext(seen))
        try:
            for number in range(4):  # a watch needs a moment to start and does not signal it
                await asyncio.sleep(0.1)
                began = time.perf_counter()
                _save(folder, f"# {number}\n")
                done, _ = await asyncio.wait([event], timeout=EVENT_WAIT)
                if done:
                    event.result()
                    return CheckResult(
                        "watcher", "ok", f"a save is detected after {1000 * (time.perf_counter() - began):.0f} ms"
                    )
        except Exception as error:
            return CheckResult("watcher", "bad", f"cannot start: {error}", "increase the limit of inotify watches")
        finally:
            event.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await event
    then = "on a network drive, reload manually in the workbench"
    return CheckResult("watcher", "bad", "a save was not detected", then)
