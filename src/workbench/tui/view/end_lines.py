"""Draw the rows of the steps pane that have no columns: faults, hand-offs, ends that were no reply."""

from __future__ import annotations

from ...trace.events import Fault, TurnEnded
from .rows import Row
from .step_lines import NUMBER, RowMarks, folded, narrow_line, policy_name, wide_lines
from .text import Line, Span, fit, one_line

ENDS = {
    "message_blocked": "the message was blocked",
    "limit": "a limit was reached",
    "model_error": "the model gave no usable answer",
    "interrupted": "interrupted",
    "killed": "its process was stopped",
    "recording_ended": "the recording ends here",
    "replied": "replied",
    "handed_off": "handed off to a human",
}
RETRIED = ("limit", "model_error", "interrupted", "killed")  # ends after which another try may end well
INDENT = NUMBER + 2  # cells before the text of a row without columns


def row_lines(row: Row, width: int, notes: RowMarks, *, wide: bool, tall: int = 1, retry: str = "") -> list[Line]:
    """Draw a row: in columns or on one line. A fault or an end takes up to `tall` lines in both.

    `retry` names the key that tries again, if there is one.
    """
    if row.part in ("fault", "handoff", "end"):
        return _loose(row, width, notes, tall, retry)
    return wide_lines(row, width, notes, tall) if wide else [narrow_line(row, width, notes)]


def _loose(row: Row, width: int, notes: RowMarks, tall: int, retry: str) -> list[Line]:
    """Draw a row without columns: a fault, a hand-off, an end that was not a reply."""
    bits: list[Span]
    at = str(row.step_id) if row.part == "fault" else ""
    if row.part == "fault" and row.fault is not None:
        f = row.fault
        bits = [
            Span("⚠ ", "bad"),
            Span(f"{fault_text(f)}: {one_line(f.message)}", "bad"),
            *([Span(f"  {one_line(f.where, 120)}", "dim")] if f.where else []),
        ]
    elif row.part == "handoff" and row.handoff is not None:
        by = "the model" if row.handoff.by == "model" else policy_name(row.handoff.by)
        bits = [
            Span("↑ ", "warn"),
            Span("handed off ", "warn"),
            Span(f"by {by}: {one_line(row.handoff.reason)}"),
        ]
    elif row.end is not None:
        bits = [
            Span("■ ", "bad"),
            Span("the turn ended: ", "dim"),
            Span(one_line(end_text(row.end)), "bad"),
        ]
    else:
        bits = []
    if retry and row.over in RETRIED and (row.part == "end" or _ends(row)):
        bits.append(Span(f" · {retry}", "dim"))
    lines = folded(bits, width - 3 - INDENT, tall)
    return [
        (
            *fit([Span("" if index else at, "dim")], NUMBER),
            *fit([Span("  " if index else ""), *line], width - 3 - NUMBER),
            *(RowMarks() if index else notes).bits,
        )
        for index, line in enumerate(lines)
    ]


def _ends(row: Row) -> bool:
    """Return whether this fault ended the turn."""
    return row.fault is not None and row.fault.origin in ("model", "worker")


def end_text(end: TurnEnded) -> str:
    """Explain why a turn ended. The detail of a stopped process names the cause: a deadline, or quitting."""
    if not end.detail:
        return ENDS[end.reason]
    return end.detail if end.reason == "killed" else f"{ENDS[end.reason]}: {end.detail}"


def fault_text(fault: Fault) -> str:
    """Name the origin of a fault: "tool create_return", but "worker" instead of "worker worker"."""
    name = one_line(fault.name, 60)
    return fault.origin if name in ("", fault.origin) else f"{fault.origin} {name}"
