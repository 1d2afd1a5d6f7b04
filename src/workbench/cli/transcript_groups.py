"""Group transcripts by agent, for mutate and coverage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from ..errors import TranscriptError, UsageError
from ..mutation.run import Baseline
from ..plain import indented_json
from ..store.project import Project, project_for
from ..store.selection import select_names
from ..text import escape_json
from ..transcripts.codec import read
from ..transcripts.files import find, is_empty
from ..transcripts.query import ALL, Query
from ..transcripts.transcript import Transcript
from .output import print_status, style
from .reports.destination import write_report
from .selection import print_not_collected


class TranscriptGroup(msgspec.Struct):
    """Transcripts of one agent, with their paths as displayed."""

    agent: str
    paths: list[str] = []
    transcripts: list[Transcript] = []


def group_by_agent(paths: list[Path], agent: str, query: Query = ALL) -> tuple[Project, list[TranscriptGroup]]:
    """Return the project and its readable transcripts by agent; reports unreadable ones. Raises UsageError."""
    project = project_for(paths[0] if paths else None)
    wanted = project.agent(agent) if agent else ""
    for path in paths:
        if path.is_dir() and is_empty(path):
            raise UsageError(f"no transcript in {path}", hint="check the path")
    left: list[str] = []
    there = find(paths or [project.transcripts], left) if paths or project.transcripts.is_dir() else []
    print_not_collected(left)
    groups: dict[str, TranscriptGroup] = {}
    for name in select_names([os.path.relpath(path) for path in there], query):
        try:
            transcript = read(Path(name))
        except TranscriptError as error:
            _left_out(name, f"ERROR: {error}")
            continue
        if wanted in ("", transcript.agent):
            group = groups.setdefault(transcript.agent, TranscriptGroup(transcript.agent))
            group.paths.append(name)
            group.transcripts.append(transcript)
    if not groups:
        print_status("nothing to measure: no transcript was selected")
        print_status("  next: save one in the workbench (it goes to transcripts/), or name files")
    return project, [groups[name] for name in sorted(groups)]


def print_baseline(group: TranscriptGroup, base: Baseline) -> None:
    """Print the replay of the unchanged code: how many transcripts pass."""
    for index, why in sorted(base.left_out.items()):
        _left_out(group.paths[index], why)
    print_status(f"{group.agent}: {len(base.passed)} of {len(group.transcripts)} transcripts pass")
    if not base.passed:
        print_status("  next: workbench replay shows the failures; only passing transcripts are measured")


def base_json(group: TranscriptGroup, base: Baseline) -> dict[str, Any]:
    """Return {"agent", "passing", "left_out": [{"path", "why"}]} for a JSON report."""
    return {
        "agent": group.agent,
        "passing": len(base.passed),
        "left_out": [{"path": group.paths[i], "why": why} for i, why in sorted(base.left_out.items())],
    }


def _left_out(path: str, why: str) -> None:
    print_status(f"{style('left out', 'yellow')} {path}: {why.splitlines()[0] if why else 'not passed'}")


def fraction_text(part: int, whole: int) -> str:
    """Format a fraction with its percentage: "3 of 4 (75 %)"."""
    return f"{part} of {whole}" + (f" ({part * 100 // whole} %)" if whole else "")


def journeys_path(project: Project, file: str) -> str:
    """Return the path of a file in journeys/, relative to the current folder."""
    return os.path.relpath(project.journeys / file)


def write_json(target: str, value: Any) -> None:
    """Write a report as JSON to a file, or to stdout for "-". Raises UsageError."""
    write_report(target, escape_json(indented_json(value).decode()).encode() + b"\n")
