"""Draw the rows of the steps pane: in three columns on wide screens, in one on narrow ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...replay.partial import MANUAL
from ...trace.events import Fault, PolicyDecision, TurnEnded
from ...trace.steps import Step, Turn
from .rows import CUT_OFF, QUIET_ENDS, Row, bad, unfinished
from .text import BLANK, Line, Span, cut, fit, one_line, plain, value, width, wrap


def worst(turn: Turn) -> Span:
    """Return the sign of the worst outcome in a turn, and its count."""
    if turn.end is not None and turn.end.reason not in QUIET_ENDS:
        return Span("■ ended", "bad")
    steps = turn.steps
    for glyph, role, found in (
        ("⚠", "bad", sum(bool(m.faults) for m in steps)),
        ("✗", "bad", sum(_is_held_back(m) for m in steps)),
        ("↑", "warn", sum(m.handoff is not None for m in steps)),
        ("↻", "warn", sum(any(d.effect == "rewrite" for d in m.decisions) for m in steps)),
    ):
        if found:
            return Span(f"{glyph} {found}", role)
    return Span("✓", "good")


def _is_held_back(step: Step) -> bool:
    return bad(step) and not step.faults


def folded_turn(row: Row, turn: Turn, cells: int, notes: RowMarks) -> Line:
    """Draw the header of a folded turn."""
    words = one_line(row.step.message.text) if row.step and row.step.message else ""
    count = sum(1 for step in turn.steps if step.message is None)
    outcome = [Span(f"  {count} step{'' if count == 1 else 's'} ", "dim"), worst(turn)]
    head = [Span("▸ ", "accent"), Span(f"turn {turn.turn} ", "head"), Span(words, "user")]
    return (*fit(head, max(cells - 3 - width(outcome), 12)), *outcome, *notes.bits)


HEAD = 12  # cells of the number and the kind on narrow screens
GLYPHS = {"allow": "✓", "block": "✗", "rewrite": "↻", "escalate": "↑"}
ROLES = {"allow": "good", "block": "bad", "rewrite": "warn", "escalate": "warn"}
DECISIONS = {"allow": "allowed", "block": "blocked", "rewrite": "rewritten", "escalate": "escalated"}
OUTCOMES = {
    "error": "error",
    "rejected": "rejected",
    "absent": "unavailable",
    "blocked": "blocked",
    "fault": "crashed",
    "missing": "no recorded result",
}
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


class Lanes(NamedTuple):
    """The widths of the columns."""

    number: int
    reasoning: int
    tool: int
    policy: int
    flag: int

    @classmethod
    def of(cls, width: int) -> Lanes:
        number, flag, gaps = 5, 3, 4
        left = max(width - number - flag - gaps, 30)
        reasoning = left * 27 // 100
        policy = left * 35 // 100
        return cls(number, reasoning, left - reasoning - policy, policy, flag)


class RowMarks(NamedTuple):
    """The signs at the right of a row: its annotation, and a difference found by a rerun."""

    annotation: bool = False
    differs: bool = False

    @property
    def bits(self) -> list[Span]:
        return [
            Span(" "),
            Span("≠" if self.differs else " ", "warn"),
            Span("⚑" if self.annotation else " ", "annotation"),
        ]


def policy_name(name: str) -> str:
    """Return the name of a policy without its journey."""
    return one_line(name.rsplit(".", 1)[-1], 80)


def wide_lines(row: Row, width: int, notes: RowMarks, tall: int = 1) -> list[Line]:
    """Draw a step in three columns, over at most `tall` lines; the header of a turn spans all columns."""
    lanes = Lanes.of(width)
    if row.part == "turn":
        return [_turn(row, width, notes, lanes)]
    if row.part != "step" or row.step is None:
        return [_loose(row, width, notes)]
    step = row.step
    columns = [
        folded([reasoning_line(step)], lanes.reasoning, tall),
        folded(fitted_action_text(step, lanes.tool * tall - 8 * (tall - 1), row.over), lanes.tool, tall),
        folded(decision_text(step), lanes.policy, tall),
    ]
    lines: list[Line] = []
    for index in range(max(len(column) for column in columns)):
        a, b, c = (column[index] if index < len(column) else BLANK for column in columns)
        lines.append(
            (
                *fit([Span("" if index else f"{row.number:>4}", "dim")], lanes.number),
                *fit(a, lanes.reasoning),
                Span("  "),
                *fit(b, lanes.tool),
                Span("  "),
                *fit(c, lanes.policy),
                *(RowMarks() if index else notes).bits,
            )
        )
    return lines


def folded(bits: Sequence[Span], cells: int, tall: int) -> list[Line]:
    """Wrap spans over at most `tall` lines; the last one ends with … if it is cut."""
    if tall == 1:
        return [fit(bits, cells)]
    enough = cells * (tall + 2)
    lines = wrap([Span(bit.text[:enough], bit.role) for bit in bits], cells)
    if len(lines) <= tall:
        return lines
    last = lines[tall - 1]
    blank = [] if plain(last).endswith(" ") else [Span(" ")]
    return [*lines[: tall - 1], fit([*last, *blank, *lines[tall]], cells)]


def reasoning_line(step: Step) -> Span:
    """Return the reasoning before a step; a later call of the same answer points to the first."""
    if step.reasoning.strip():
        return Span(one_line(step.reasoning), "think")
    return Span("┊" if step.step_id.call > 1 else "–", "rule")


def narrow_line(row: Row, width: int, notes: RowMarks) -> Line:
    """Draw one part of a step on one line, with its kind."""
    if row.part == "turn":
        return _turn(row, width, notes, None)
    if row.part not in ("think", "act", "policy") or row.step is None:
        return _loose(row, width, notes)
    step = row.step
    kind: str
    bits: Sequence[Span]
    if row.part == "think":
        kind, bits = "think", [Span(one_line(step.reasoning), "think")]
    elif row.part == "act":
        bits = fitted_action_text(step, width - 3 - HEAD, row.over)
        kind, bits = ("tool" if step.call else "reply"), [b for b in bits if b.text != "reply "]
    elif row.decision is not None:
        kind, bits = "policy", decision_bits(row.decision, reason=True)
    else:
        kind, bits = "policy", allowed_by_text(step)
    # only the first line of a step has its number
    number = f"{row.number:>4} " if row.part == "think" or (row.part == "act" and not step.reasoning) else "     "
    return (*fit([Span(number, "dim"), Span(kind.ljust(HEAD - 5), "label"), *bits], width - 3), *notes.bits)


def _turn(row: Row, width: int, notes: RowMarks, lanes: Lanes | None) -> Line:
    message = row.step.message if row.step else None
    words = one_line(message.text) if message else "(before the customer's first message)"
    head = [Span("─ ", "rule"), Span(f"turn {row.step_id.turn} ", "head")]
    policy = decision_text(row.step) if row.step and row.step.decisions else []
    if lanes is None or not policy:
        return (*_ruled([*head, Span(words, "user")], width - 3), *notes.bits)
    left = width - lanes.policy - lanes.flag - 2
    return (
        *_ruled([*head, Span(words, "user")], left),
        Span("  "),
        *fit(policy, lanes.policy),
        *notes.bits,
    )


def _ruled(bits: list[Span], cells: int) -> Line:
    """Fill the rest of a line with a rule."""
    line = fit([*bits, Span(" ")], cells)
    if line and line[-1].role == "" and not line[-1].text.strip():
        return (*line[:-1], Span(" " + "─" * (len(line[-1].text) - 1), "rule"))
    return line


def _loose(row: Row, width: int, notes: RowMarks) -> Line:
    """Draw a row without columns: a fault, a hand-off, an end that was not a reply."""
    bits: list[Span]
    if row.part == "fault" and row.fault is not None:
        f = row.fault
        bits = [
            Span("     ⚠ ", "bad"),
            Span(f"{fault_text(f)}: {one_line(f.message)}", "bad"),
            Span(f"  {one_line(f.where, 120)}", "dim"),
        ]
    elif row.part == "handoff" and row.handoff is not None:
        by = "the model" if row.handoff.by == "model" else policy_name(row.handoff.by)
        bits = [
            Span("     ↑ ", "warn"),
            Span("handed off ", "warn"),
            Span(f"by {by}: {one_line(row.handoff.reason)}"),
        ]
    elif row.end is not None:
        bits = [
            Span("     ■ ", "bad"),
            Span("the turn ended: ", "dim"),
            Span(one_line(end_text(row.end)), "bad"),
        ]
    else:
        bits = []
    return (*fit(bits, width - 3), *notes.bits)


def end_text(end: TurnEnded) -> str:
    """Explain why a turn ended. The detail of a stopped process names the cause: a deadline, or quitting."""
    if not end.detail:
        return ENDS[end.reason]
    return end.detail if end.reason == "killed" else f"{ENDS[end.reason]}: {end.detail}"


def fault_text(fault: Fault) -> str:
    """Name the origin of a fault: "tool create_return", but "worker" instead of "worker worker"."""
    name = one_line(fault.name, 60)
    return fault.origin if name in ("", fault.origin) else f"{fault.origin} {name}"


def action_text(step: Step, over: str = "") -> list[Span]:
    """Show the call with its result, or the reply. `over`: the reason its turn ended, if it has."""
    if step.answer is not None and step.answer.model == MANUAL:
        return [Span("manual ", "accent"), *_act(step, over)]
    return _act(step, over)


def _act(step: Step, over: str) -> list[Span]:
    if step.call is not None:
        return _call(step, over)
    if step.reply is not None:
        glyph = [Span("↻ ", "warn")] if step.effect == "rewritten" else []
        return [*glyph, Span("reply ", "label"), Span(f"“{without_markdown(step.reply.text)}”", "agent")]
    if step.answer is not None and step.answer.text:
        return [Span("✗ blocked ", "bad"), Span(f"“{without_markdown(step.answer.text)}”", "dim")]
    return [Span("no reply", "dim")] if step.answer is not None else []


def fitted_action_text(step: Step, cells: int, over: str = "") -> list[Span]:
    """Fit the action into `cells` cells: the arguments of a call are cut before its result."""
    bits = action_text(step, over)
    if step.call is None or width(bits) <= cells:
        return bits
    tool, args, *outcome = bits
    room = cells - width([tool]) - min(width(outcome), cells * 2 // 5)
    return [tool, Span(cut(args.text, max(room, 2)), args.role), *outcome]


def without_markdown(text: object) -> str:
    """Return a message on one line, without the asterisks of Markdown."""
    return one_line(text).replace("**", "")


def _call(step: Step, over: str) -> list[Span]:
    assert step.call is not None
    args = step.args if step.effect != "rejected" else step.call.args
    changed = step.rewritten_value("before_tool") is not None
    bits = [
        Span(one_line(step.call.tool, 80), "tool"),
        Span(f"({', '.join(value(v, 60) for v in list(args.values())[:6]) or one_line(step.call.raw, 60)})"),
    ]
    if changed:
        bits.append(Span(" ↻", "warn"))
    result = step.result
    if result is None:
        if unfinished(step) and over in CUT_OFF:
            return [*bits, Span(" ✗ stopped", "bad")]
        return [*bits, Span(" not run" if over else " …", "dim")]
    if result.outcome == "ok":
        writes = Span(" ✎", "accent") if result.changed else Span("")
        if step.result_effect in ("blocked", "escalated"):  # it ran, but the model did not get the result
            return [*bits, Span(" ✗ withheld", "bad"), writes]
        after = Span(" ↻", "warn") if step.rewritten_value("after_tool") is not None else Span("")
        return [*bits, Span(" → ", "dim"), Span(value(result.value, 200)), writes, after]
    if result.outcome == "blocked":
        return [*bits, Span(" ✗ blocked", "bad")]
    why = step.faults[0].message if result.outcome == "fault" and step.faults else result.value
    return [*bits, Span(f" ✗ {OUTCOMES[result.outcome]}: ", "bad"), Span(one_line(why, 200), "dim")]


def decision_text(step: Step) -> list[Span]:
    """Show the decisions about a step: those that changed something first, with their reason."""
    if not step.decisions:
        called = step.call is not None and step.effect not in ("rejected", "absent")
        return [Span("no policy", "dim")] if called else []
    loud = [d for d in step.decisions if d.effect != "allow"]
    loud.sort(key=lambda d: d.effect == "rewrite")  # the decision that stopped it shows its reason
    quiet = [d for d in step.decisions if d.effect == "allow"]
    bits: list[Span] = []
    for decision in loud + quiet:
        if bits:
            bits.append(Span("  "))
        bits += decision_bits(decision, reason=decision in loud[:1] or decision.effect == "allow")
    return bits


def allowed_by_text(step: Step) -> list[Span]:
    """Show the policies that allowed a step."""
    bits: list[Span] = []
    for decision in step.decisions:
        if decision.effect == "allow":
            bits += [*([Span("  ")] if bits else []), *decision_bits(decision, reason=False)]
    return bits


def decision_bits(decision: PolicyDecision, reason: bool) -> list[Span]:
    role = ROLES[decision.effect]
    bits = [
        Span(policy_name(decision.policy) + " "),
        Span("⚠" if decision.fault else GLYPHS[decision.effect], role),
    ]
    if reason and decision.reason:
        bits.append(Span(f" {one_line(decision.reason, 300)}", role if decision.effect != "allow" else "dim"))
    return bits


def heading(width: int, name: str) -> str:
    """Return the name of the pane and the names of the columns above them, joined by a rule."""
    lanes = Lanes.of(width)
    line = f"{name} ──"
    for label, start in (
        ("reasoning", lanes.number),
        ("tool or reply", lanes.number + lanes.reasoning + 2),
        ("policy", lanes.number + lanes.reasoning + lanes.tool + 4),
    ):
        if len(line) <= max(start, lanes.number + len("2 Steps ──")):
            line = line.ljust(start - 1, "─")
            line = f"{line[:-1]} {label} "
    return cut(line, width)
