"""`workbench accept`: confirm that the current behavior of a transcript is correct."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from ...errors import UsageError
from ...replay.exit_codes import Exit
from ...replay.verdict import ReplayResult, Verdict
from ...runtime.agent_files import code_hash
from ...runtime.replay_job import ReplayJob
from ...runtime.replay_server import ReplayServer
from ...store.project import project_for
from ...text import pluralize
from ...trace.events import AnyEvent, Prompt, ToolResult, TurnEnded
from ...trace.steps import group_steps
from ...transcripts.codec import encode, read
from ...transcripts.expectation import MATCH_MODES, Match
from ...transcripts.files import write
from ...transcripts.matching import with_match
from ...transcripts.transcript import Transcript, with_saved_usage
from ..output import print_status


def accept(file: Path, reason: str, match: list[str]) -> Exit:
    """Accept today's behavior of a transcript, and write it. Raises UsageError or TranscriptError."""
    if os.environ.get("CI"):
        raise UsageError("accept needs a human decision and does not run in CI", hint="run it on your own machine")
    transcript = read(file)
    project = project_for(file)
    if match:
        return _match(file, transcript, project.journeys, match)
    outcome = _replay(transcript, project.journeys)
    code = code_hash(project.journeys, transcript.agent)
    if transcript.kind == "mistake":
        if outcome.verdict is Verdict.PASS and transcript.accepted_code == code:
            print_status(f"{file}: was already accepted on this code; nothing was written")
            return Exit.OK
        write(file, accept_mistake(transcript, outcome, code))
        again = "accepted again" if transcript.accepted_code else "accepted"
        print_status(f"{file}: {again}; replay fails from now on if it breaks again (code {code[:12]})")
        return Exit.OK
    if outcome.verdict is Verdict.PASS:
        print_status(f"{file}: nothing to accept, it passes")
        return Exit.OK
    if outcome.verdict is not Verdict.FAIL:
        raise UsageError(f"cannot be accepted: {outcome.verdict.value}: {outcome.why}")
    if outcome.first_difference is None:
        raise UsageError(f"cannot be accepted: {outcome.why}", hint="remove that expectation from the file")
    if not reason:
        raise UsageError("a reason is required", hint=f'workbench accept {file} --reason "..."')
    assert outcome.details is not None
    accepted = accept_golden(transcript, outcome.details.events, outcome.details.blobs, reason)
    after = _replay(accepted, project.journeys)
    if after.verdict is not Verdict.PASS:
        raise UsageError(
            f"it would not pass after accepting: {after.verdict.value}: {after.why}; nothing was written",
            hint=f"the conversation continues beyond the recording: workbench rerecord {file}",
        )
    write(file, accepted)
    lost = (
        len(transcript.annotations)
        + len(transcript.expectations)
        - len(accepted.annotations)
        - len(accepted.expectations)
    )
    gone = f"; {pluralize(lost, 'later annotation or expectation')} removed" if lost else ""
    print_status(f"{file}: now ends at {outcome.first_difference.step_id}{gone}; review the change and commit it")
    return Exit.OK


def _replay(transcript: Transcript, root: Path) -> ReplayResult:
    with ReplayServer(ReplayJob(str(root), details=True)) as server:
        return server.case("", encode(transcript)).outcome


def _match(file: Path, transcript: Transcript, root: Path, match: list[str]) -> Exit:
    """Set the match modes of a mistake's expectation; the recording must still show the mistake."""
    if transcript.kind != "mistake":
        raise UsageError("a golden transcript has no expected arguments", where=str(file))
    fields = dict(_field(text) for text in match)
    expectation = with_match(transcript.expectations[0], fields)
    changed = msgspec.structs.replace(transcript, expectations=[expectation])
    outcome = _replay(changed, root)
    if outcome.verdict is Verdict.ERROR:
        raise UsageError(f"this would be an ERROR: {outcome.why}; nothing was written", where=str(file))
    write(file, changed)
    print_status(
        f"{file}: expects at {expectation.step}: {expectation.description}; today: {outcome.verdict.value}"
    )
    return Exit.OK


def _field(text: str) -> tuple[str, Match]:
    field, sign, how = text.partition("=")
    if not sign or how not in MATCH_MODES:
        raise UsageError(
            f"--match {text} needs FIELD=MODE", hint=f"--match FIELD=MODE, one of: {', '.join(MATCH_MODES)}"
        )
    return field, how


def accept_mistake(transcript: Transcript, outcome: ReplayResult, code: str) -> Transcript:
    """Mark a passing mistake as fixed. Raises UsageError if it does not pass."""
    if outcome.verdict is not Verdict.PASS:
        raise UsageError(
            f"it does not pass yet: {outcome.verdict.value}: {outcome.why}", hint="fix the journey, then accept"
        )
    return msgspec.structs.replace(transcript, accepted_code=code)


def accept_golden(
    transcript: Transcript, events: list[AnyEvent], blobs: dict[str, object], why: str
) -> Transcript:
    """Accept a golden transcript: it ends at its new decision, because no recording of the rest exists."""
    kept = with_saved_usage(events)
    if kept and isinstance(kept[-1], TurnEnded) and kept[-1].reason == "recording_ended":
        kept.pop()
    while kept and isinstance(kept[-1], Prompt):
        kept.pop()
    # a call that is now allowed has no recorded result: the transcript ends with its decisions
    kept = [s for s in kept if not (isinstance(s, ToolResult) and s.outcome == "missing")]
    used = {key for s in kept if isinstance(s, Prompt) for key in (*s.sections, *s.tools)}
    used |= {getattr(s, "version", "") for s in kept}
    steps = {str(m.step_id) for turn in group_steps(kept) for m in turn.steps}
    return msgspec.structs.replace(
        transcript,
        expectations=[e for e in transcript.expectations if e.step in steps],
        annotations=[m for m in transcript.annotations if m.step in steps],
        events=kept,
        blobs={k: v for k, v in blobs.items() if k in used},
        reason=why,
    )
