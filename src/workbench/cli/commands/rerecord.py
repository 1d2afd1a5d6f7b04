"""`workbench rerecord`: record a transcript again with a live model; the result is pending."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ...errors import JourneyError, UsageError
from ...replay.exit_codes import Exit
from ...runtime.agent_files import file_hashes
from ...runtime.worker import start_fork_server
from ...store.project import Project, project_for
from ...trace.events import Answer
from ...trace.step_id import StepId
from ...trace.trace import Trace
from ...transcripts.codec import read
from ...transcripts.files import PENDING, sibling, write
from ...transcripts.redaction import Redactor, redact
from ...transcripts.transcript import Transcript
from ...trials.rerecord import CannotRerecord, with_new_recording
from ...trials.runner import TrialRequest, TrialRunner
from ..interrupts import run_until_signal
from ..output import print_status
from .pending import show_difference
from .trial import choose_model


def rerecord(file: Path, model: str) -> Exit:
    """Record a transcript again and store the result as pending. Raises UsageError or TranscriptError."""
    if os.environ.get("CI"):
        raise UsageError("rerecord does not run in CI: tests never record", hint="run it on your own machine")
    project = project_for(file)
    transcript = read(file)
    if file.name.endswith(PENDING):
        raise UsageError(f"{file} is itself a pending re-recording", hint="name the transcript next to it")
    chosen = choose_model(model, project)
    start_fork_server(chosen)
    print_status(f"re-recording {file} with {chosen} …")
    trace = run_until_signal(_run(project, transcript, chosen))
    speaker = next((s.model for s in trace if isinstance(s, Answer) and s.model), chosen)
    try:
        made, lost = with_new_recording(
            transcript, trace, file_hashes(project.journeys, transcript.agent), speaker
        )
        redactor = Redactor()
        made = redact(made, redactor)
    except CannotRerecord as unfit:
        print_status(f"{file}: nothing was written: {unfit}")
        print_status("  the existing transcript is unchanged")
        return Exit.INCONCLUSIVE
    pending = sibling(file, PENDING)
    write(pending, made)
    for one in lost:
        print_status(f"  removed, because its step no longer exists: {one}")
    for kind, substitute in redactor.replaced:
        print_status(f"  replaced: {kind} by {substitute}")
    show_difference(transcript, made)
    print_status(f"{pending} awaits your review")
    print_status(f"  next: workbench pending accept {file}, or reject; on screen: workbench review")
    return Exit.OK


async def _run(project: Project, transcript: Transcript, model: str) -> Trace:
    runs, trace, count = TrialRunner(project.journeys, model, params=project.params), Trace(), 0

    def spend(answer: Answer) -> None:
        nonlocal count
        count += 1
        if sys.stderr.isatty():
            sys.stderr.write(f"\r  {count} answers")
            sys.stderr.flush()

    try:
        async with runs.worker(transcript.agent) as worker:
            await runs.run(worker, TrialRequest(transcript, StepId(0)), trace, spend, whole=True)
    except JourneyError as error:
        raise UsageError(error.message, where=error.where, hint=error.hint) from None
    finally:
        runs.close()
        if count and sys.stderr.isatty():
            sys.stderr.write("\n")
    return trace
