"""`workbench accept`: a person says that what a transcript does today is right."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from ...authoring.agent import Agent
from ...errors import UsageError
from ...replay.exit_codes import Exit
from ...replay.rerun import rerun as run_again
from ...replay.rerun import run_sync
from ...replay.verdict import Outcome, Verdict
from ...runtime.agent_files import code_hash
from ...runtime.fork_pool import replay_one
from ...runtime.loader import load
from ...store.project import project_for
from ...text import count
from ...trace.events import AnyStep, Prompt
from ...trace.steps import moves
from ...transcripts.codec import read
from ...transcripts.expectation import MATCHES, Match
from ...transcripts.files import write
from ...transcripts.matching import relaxed
from ...transcripts.transcript import Transcript, still
from ..output import say


def accept(file: Path, reason: str, match: list[str]) -> Exit:
    if os.environ.get("CI"):
        raise UsageError("accept is a person's word and is refused in CI", next="run it on your own machine")
    transcript = read(file)
    project = project_for(file)
    loaded = load(project.journeys, transcript.agent)
    if match:
        return _match(file, transcript, loaded.agent, project.journeys, match)
    outcome = replay_one(transcript, loaded.agent, project.journeys)
    seal = code_hash(project.journeys, transcript.agent)
    if transcript.kind == "mistake":
        write(file, accept_mistake(transcript, outcome, seal))
        say(f"{file}: guarding now; it passed on code {seal}")
        return Exit.OK
    if outcome.verdict is Verdict.PASS:
        say(f"{file}: nothing to accept, it passes as it is")
        return Exit.OK
    if outcome.verdict is not Verdict.FAIL:
        raise UsageError(f"it cannot be accepted: {outcome.verdict.value}: {outcome.why}")
    if outcome.first is None:
        raise UsageError(f"it cannot be accepted: {outcome.why}", next="take that expectation out of the file")
    if not reason:
        raise UsageError("say why the new decision is right", next=f'workbench accept {file} --reason "..."')
    result = run_sync(loaded.agent, run_again(loaded.agent, transcript.setup, transcript.steps))
    accepted = accept_guard(transcript, list(result.trace.steps), result.trace.exhibits, reason)
    after = replay_one(accepted, loaded.agent, project.journeys)
    if after.verdict is not Verdict.PASS:
        raise UsageError(
            f"it would not pass as accepted: {after.verdict.value}: {after.why}; nothing was written",
            next=f"the conversation goes on where the record does not: workbench rerecord {file}",
        )
    write(file, accepted)
    lost = len(transcript.marks) + len(transcript.expectations) - len(accepted.marks) - len(accepted.expectations)
    gone = f"; {count(lost, 'mark or expectation')} beyond it gone" if lost else ""
    say(f"{file}: ends now at {outcome.first.place}{gone}; review the change and commit it")
    return Exit.OK


def _match(file: Path, transcript: Transcript, agent: Agent, root: Path, match: list[str]) -> Exit:
    """Change how arguments of a mistake's expectation are compared; the recording must still show the mistake."""
    if transcript.kind != "mistake":
        raise UsageError("a guard has no expectation whose arguments could be compared", where=str(file))
    fields = dict(_field(text) for text in match)
    expectation = relaxed(transcript.expectations[0], fields)
    changed = msgspec.structs.replace(transcript, expectations=[expectation])
    outcome = replay_one(changed, agent, root)
    if outcome.verdict is Verdict.ERROR:
        raise UsageError(f"it would be an ERROR: {outcome.why}; nothing was written", where=str(file))
    write(file, changed)
    say(f"{file}: expects at {expectation.at} that {expectation.sentence}; today: {outcome.verdict.value}")
    return Exit.OK


def _field(text: str) -> tuple[str, Match]:
    field, sign, how = text.partition("=")
    if not sign or how not in MATCHES:
        raise UsageError(
            f"--match {text} needs FIELD=MODE", next=f"--match FIELD=MODE, one of: {', '.join(MATCHES)}"
        )
    return field, how


def accept_mistake(transcript: Transcript, outcome: Outcome, code: str) -> Transcript:
    """A mistake that passes becomes guarding. Raises UsageError for one that does not."""
    if outcome.verdict is not Verdict.PASS:
        raise UsageError(
            f"it does not pass yet: {outcome.verdict.value}: {outcome.why}", next="mend the journey, then accept"
        )
    return msgspec.structs.replace(transcript, passed_on=code)


def accept_guard(
    transcript: Transcript, steps: list[AnyStep], exhibits: dict[str, object], why: str
) -> Transcript:
    """A guard that changed on purpose ends at its new decision: what follows was never seen."""
    kept = still(steps)
    if kept and kept[-1].__class__.__name__ == "TurnEnd" and getattr(kept[-1], "reason", "") == "tape_ended":
        kept.pop()
    while kept and isinstance(kept[-1], Prompt):
        kept.pop()
    used = {key for s in kept if isinstance(s, Prompt) for key in (*s.spans, *s.tools)}
    used |= {getattr(s, "version", "") for s in kept}
    places = {str(m.place) for turn in moves(kept) for m in turn.moves}
    return msgspec.structs.replace(
        transcript,
        expectations=[e for e in transcript.expectations if e.at in places],
        marks=[m for m in transcript.marks if m.at in places],
        steps=kept,
        exhibits={k: v for k, v in exhibits.items() if k in used},
        why=why,
    )
