"""The lines of the open conversations."""

from __future__ import annotations

import time

from ...trace.events import TurnEnded
from ...trace.step_id import StepId
from ...workspace.session import Session
from .compare import called
from .end_lines import ENDS
from .text import Line, Span, fit, one_line

WIDE = 96  # cells from which the state is shown too
AGENT_CELLS = 12
TIME_CELLS = 7
FACT_CELLS = 16
STATE_CELLS = 20


def conversation_line(session: Session, depth: int, current: bool, width: int) -> Line:
    """Draw one conversation: its name or origin, agent, start, size and state."""
    here = Span("● " if current else "  ", "accent")
    branch = Span("  " * (depth - 1) + "└ " if depth else "", "dim")
    state_cells = STATE_CELLS if width >= WIDE else 0
    rest = 2 + AGENT_CELLS + TIME_CELLS + FACT_CELLS + state_cells
    title = fit([branch, *_title(session, nested=depth > 0)], max(width - rest, 8))
    turns = session.trace[len(session.trace) - 1].turn if len(session.trace) else 0
    disabled = Span(" ⊘" if session.disabled or session.disabled_ever else "", "bad")
    annotations = Span(f" ⚑{len(session.annotations)}" if session.annotations else "", "annotation")
    facts = [Span(f"  {turns} turn{'s' if turns != 1 else ' '}", "dim"), annotations, disabled]
    return (
        here,
        *title,
        *fit([Span(f"  {one_line(session.agent, 30)}", "dim")], AGENT_CELLS),
        *fit([Span(f"  {start_time(session.origin.at)}", "dim")], TIME_CELLS),
        *fit(facts, FACT_CELLS),
        *fit([Span(one_line(state(session), 60), "warn" if session.busy else "dim")], state_cells),
    )


def _title(session: Session, nested: bool) -> list[Span]:
    """Return the name; of a fork also where it forked, and the words of the customer from there on."""
    origin = session.origin
    if not origin.parent:
        return [Span(one_line(session.title, 200))]
    of = "" if nested else f"of {called(origin.parent, '').split(' “')[0]} "
    fork = f"fork {of}at {origin.place}"
    if session.name:
        return [Span(one_line(session.name, 120)), Span(f"  {fork}", "dim")]
    words = session.first_words(StepId.parse(origin.step).turn)
    return [Span(f"{fork}: ", "dim"), Span(one_line(words, 200) or "(no message yet)")]


def origin_text(session: Session, parent: Session | None) -> str:
    """Describe a conversation in full: its title, its id, its start and its parent."""
    origin = session.origin
    begun = f"begun {time.strftime('%Y-%m-%d %H:%M', time.localtime(origin.at))}" if origin.at else ""
    name = f"“{one_line(parent.title, 80)}”" if parent is not None else origin.parent
    fork = f"fork of {name} at {origin.place}" if origin.parent else ""
    return " · ".join(filter(None, [one_line(session.title, 120), session.id, begun, fork]))


def start_time(at: float, now: float | None = None) -> str:
    """Return the time of day of a conversation that was begun today, else its date."""
    if not at:
        return ""
    begun, today = time.localtime(at), time.localtime(now)
    return time.strftime("%H:%M" if begun[:3] == today[:3] else "%b %d", begun)


def state(session: Session) -> str:
    """Return what a conversation is doing, or how its last turn ended."""
    last = session.trace[len(session.trace) - 1] if len(session.trace) else None
    return "answering …" if session.busy else ENDS[last.reason] if isinstance(last, TurnEnded) else "new"
