"""Apply stored live results to transcripts that only a live model can decide."""

from __future__ import annotations

from pathlib import Path

from ..errors import JourneyError, TranscriptError
from ..replay.case import Case
from ..replay.verdict import Verdict
from ..runtime.agent_files import code_hash
from ..store.project import Project
from ..transcripts.live_result import CurrentFacts, read_live_result


def apply_live_results(cases: list[Case], project: Project, accept: bool) -> None:
    """Add the last live result to each NEEDS_LIVE case; with `accept` a valid passing one makes it CACHED."""
    for case in cases:
        if case.verdict is not Verdict.NEEDS_LIVE or not case.outcome.live:
            continue
        try:
            live_result = read_live_result(Path(case.path))
        except TranscriptError as error:
            case.outcome.why += f"; {error.where}: {error.message}"
            continue
        if live_result is None:
            case.outcome.why += "; no live result is stored"
            continue
        current = _current_facts(case, project)
        mismatch = live_result.mismatch(current)
        changed = "" if live_result.code == current.code else "; the agent's files have changed since"
        scope = "for the current prompt"
        if current.diverged_at:
            scope += f" up to {current.diverged_at}, where the run diverges from the recording"
        case.outcome.why += f"; {live_result.description}, {mismatch or scope}{changed}"
        case.outcome.live |= {
            "last_result": live_result.description,
            "applies": not mismatch,
            "passed": live_result.all_passed,
        }
        if accept and not mismatch and live_result.all_passed:
            case.outcome.verdict = Verdict.CACHED


def _current_facts(case: Case, project: Project) -> CurrentFacts:
    from ..models.registry import project_model, server

    live, first = case.outcome.live, case.outcome.first_difference
    agent = case.head.agent if case.head else ""
    try:
        code = code_hash(project.journeys, agent) if case.head else ""
    except JourneyError:
        code = ""
    return CurrentFacts(
        id=case.head.id if case.head else "",
        expects=live["expects"],
        prompt=live["prompt"],
        code=code,
        server=server(),
        model=project_model(project.config),
        diverged_at=str(first.step_id) if first is not None else "",
    )
