"""`workbench dev`, `review` and `tour`: open the screens."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from ...errors import UsageError
from ...models.registry import resolve_model
from ...runtime.worker import WorkerPool, start_fork_server
from ...store.config import merge_settings
from ...store.project import Project, find_project
from ...store.session_log import SessionLogs
from ...workspace.code_service import CodeService
from ...workspace.open_conversations import WorkspaceSnapshot
from ...workspace.session import Session
from ...workspace.tour import CHANGE, Tour
from ..output import print_status
from .init import NAME, template_files, write_files


def dev(
    agent: str, model: str, fixture: str, resume: str, screen: Literal["develop", "review"], mouse: bool = True
) -> int:
    """Open the workbench and return its exit status."""
    check_terminal()
    code, kept = open_workbench(find_project(), agent, model, fixture, resume, screen, mouse)
    if kept:
        print_status(f"saved as {kept}; continue with: workbench dev --resume last")
    return code


def open_workbench(
    project: Project,
    agent: str,
    model: str,
    fixture: str = "",
    resume: str = "",
    screen: Literal["develop", "review"] = "develop",
    mouse: bool = True,
    tour: Tour | None = None,
) -> tuple[int, str]:
    """Open the screens on a project; returns the exit status and the id of the last stored conversation."""
    chosen_settings = merge_settings(project.config)
    history = SessionLogs(project.state, project.transcripts)
    lay = history.previous_workspace()
    kept = history.read(_resume_id(history, resume, lay)) if resume else None
    name = kept.setup.agent if kept else project.agent(agent)
    chosen = resolve_model(model or (kept.model if kept else ""), str(project.config.get("model", "")))
    start_fork_server(chosen)
    host = WorkerPool(project.journeys)
    if kept is None and fixture:
        _check_fixture(project, name, fixture)
    session = Session(CodeService(host, name, chosen), history, id=kept.id if kept else "", fixture=fixture)
    if kept is not None:
        session.load(kept.setup, kept.trace, kept.annotations.values(), begun=True, lacked=kept.disabled_by_turn)
        session.corrupt_lines = kept.torn
    from ...store.library import IndexedLibrary
    from ...tui.app import WorkbenchApp, run

    shelf = IndexedLibrary(project, history)
    try:
        lost = (
            lay if lay is not None and lay.open and (resume == "last" or not (resume or lay.clean_exit)) else None
        )
        app = WorkbenchApp(
            session,
            shelf,
            _changes(project),
            screen,
            replace(chosen_settings, mouse=mouse and chosen_settings.mouse),
            lost,
            resumed=resume == "last",
            newcomer=history.empty and tour is None,
            tour=tour,
        )
        code = run(app)
    finally:
        shelf.close()
        host.close()
        history.close()
    if history.write_error:
        print_status(f"NOT saved: {history.write_error}; the last messages are lost")
    return code, history.written[-1] if history.written else ""


def _changes(project: Project) -> AsyncIterator[str]:
    from ...runtime.watch import watch_code  # watchfiles is not needed for the first frame

    return watch_code(project.journeys)


def _check_fixture(project: Project, agent: str, fixture: str) -> None:
    """Raise UsageError for an unknown fixture file; whether it is valid is shown on screen."""
    there = sorted(p.stem for p in (project.journeys / agent).glob("*/*.json"))
    if fixture not in there:
        raise UsageError(f"unknown fixture {fixture!r}", hint=f"one of: {', '.join(there)}")


def _resume_id(history: SessionLogs, asked: str, lay: WorkspaceSnapshot | None) -> str:
    ids = history.ids()
    if asked == "last":
        if not ids:
            raise UsageError("no conversation to continue", hint="start one: workbench")
        return lay.current if lay is not None and lay.current in ids else ids[0]
    if asked not in ids:
        raise UsageError(f"unknown conversation {asked!r}", hint="workbench review lists them")
    return asked


def check_terminal() -> None:
    """Raise UsageError if no screen can be drawn, with the alternatives."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the workbench needs a terminal",
            hint="use `workbench chat`, `workbench replay` or `workbench show`",
        )
    if os.environ.get("TERM", "") in ("dumb", ""):
        raise UsageError(
            "this terminal cannot draw a screen (TERM is dumb)",
            hint="use `workbench chat`, `workbench replay` or `workbench show`",
        )


def tour() -> int:
    check_terminal()
    with tempfile.TemporaryDirectory(prefix="workbench-tour-") as folder:
        project = lay_out(Path(folder).resolve())
        code, _ = open_workbench(project, NAME, "rehearsal", tour=Tour())
    print_status("the tour's folder was deleted; `workbench init NAME` creates your own project")
    return code


def lay_out(folder: Path) -> Project:
    """Create a project whose policy has the mistake of the tour."""
    files = {name: data for name, data in template_files(NAME).items() if name.startswith("journeys/")}
    name = f"journeys/{CHANGE.file}"
    assert CHANGE.after.encode() in files[name]
    files[name] = files[name].replace(CHANGE.after.encode(), CHANGE.before.encode())
    write_files(folder, files)
    return Project(folder)
