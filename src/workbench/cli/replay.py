"""`workbench replay`: choose transcripts, run them, tell a person and a machine what came of it."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ..errors import TranscriptError, UsageError
from ..outside.crew import replay_all
from ..outside.loader import file_hashes, load_agent
from ..outside.project import Project, project_for
from ..outside.transcripts import find
from ..replay import Outcome, Verdict, supersede
from ..transcript import Transcript, read
from .report import Exit, clean, paint, say, worst

CODES = {
    Verdict.PASS: Exit.OK,
    Verdict.SUPERSEDED: Exit.OK,
    Verdict.FAIL: Exit.RED,
    Verdict.DIVERGED: Exit.RED,
    Verdict.ERROR: Exit.USAGE,
    Verdict.NEEDS_WORLD: Exit.UNDECIDED,
    Verdict.NEEDS_LIVE: Exit.UNDECIDED,
}
COLOR = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.DIVERGED: "red", Verdict.ERROR: "red"}


@dataclass
class Item:
    """One selected file: its transcript, or why it could not be read, and the outcome."""

    path: str
    transcript: Transcript | None
    outcome: Outcome


def replay(paths: list[Path], json: str, jobs: int, timeout: float, quiet: bool) -> Exit:
    began = time.perf_counter()
    project = project_for(paths[0] if paths else None)
    items = [_read(path) for path in select(project, paths)]
    if not items:
        say("nothing to replay: no transcript is selected")
        say("  next: save one in the workbench (it goes to transcripts/), or name files")
    _run(project, items, jobs, timeout)
    code = worst({CODES[i.outcome.verdict] for i in items} or {Exit.NOTHING})
    if json:
        _write_json(json, items)
    if items:
        tell(project, items, time.perf_counter() - began, quiet)
    return code


def select(project: Project, paths: list[Path]) -> list[Path]:
    """The files to replay. A path that names nothing is an error, never an empty success."""
    if paths:
        found = find(paths)
        for path in paths:
            if path.is_dir() and not find([path]):
                raise UsageError(f"there is no transcript in {path}", next="check the path")
        return found
    return find([project.transcripts]) if project.transcripts.is_dir() else []


def _read(path: Path) -> Item:
    try:
        name = os.path.relpath(path)
        transcript = read(Path(name))
    except TranscriptError as error:
        return Item(os.path.relpath(path), None, Outcome(Verdict.ERROR, str(error)))
    return Item(name, transcript, Outcome(Verdict.ERROR, "it was not run"))


def _run(project: Project, items: list[Item], jobs: int, timeout: float) -> None:
    agents: dict[str, list[Item]] = {}
    for item in items:
        if item.transcript is not None:
            agents.setdefault(item.transcript.agent, []).append(item)
    for agent, group in agents.items():
        transcripts = [i.transcript for i in group if i.transcript is not None]

        def loaded(name: str = agent) -> Any:
            return load_agent(project.journeys, name)

        for index, outcome in replay_all(transcripts, loaded, project.journeys, jobs=jobs, patience=timeout):
            group[index].outcome = outcome
    supersede([(i.transcript, i.outcome) for i in items if i.transcript is not None])


def as_json(items: list[Item]) -> dict[str, Any]:
    """The report as plain data; the verdicts add up to what was selected."""
    counts = Counter(i.outcome.verdict for i in items)
    return {
        "selected": len(items),
        "verdicts": {v.value: counts.get(v, 0) for v in Verdict},
        "transcripts": [_item_json(i) for i in items],
    }


def _item_json(item: Item) -> dict[str, Any]:
    outcome, transcript = item.outcome, item.transcript
    first = outcome.first
    return {
        "path": item.path,
        "id": transcript.id if transcript else "",
        "kind": transcript.kind if transcript else "",
        "verdict": outcome.verdict.value,
        "why": outcome.why,
        "source": transcript.source if transcript else {},
        "first_difference": None
        if first is None
        else {"step": str(first.place), "recorded": first.recorded, "now": first.now, "why": first.why},
        "prompt_changed_from": outcome.prompt_changed_from,
    }


def _write_json(target: str, items: list[Item]) -> None:
    data = msgspec.json.format(msgspec.json.encode(as_json(items)), indent=2) + b"\n"
    if target == "-":
        sys.stdout.write(data.decode())
        sys.stdout.flush()
        return
    try:
        Path(target).write_bytes(data)
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error.strerror}", where=target) from None


def tell(project: Project, items: list[Item], seconds: float, quiet: bool) -> None:
    """The report for a person: what is not green, why, and the next command to type."""
    files: dict[str, dict[str, str]] = {}
    errors: dict[str, int] = {}
    for item in items:
        if item.outcome.verdict is Verdict.PASS or quiet:
            continue
        if item.outcome.verdict is Verdict.ERROR:
            errors[item.outcome.why] = errors.get(item.outcome.why, 0) + 1
            if errors[item.outcome.why] > 1:
                continue  # an agent that does not load is told once
        _tell_item(project, item, files)
    for why, count in errors.items():
        if count > 1:
            say(f"{paint('ERROR', 'red')} {count - 1} more for the same reason: {clean(why.splitlines()[0])}")
            say()
    counts = Counter(i.outcome.verdict for i in items)
    parts = [paint(f"{counts[v]} {v.value}", COLOR.get(v, "yellow")) for v in Verdict if counts[v]]
    say(f"{len(items)} transcript{'s' * (len(items) != 1)}: {', '.join(parts)}  ({seconds:.2f} s)")
    unseen = sum(1 for i in items if i.outcome.verdict is Verdict.PASS and i.outcome.prompt_changed_from)
    if unseen:
        green = counts[Verdict.PASS]
        say(f"{unseen} of the {green} PASS stand on prompts no model has seen: code was tested, not the model")
    if sum(counts.values()) != len(items):
        raise AssertionError("the verdicts do not add up to what was selected")


def _tell_item(project: Project, item: Item, files: dict[str, dict[str, str]]) -> None:
    outcome, transcript = item.outcome, item.transcript
    head = paint(outcome.verdict.value, COLOR.get(outcome.verdict, "yellow"))
    title = f"  {clean(transcript.title)[:80]}" if transcript and transcript.title else ""
    say(f"{head} {item.path}{title}")
    say(f"  {clean(outcome.why)}")
    expected = transcript.expectations[0] if transcript and transcript.kind == "mistake" else None
    if expected is not None and outcome.verdict is not Verdict.FAIL:
        say(f"  expected at {expected.at}: {clean(expected.sentence)}")
    for line in outcome.before:
        say(paint(f"      {clean(line)}", "dim"))
    first = outcome.first
    if first is not None:
        say(f"    - {first.place}  recorded: {clean(first.recorded)}")
        say(f"    + {first.place}  now:      {clean(first.now)}")
    elif expected is not None and outcome.marked:
        say(f"    ! {expected.at}  now:      {clean(outcome.marked)}")
    if transcript is not None and outcome.verdict is not Verdict.SUPERSEDED:
        changed = outcome.changed + _changed_files(project, transcript, files)
        if changed:
            say(f"  changed since the recording: {clean(', '.join(changed[:8]))}")
    if "next: " not in outcome.why:
        say(f"  next: {_next(item)}")
    say()


def _changed_files(project: Project, transcript: Transcript, files: dict[str, dict[str, str]]) -> list[str]:
    if not transcript.code:
        return []
    if transcript.agent not in files:
        files[transcript.agent] = file_hashes(project.journeys, transcript.agent)
    now = files[transcript.agent]
    gone = [f"{name} (deleted)" for name in transcript.code if name not in now]
    return [name for name, seal in now.items() if transcript.code.get(name) != seal] + gone


def _next(item: Item) -> str:
    outcome, transcript = item.outcome, item.transcript
    match outcome.verdict:
        case Verdict.FAIL if transcript and transcript.kind == "guard":
            return f'mend the journey, or, if this is right now: workbench accept {item.path} --why "..."'
        case Verdict.FAIL:
            return f"mend the journey so that it holds; workbench show {item.path}"
        case Verdict.DIVERGED:
            return f"workbench show {item.path}, then mark it anew or save a new recording"
        case Verdict.SUPERSEDED:
            return "nothing to do: an earlier mark of the same conversation passes"
        case Verdict.NEEDS_LIVE:
            return "only a live model can decide it; nothing here says it is fixed"
        case Verdict.NEEDS_WORLD:
            return "only a run of the tools can decide it; nothing here says it is fixed"
        case _:
            return "mend what is named above" if transcript else "restore the file, or delete it"
