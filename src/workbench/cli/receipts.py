"""What receipts say of transcripts that only a live model can decide."""

from __future__ import annotations

from pathlib import Path

from ..errors import JourneyError, TranscriptError
from ..replay.case import Case
from ..replay.verdict import Verdict
from ..runtime.agent_files import code_hash
from ..store.project import Project
from ..trials.receipt import Today, read_receipt


def show_receipts(cases: list[Case], project: Project, accept: bool) -> None:
    """Tell the last receipt of each NEEDS_LIVE; with `accept` one that fits and passed makes it BY_RECEIPT."""
    for case in cases:
        if case.verdict is not Verdict.NEEDS_LIVE or not case.outcome.live:
            continue
        try:
            receipt = read_receipt(Path(case.path))
        except TranscriptError as error:
            case.outcome.why += f"; {error.where}: {error.message}"
            continue
        if receipt is None:
            case.outcome.why += "; no live model was asked yet"
            continue
        today = _today(case, project)
        void = receipt.void(today)
        changed = "" if receipt.code == today.code else "; the agent's files have changed since"
        held = "on today's prompt"
        if today.left:
            held += f" up to {today.left}, where the run leaves the record"
        case.outcome.why += f"; {receipt.sentence}, {void or held}{changed}"
        case.outcome.live |= {"receipt": receipt.sentence, "fits": not void, "passed": receipt.green}
        if accept and not void and receipt.green:
            case.outcome.verdict = Verdict.BY_RECEIPT


def _today(case: Case, project: Project) -> Today:
    from ..models.registry import project_model, server

    told, first = case.outcome.live, case.outcome.first
    agent = case.head.agent if case.head else ""
    try:
        code = code_hash(project.journeys, agent) if case.head else ""
    except JourneyError:
        code = ""
    return Today(
        id=case.head.id if case.head else "",
        expects=told["expects"],
        prompt=told["prompt"],
        code=code,
        server=server(),
        model=project_model(project.config),
        left=str(first.place) if first is not None else "",
    )
