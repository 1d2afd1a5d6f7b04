"""What receipts say of transcripts that only a live model can decide."""

from __future__ import annotations

from pathlib import Path

from ..case import Case
from ..errors import JourneyError, TranscriptError
from ..outside.loader import code_hash
from ..outside.project import Project
from ..outside.receipts import read_receipt
from ..receipt import Receipt
from ..replay import Verdict


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
        told = case.outcome.live
        fits = receipt.id == (case.head.id if case.head else "") and receipt.fits(told["expects"], told["prompt"])
        changed = _code_changed(case, project, receipt)
        if case.outcome.first is not None and changed:
            fits = False  # beyond the difference nobody knows what a model would be asked with on this code
        case.outcome.why += f"; {_told(case, receipt)}{changed}"
        case.outcome.live = {**told, "receipt": receipt.sentence, "fits": fits, "passed": receipt.green}
        if accept and fits and receipt.green:
            case.outcome.verdict = Verdict.BY_RECEIPT


def _told(case: Case, receipt: Receipt) -> str:
    """A receipt in words, and whether it still speaks of today."""
    told = case.outcome.live
    if case.head and receipt.id != case.head.id:
        return f"the receipt beside it is of another transcript, {receipt.id}"
    if receipt.expects != told["expects"]:
        return f"{receipt.sentence}, for another expectation"
    if receipt.prompt != told["prompt"]:
        return f"{receipt.sentence}, on another prompt than today's"
    if case.outcome.first is not None:
        place = case.outcome.first.place
        return f"{receipt.sentence}, on today's prompt up to {place}, where the run leaves the record"
    return f"{receipt.sentence}, on today's prompt"


def _code_changed(case: Case, project: Project, receipt: Receipt) -> str:
    """That the agent's code is not what the trials ran on, in words; "" where it is."""
    try:
        now = code_hash(project.journeys, case.head.agent) if case.head else ""
    except JourneyError:
        now = ""
    return "" if now == receipt.code else "; the agent's files have changed since"
