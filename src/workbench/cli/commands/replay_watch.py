"""`workbench replay --watch`: replay after every save."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ...errors import UsageError
from ...machine import terminal_is_gone
from ...replay.exit_codes import Exit
from ...runtime.run_settings import read_run_settings
from ...runtime.watch import watch_saves
from ...store.project import Project, project_for
from ..output import print_error, print_status
from ..reports.publish import Reports
from ..selection import SelectionRequest
from .replay import ReplayOptions, replay_once

CLEAR = "\x1b[2J\x1b[H"  # clears the terminal


def watch(scope: SelectionRequest, reports: Reports, options: ReplayOptions) -> Exit:
    """Replay and write the reports after every save. Raises UsageError in the first pass only."""
    reports.check()
    project = project_for(scope.paths[0] if scope.paths else None)
    folders = _folders(project, scope)
    last = ""
    on_terminal = sys.stderr.isatty()
    try:
        for saved in watch_saves(
            *folders,
            until=lambda: on_terminal and terminal_is_gone(sys.stderr.fileno()),
            unreported=lambda: print_status("saves are not reported here: the files are looked at once a second"),
        ):
            if last and sys.stderr.isatty():
                sys.stderr.write(CLEAR)
            if saved:
                print_status(f"{_now()}  saved: {_some(saved)}")
            try:
                summary = replay_once(project, scope, options, reports.quiet)
                reports.publish(summary)
            except UsageError as error:
                if not last:
                    raise
                print_error(error)
                last = f"replay failed: {error.message}"
            else:
                last = f"{summary.code.name}: {summary.headline}, {summary.counts_text}"
                if summary.interrupted:
                    break
            print_status(f"{_now()}  watching {_some(map(str, folders))}; ctrl+c stops")
    except KeyboardInterrupt:
        pass
    print_status(f"stopped. {last}")
    return Exit.INTERRUPTED


def _now() -> str:
    return time.strftime("%H:%M:%S")


def _some(paths: Iterable[str], most: int = 3) -> str:
    names = [os.path.relpath(path) for path in paths]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _folders(project: Project, scope: SelectionRequest) -> list[Path]:
    """Return the watched folders: journeys, the data folders that journey code reads, and transcripts."""
    data = [Path(name) for name in read_run_settings(project.journeys).folders(project.journeys)]
    named = [path if path.is_dir() else path.parent for path in scope.paths] or [project.transcripts]
    return [project.journeys, *dict.fromkeys(folder for folder in (*data, *named) if folder.is_dir())]
