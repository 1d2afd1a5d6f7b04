"""`workbench trial`: run transcripts with a live model, several times each."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ...errors import JourneyError, TranscriptError, UsageError, WorkerCrashed
from ...files import write_private
from ...models.claude import DEFAULT_MODEL
from ...models.pricing import cost
from ...models.registry import CLAUDE, REHEARSAL, resolve_model, validate_model_name
from ...replay.case import Case
from ...replay.exit_codes import Exit, worst
from ...replay.judge import red_proof
from ...replay.summary import Summary
from ...replay.verdict import ReplayResult, Verdict
from ...runtime.worker import start_fork_server
from ...store.failures import Failures
from ...store.project import Project, project_for
from ...text import pluralize, slug
from ...trace.step_id import StepId
from ...trace.trace import Trace
from ...transcripts.codec import encode, read
from ...transcripts.header import header_of
from ...transcripts.live_result import SCHEMA, LiveResult, describe_expectations, write_live_result
from ...transcripts.redaction import Redactor
from ...transcripts.transcript import Transcript, expectations_hash, with_saved_usage
from ...trials.budget import Budget
from ...trials.estimate import Tokens, estimate_tokens
from ...trials.runner import Preflight, TrialRequest, TrialRunner
from ...trials.trial import Trial, combine_trials, last_turn
from ..interrupts import run_until_signal
from ..output import print_error, print_status
from ..reports.publish import Reports
from ..reports.trial_statistics import print_trial_statistics
from ..selection import SelectionRequest, select

ASK_ABOVE = 1.0  # estimated dollars above which the user must confirm


class TrialOptions(msgspec.Struct, frozen=True):
    """The options of the command.

    `live_from` is a step id, "annotation", or "" to run all of it live. `timeout` is in seconds, 0 if not given.
    """

    model: str = ""
    judge: str = ""
    trials: int = 1
    live_from: str = ""
    budget: Budget = Budget()
    dry_run: bool = False
    yes: bool = False
    jobs: int = 0
    timeout: float = 0.0

    @property
    def as_cli_options(self) -> dict[str, str]:
        """Return the options that decide what runs, by option name."""
        given = {
            "--from": self.live_from,
            "--trials": str(self.trials),
            "--model": self.model,
            "--judge": self.judge,
        }
        return {name: value for name, value in given.items() if value}


class TrialCase(msgspec.Struct):
    """A transcript, its requested trials and their results so far."""

    path: str
    asked: TrialRequest
    trials: list[Trial] = []
    outcome: ReplayResult | None = None
    not_saved: TranscriptError | None = None  # why the live result could not be written


def trial(scope: SelectionRequest, reports: Reports, options: TrialOptions) -> Exit:
    """Run the selected transcripts live, print the statistics, and return the exit code. Raises UsageError."""
    reports.check()
    began = time.perf_counter()
    project = project_for(scope.paths[0] if scope.paths else None)
    model = choose_model(options.model, project, asks=not options.dry_run)
    if options.judge:
        validate_model_name(options.judge)
    selection = select(project, scope, Failures(project))
    cases, chosen = _choose(selection.names, options.live_from)
    if not (cases or chosen):
        return Exit.NO_TESTS
    if not confirm_estimate(chosen, model, options):
        print_status("nothing ran")
        return Exit.NO_TESTS
    interrupted = False
    if chosen:
        start_fork_server(model)
        try:
            run_until_signal(_run(project, chosen, model, options))
        except KeyboardInterrupt:
            interrupted = True
    cases += [Case(c.path, header_of(c.asked.transcript), c.outcome or _cut_short(c, options)) for c in chosen]
    cases.sort(key=lambda case: case.path)
    asked = scope.options | options.as_cli_options
    summary = _summarize(project, asked, cases, time.perf_counter() - began, interrupted)
    code = reports.publish(msgspec.structs.replace(summary, not_collected=selection.not_collected))
    print_trial_statistics([c.trials for c in chosen], options.trials)
    return worst({code, Exit.USAGE_ERROR}) if any(c.not_saved for c in chosen) else code


def _summarize(
    project: Project, asked: dict[str, str], cases: list[Case], seconds: float, interrupted: bool
) -> Summary:
    root = os.path.relpath(project.root)
    return Summary(cases, len(cases), seconds, asked, "" if root == "." else root, interrupted)


def choose_model(asked: str, project: Project, asks: bool = True) -> str:
    """Return the model, never the rehearsal by default: a script proves nothing about a model.

    Requires credentials if `asks`.
    """
    model = resolve_model(asked, project.model or ("" if asks else CLAUDE), project.model_where)
    if model == REHEARSAL and not (asked or project.model):
        raise UsageError(
            "no credentials for a live model",
            hint="set ANTHROPIC_API_KEY (workbench doctor), or use --model rehearsal to test the script",
        )
    return DEFAULT_MODEL if model == CLAUDE else model


def _choose(paths: list[str], since: str) -> tuple[list[Case], list[TrialCase]]:
    """Return the cases that cannot run at all, and those to run."""
    cases: list[Case] = []
    chosen: list[TrialCase] = []
    for path in paths:
        try:
            transcript = read(Path(path))
            problem = red_proof(transcript)
            if not problem:
                chosen.append(TrialCase(path, TrialRequest(transcript, _since(transcript, since, path))))
        except TranscriptError as error:
            cases.append(Case(path, None, ReplayResult(Verdict.ERROR, str(error))))
            continue
        if problem:
            cases.append(Case(path, header_of(transcript), ReplayResult(Verdict.ERROR, problem)))
    return cases, chosen


def _since(transcript: Transcript, since: str, path: str) -> StepId:
    """Return the step from which the model is live. Raises UsageError, or TranscriptError for an unknown step."""
    if not since:
        return StepId(0)
    if since == "annotation":
        annotated = transcript.annotated_step or next((StepId.parse(m.step) for m in transcript.annotations), None)
        if annotated is None:
            raise TranscriptError("it has no annotation to go live from", where=path, hint="name a step")
        return StepId(annotated.turn, annotated.answer)
    try:
        turn, answer, _ = StepId.parse(since)
    except ValueError:
        raise UsageError(f"invalid step {since!r}", hint="use a step id such as 3.1, or annotation") from None
    if not any((event.turn, event.answer) == (turn, answer) for event in transcript.events):
        raise TranscriptError(f"it has no step {since}", where=path, hint="workbench show lists its steps")
    return StepId(turn, answer)


# cost estimate


def confirm_estimate(chosen: list[TrialCase], model: str, options: TrialOptions) -> bool:
    """Print the estimated cost; returns whether to run."""
    total = Tokens()
    for one in chosen:
        a = one.asked
        total = total.plus(
            estimate_tokens(a.transcript, a.live_from, last_turn(a.transcript)).times(options.trials)
        )
    trials = len(chosen) * options.trials
    dollars = cost(model, {"input_tokens": total.input, "output_tokens": total.output})
    if options.budget.cost and dollars is None and model != REHEARSAL:
        raise UsageError(f"the price of {model} is unknown", hint="set a limit with --max-tokens or --max-trials")
    if options.dry_run or sys.stderr.isatty():
        money = "a script, no cost" if model == REHEARSAL else "unknown price"
        if dollars is not None:
            money = f"about ${dollars:.2f} at list prices without caching"
        print_status(
            f"{pluralize(len(chosen), 'transcript')}, {pluralize(options.trials, 'trial')} each: "
            f"{pluralize(trials, 'trial')} with {model}, "
            f"{pluralize(total.requests, 'request')}, {total.input:,} input tokens, "
            f"{total.output:,} output tokens; {money}"
        )
        print_status("estimated from the recordings; live conversations may be longer")
    if options.dry_run:
        return False
    expensive = model != REHEARSAL and (dollars is None or dollars > ASK_ABOVE)
    if not expensive or options.yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    sys.stderr.write("run it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


# running


async def _run(project: Project, chosen: list[TrialCase], model: str, options: TrialOptions) -> None:
    jobs = options.jobs or 4
    runs = TrialRunner(
        project.journeys, model, options.judge, options.budget, jobs, options.timeout, project.params
    )
    try:
        await asyncio.gather(*(_one(project, runs, one, options) for one in chosen))
    finally:
        runs.close()


async def _one(project: Project, runs: TrialRunner, one: TrialCase, options: TrialOptions) -> None:
    try:
        preflight = await runs.preflight(one.asked)
    except (JourneyError, WorkerCrashed) as error:
        one.outcome = ReplayResult(Verdict.ERROR, str(error))
        return
    if preflight.why:
        one.outcome = ReplayResult(preflight.verdict, preflight.why)
        return

    def report_trial(number: int, trial: Trial, trace: Trace) -> None:
        one.trials.append(trial)
        kept = _keep(project, one, number, trial, trace) if trial.outcome == "fail" else ""
        why = f": {trial.why}{kept}" if trial.why else ""
        print_status(f"{one.path}  trial {number} of {options.trials}: {trial.outcome}{why}")

    trials, unrun = await runs.trials(one.asked, options.trials, report_trial)
    verdict, why = combine_trials(trials, options.trials, unrun)
    one.trials = trials
    then = _next(verdict, trials, unrun)
    one.outcome = ReplayResult(
        verdict, why + (f"\n  next: {then}" if then else ""), live=_plain(one, runs.model, options)
    )
    if runs.model != REHEARSAL and any(t.outcome in ("pass", "fail") for t in trials):
        try:
            write_live_result(Path(one.path), _live_result(one, preflight, runs.model, options, why))
        except TranscriptError as error:  # continue with the others: their trials were paid for
            one.not_saved = error
            print_error(error)


def _next(verdict: Verdict, trials: list[Trial], unrun: str) -> str:
    """Return the next step for a verdict of trials; "" if the report has one."""
    if verdict is Verdict.FAIL:
        return "read the failed trials named above"
    if verdict is not Verdict.NEEDS_LIVE:
        return ""
    if any(trial.outcome == "fault" for trial in trials):
        return "fix the cause of the fault (workbench doctor checks key and model), then run it again"
    return "run it again with a larger budget" if unrun else ""


def _cut_short(one: TrialCase, options: TrialOptions) -> ReplayResult:
    verdict, why = combine_trials(one.trials, options.trials, "interrupted")
    return ReplayResult(verdict if verdict is not Verdict.PASS else Verdict.NEEDS_LIVE, why)


def _keep(project: Project, one: TrialCase, number: int, trial: Trial, trace: Trace) -> str:
    """Store a failed trial as a transcript; returns its path as text."""
    transcript = one.asked.transcript
    path = project.state / "live" / f"{slug(transcript.id, 80)}-{number}.json"
    ran = msgspec.structs.replace(
        transcript, id=path.stem, kind="golden", expectations=[], annotations=[],
        accepted_code="", recording_id="",
        source={"model": trial.model, "trial": number}, events=with_saved_usage(trace), blobs=trace.blobs,
    )  # fmt: skip
    try:
        write_private(path, encode(ran))
    except TranscriptError as error:
        return f" (not saved: {error.message})"
    return f"\n  to read it: workbench show {os.path.relpath(path)}"


def _plain(one: TrialCase, model: str, options: TrialOptions) -> dict[str, Any]:
    """Return the results of the trials for the JSON report."""
    counts = {outcome: sum(t.outcome == outcome for t in one.trials) for outcome in ("pass", "fail", "fault")}
    costs = [t.cost for t in one.trials]
    return {
        "model": model,
        "asked": options.trials,
        "counted": counts["pass"] + counts["fail"],
        "passed": counts["pass"],
        "faults": counts["fault"],
        "since": options.live_from,
        "tokens": sum(t.tokens for t in one.trials),
        "cost": None if None in costs else round(sum(c or 0 for c in costs), 6),
        "trials": [{"outcome": t.outcome, "why": t.why} for t in one.trials],
    }


def _live_result(one: TrialCase, preflight: Preflight, model: str, options: TrialOptions, why: str) -> LiveResult:
    counts = _plain(one, model, options)
    transcript, keep = one.asked.transcript, Redactor()
    return LiveResult(
        schema=SCHEMA,
        id=transcript.id,
        model=model,
        answered=next((t.model for t in one.trials if t.model not in ("", model)), ""),
        server=next((t.server for t in one.trials if t.server), ""),
        date=datetime.now(UTC).date().isoformat(),
        asked=options.trials,
        counted=counts["counted"],
        passed=counts["passed"],
        faults=counts["faults"],
        since=str(one.asked.live_from) if options.live_from else "",
        expectation=describe_expectations(transcript),
        expects=expectations_hash(transcript),
        prompt=preflight.prompt,
        code=preflight.code,
        why=keep.redact_text(why),
        judged=keep.redact_value([said for trial in one.trials for said in trial.judgements]),
    )
