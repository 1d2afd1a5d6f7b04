"""`workbench dev`, `review` and `tour`: open the screens."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from ...errors import UsageError
from ...models.registry import known_models, model_note, model_problem, resolve_model
from ...replay.exit_codes import Exit
from ...runtime.agent_files import agent_names
from ...runtime.worker import WorkerPool, start_fork_server
from ...store import run_permissions
from ...store.config import keep_theme, merge_settings
from ...store.project import Project, find_project
from ...store.session_log import SessionLogs
from ...workspace.code_service import CodeService
from ...workspace.model_catalog import ModelCatalog
from ...workspace.open_conversations import WorkspaceSnapshot
from ...workspace.permission import CodePermission
from ...workspace.session import Session
from ...workspace.tour import CHANGE, Tour
from ..output import print_status
from .init import NAME, template_files, write_files

if TYPE_CHECKING:
    from ...tui.app import WorkbenchApp


NO_AGENT = "none"  # of Review in a project without agents


def dev(agent: str, model: str, fixture: str, resume: str, mouse: bool = True) -> int:
    """Open the workbench in Develop and return its exit status."""
    check_terminal()
    return _report(open_workbench(find_project(), agent, model, fixture, resume, mouse=mouse))


def review(agent: str, model: str, mouse: bool, run_code: bool | None) -> int:
    """Open the workbench in Review and return its exit status. Journey code runs only with permission."""
    check_terminal()
    project = find_project()
    if run_code is not None:
        (run_permissions.allow if run_code else run_permissions.forbid)(project.root)
    permission = CodePermission(
        run_permissions.is_allowed(project.root), partial(run_permissions.allow, project.root)
    )
    return _report(open_workbench(project, agent, model, screen="review", mouse=mouse, permission=permission))


def _report(ended: tuple[int, str, int]) -> int:
    """Print how to continue what is stored, and return the exit status."""
    code, stored, open_count = ended
    if open_count > 1:
        print_status(f"{open_count} conversations are saved; open them again with: workbench dev --resume last")
    elif stored:
        print_status(f"saved as {stored}; continue with: workbench dev --resume last")
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
    permission: CodePermission | None = None,
) -> tuple[int, str, int]:
    """Open the screens on a project.

    Returns the exit status, the id of the last stored conversation, and the number of open ones.
    """
    chosen_settings = merge_settings(project.config)
    history = SessionLogs(project.state, project.transcripts)
    snapshot = history.previous_workspace()
    stored = history.read(_resume_id(history, resume, snapshot)) if resume else None
    name = stored.setup.agent if stored else _agent(project, agent, screen)
    if not name:
        return 0, "", 0
    chosen = resolve_model(model or (stored.model if stored else ""), project.model, project.model_where)
    start_fork_server(chosen)
    host = WorkerPool(project.journeys)
    if stored is None and fixture:
        _check_fixture(project, name, fixture)
    service = CodeService(
        host, name, chosen, permission, (stored.params if stored and not model else project.params)
    )
    session = Session(service, history, id=stored.id if stored else "", fixture=fixture)
    if stored is not None:
        session.load_stored(stored.stored)
    from ...store.fixtures import FixtureFiles
    from ...store.library import IndexedLibrary
    from ...store.pane_sizes import StoredPaneSizes
    from ...tui.app import WorkbenchApp, run

    library = IndexedLibrary(project, history)
    try:
        app = WorkbenchApp(
            session,
            library,
            None,
            screen,
            replace(chosen_settings, mouse=mouse and chosen_settings.mouse),
            snapshot if snapshot is not None and snapshot.open else None,
            resumed=resume == "last",
            newcomer=history.empty and tour is None,
            tour=tour,
            models=ModelCatalog(known_models(), model_problem, model_note),
            keep_theme=partial(keep_theme, project=project.config),
            pane_sizes=StoredPaneSizes(),
            fixtures=FixtureFiles(project),
        )
        app.changes = _changes(project, app, host)
        code = run(app)
    finally:
        library.close()
        host.close()
        history.close()
    if history.write_error:
        print_status(f"NOT saved: {history.write_error}; the last messages are lost")
        code = Exit.USAGE_ERROR
    return code, history.written[-1] if history.written else "", len(app.conversations.started)


def _agent(project: Project, requested: str, screen: str) -> str:
    """Return the agent to begin with; asks which if there are several, and returns "" if that is not answered.

    Review shows the conversations of all agents and needs none.
    """
    names = agent_names(project.journeys)
    chosen = requested or project.config.get("agent")
    if screen == "review" and not chosen:
        return names[0] if names else NO_AGENT
    if chosen or len(names) < 2:
        return project.agent(requested)
    from ...tui.chooser import choose_agent

    return choose_agent(names, merge_settings(project.config))


def _changes(project: Project, app: WorkbenchApp, host: WorkerPool) -> AsyncIterator[str]:
    from ...runtime.watch import watch_code  # watchfiles is not needed for the first frame
    from ...tui.actions import key

    def unreported() -> None:
        text = f"saves are not reported here: files are looked at once a second · {key('reload')} loads now"
        app.call_from_thread(app.notify_user, text, "warn")

    return watch_code(project.journeys, unreported=unreported, written=host.written)


def _check_fixture(project: Project, agent: str, fixture: str) -> None:
    """Raise UsageError for an unknown fixture file; whether it is valid is shown on screen."""
    there = sorted(p.stem for p in (project.journeys / agent).glob("*/*.json"))
    if fixture not in there:
        raise UsageError(f"unknown fixture {fixture!r}", hint=f"choose one of: {', '.join(there)}")


def _resume_id(history: SessionLogs, requested: str, snapshot: WorkspaceSnapshot | None) -> str:
    ids = history.ids()
    if requested == "last":
        if not ids:
            raise UsageError("no conversation to continue", hint="start one: workbench")
        return snapshot.current if snapshot is not None and snapshot.current in ids else ids[0]
    if requested not in ids:
        raise UsageError(f"unknown conversation {requested!r}", hint="workbench review lists them")
    return requested


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
    """Open the tour in a temporary folder, and return its exit status."""
    check_terminal()
    with tempfile.TemporaryDirectory(prefix="workbench-tour-") as folder:
        project = lay_out(Path(folder).resolve())
        code, *_ = open_workbench(project, NAME, "rehearsal", tour=Tour())
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
