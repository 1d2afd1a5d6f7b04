"""The report of a replay for a person: what is not green, why, and what to do next."""

from __future__ import annotations

from collections import Counter

from ..case import Case
from ..replay import Verdict
from .report import clean, paint, say
from .verdicts import COLOR


def tell(cases: list[Case], seconds: float, quiet: bool) -> None:
    """The report for a person: what is not green, why, and the next command to type."""
    errors: dict[str, int] = {}
    for case in cases:
        if case.outcome.verdict is Verdict.PASS or quiet:
            continue
        if case.outcome.verdict is Verdict.ERROR:
            errors[case.outcome.why] = errors.get(case.outcome.why, 0) + 1
            if errors[case.outcome.why] > 1:
                continue  # an agent that does not load is told once
        _tell_case(case)
    for why, count in errors.items():
        if count > 1:
            say(f"{paint('ERROR', 'red')} {count - 1} more for the same reason: {clean(why.splitlines()[0])}")
            say()
    counts = Counter(i.outcome.verdict for i in cases)
    parts = [paint(f"{counts[v]} {v.value}", COLOR.get(v, "yellow")) for v in Verdict if counts[v]]
    say(f"{len(cases)} transcript{'s' * (len(cases) != 1)}: {', '.join(parts)}  ({seconds:.2f} s)")
    unseen = sum(1 for i in cases if i.outcome.verdict is Verdict.PASS and i.outcome.prompt_changed_from)
    if unseen:
        green = counts[Verdict.PASS]
        say(f"{unseen} of the {green} PASS stand on prompts no model has seen: code was tested, not the model")
    if sum(counts.values()) != len(cases):
        raise AssertionError("the verdicts do not add up to what was selected")


def _tell_case(case: Case) -> None:
    outcome, head = case.outcome, case.head
    title = f"  {clean(head.title)[:80]}" if head and head.title else ""
    say(f"{paint(outcome.verdict.value, COLOR.get(outcome.verdict, 'yellow'))} {case.path}{title}")
    say(f"  {clean(outcome.why)}")
    at = head.at if head else ""
    if head and at and outcome.verdict is not Verdict.FAIL:
        say(f"  expected at {at}: {clean(head.expected)}")
    for line in outcome.before:
        say(paint(f"      {clean(line)}", "dim"))
    first = outcome.first
    if first is not None:
        say(f"    - {first.place}  recorded: {clean(first.recorded)}")
        say(f"    + {first.place}  now:      {clean(first.now)}")
    elif at and outcome.marked:
        say(f"    ! {at}  now:      {clean(outcome.marked)}")
    if outcome.changed and outcome.verdict is not Verdict.SUPERSEDED:
        say(f"  changed since the recording: {clean(', '.join(outcome.changed[:8]))}")
    if "next: " not in outcome.why:
        say(f"  next: {next_step(case)}")
    say()


def next_step(case: Case) -> str:
    """The next thing to do about a case that is not green."""
    head = case.head
    match case.verdict:
        case Verdict.FAIL if head and head.kind == "guard":
            return f'mend the journey, or, if this is right now: workbench accept {case.path} --why "..."'
        case Verdict.FAIL:
            return f"mend the journey so that it holds; workbench show {case.path}"
        case Verdict.DIVERGED:
            return f"workbench show {case.path}, then mark it anew or save a new recording"
        case Verdict.SUPERSEDED:
            return "nothing to do: an earlier mark of the same conversation passes"
        case Verdict.NEEDS_LIVE:
            return "only a live model can decide it; nothing here says it is fixed"
        case Verdict.NEEDS_WORLD:
            return "workbench replay --tools=world: only a run of the tool can decide it"
        case Verdict.STALE | Verdict.TOOL_ERROR:
            return f"mend the tool; or, if this is right now: save a new recording; workbench show {case.path}"
        case Verdict.FLAKY:
            return "look for what a policy keeps between conversations, or takes from the clock or from chance"
        case _:
            return "mend what is named above" if head else "restore the file, or delete it"
