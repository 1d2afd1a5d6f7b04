"""Group several runs of one turn by their actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..text import truncate
from ..trace.events import Answer, AnyEvent
from ..trace.step_id import StepId
from ..trace.steps import Step, group_steps

MAX_ARGUMENT = 40  # characters of one argument


class OutcomeGroup(NamedTuple):
    """The actions of one turn, one per line, and the runs (from 0) with these actions."""

    actions: tuple[str, ...]
    runs: list[int]


def group_outcomes(runs: Iterable[Iterable[AnyEvent]], since: StepId) -> list[OutcomeGroup]:
    """Group runs by their actions in the turn of `since`, from that step on, most frequent first.

    Texts are ignored.
    """
    found: dict[tuple[str, ...], list[int]] = {}
    for number, events in enumerate(runs):
        found.setdefault(actions_of(events, since), []).append(number)
    return sorted(
        (OutcomeGroup(actions, numbers) for actions, numbers in found.items()), key=lambda o: -len(o.runs)
    )


def actions_of(events: Iterable[AnyEvent], since: StepId) -> tuple[str, ...]:
    """Return the actions in the turn of `since`, from that step on: replies, and calls after their outcome.

    How the turn ended comes first, unless it ended with a reply.
    """
    turn = next((t for t in group_steps(s for s in events if s.turn == since.turn)), None)
    if turn is None:
        return ("nothing",)
    actions = [_action(step) for step in turn.steps if step.step_id >= since and step.message is None]
    if turn.end is not None and turn.end.reason != "replied":
        actions.insert(0, f"ended: {turn.end.reason}")
    return tuple(one for one in actions if one) or ("nothing",)


def _action(step: Step) -> str:
    effect = "" if step.effect == "allowed" else f"{step.effect} "
    if step.call is not None:
        args = ", ".join(f"{k}={_short(v)}" for k, v in step.call.args.items())
        outcome = (
            f"{step.result.outcome} " if step.result and step.result.outcome not in ("ok", step.effect) else ""
        )
        return f"{effect or outcome}{step.call.tool}({args})"
    return f"{effect}reply" if step.answer is not None else ""


def _short(value: object) -> str:
    return truncate(" ".join(str(value).split()), MAX_ARGUMENT)


def usage_since(events: Iterable[AnyEvent], since: StepId) -> tuple[int, float | None]:
    """Return the tokens and dollars of the answers from `since` on; None if a price is unknown."""
    tokens, dollars = 0, None
    for event in events:
        if isinstance(event, Answer) and event.usage is not None and event.step_id >= since:
            usage = event.usage
            tokens += usage.tokens
            if usage.cost is not None:
                dollars = (dollars or 0.0) + usage.cost
    return tokens, dollars
