"""Draw the rows of the steps pane: in three columns on wide screens, in one on narrow ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...replay.partial import MANUAL
from ...trace.events import PolicyDecision, Usage
from ...trace.steps import Step, Turn
from .rows import CUT_OFF, QUIET_ENDS, Row, bad, unfinished
from .text import BLANK, Line, Span, cut, fit, one_line, plain, value, width, wrap
from .text import width as _width


def worst(turn: Turn) -> Span:
    """Return the sign of the worst outcome in a turn, and its count."""
    if turn.end is not None and turn.end.reason not in QUIET_ENDS:
        return Span("■ ended", "bad")
    steps = turn.steps
    for glyph, role, found in (
        ("⚠", "bad", sum(bool(m.faults or m.incomplete) for m in steps)),
        ("✗", "bad", sum(_is_held_back(m) for m in steps)),
        ("↑", "warn", sum(m.handoff is not None for m in steps)),
        ("↻", "warn", sum(any(d.effect == "rewrite" for d in m.decisions) for m in steps)),
    ):
        if found:
            return Span(f"{glyph} {found}", role)
    return Span("✓", "good")


def _is_held_back(step: Step) -> bool:
    return bad(step) and not step.faults and not step.incomplete


def folded_turn(row: Row, turn: Turn, cells: int, notes: RowMarks) -> Line:
    """Draw the header of a folded turn."""
    words = one_line(row.step.message_read) if row.step else ""
    count = sum(1 for step in turn.steps if step.message is None)
    outcome = [Span(f"  {count} step{'' if count == 1 else 's'} ", "dim"), worst(turn)]
    head = [Span("▸ ", "accent"), Span(f"turn {turn.turn} ", "head"), Span(words, "user")]
    return (*fit(head, max(cells - 3 - width(outcome), 12)), *outcome, *notes.bits)


NUMBER = 7  # cells of the step id
HEAD = NUMBER + 7  # cells of the step id and the kind on narrow screens
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


class Lanes(NamedTuple):
    """The widths of the columns."""

    number: int
    reasoning: int
    tool: int
    policy: int
    flag: int

    @classmethod
    def of(cls, width: int) -> Lanes:
        number, flag, gaps = NUMBER, 3, 4
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
    if row.part == "turn" or row.step is None:
        return [_turn(row, width, notes, lanes)]
    step = row.step
    columns = [
        folded(_thinking(step), lanes.reasoning, tall),
        folded(fitted_action_text(step, lanes.tool * tall - 8 * (tall - 1), row.over), lanes.tool, tall),
        folded(decision_text(step), lanes.policy, tall),
    ]
    lines: list[Line] = []
    for index in range(max(len(column) for column in columns)):
        a, b, c = (column[index] if index < len(column) else BLANK for column in columns)
        lines.append(
            (
                *fit([Span("" if index else str(row.step_id), "dim")], lanes.number),
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


def _thinking(step: Step) -> list[Span]:
    """Show the time and the reasoning of a step."""
    seconds = _seconds(step)
    return seconds if seconds and not step.reasoning.strip() else [*seconds, reasoning_line(step)]


def _seconds(step: Step) -> list[Span]:
    """Show how long the model took for an answer, at its first step."""
    one = step.answer or step.partial
    if one is None or one.usage is None or not one.usage.seconds or step.step_id.call > 1:
        return []
    return [Span(f"{seconds_text(one.usage.seconds)} ", "dim")]


def seconds_text(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:,.0f} s"


def usage_text(usage: Usage | None) -> str:
    """Return the seconds and tokens of a turn in a few words, or ""."""
    if usage is None:
        return ""
    tokens = f"{usage.tokens / 1000:.1f}k tok" if usage.tokens >= 1000 else f"{usage.tokens} tok"
    return " · ".join(
        ([seconds_text(usage.seconds)] if usage.seconds else []) + ([tokens] if usage.tokens else [])
    )


def reasoning_line(step: Step) -> Span:
    """Return the reasoning before a step; a later call of the same answer points to the first."""
    if step.reasoning.strip():
        return Span(one_line(step.reasoning), "think")
    return Span("┊" if step.step_id.call > 1 else "–", "rule")


def narrow_line(row: Row, width: int, notes: RowMarks) -> Line:
    """Draw one part of a step on one line, with its kind."""
    if row.part == "turn":
        return _turn(row, width, notes, None)
    step = row.step
    if step is None:
        return BLANK
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
    # only the first line of a step has its id
    first = row.part == "think" or (row.part == "act" and not step.reasoning.strip())
    number = (str(row.step_id) if first else "").ljust(NUMBER - 1) + " "
    head = Span(number, "dim"), Span(kind.ljust(HEAD - NUMBER), "label")
    return (*fit([*head, *bits], width - 3), *notes.bits)


def _turn(row: Row, width: int, notes: RowMarks, lanes: Lanes | None) -> Line:
    message = row.step.message if row.step else None
    words = one_line(row.step.message_read) if row.step and message else "(before the customer's first message)"
    rewritten = bool(row.step and row.step.rewritten_value("on_message") is not None)
    head = [Span("─ ", "rule"), Span(f"turn {row.step_id.turn} ", "head")]
    head += [Span("↻ ", "warn")] if rewritten else []
    used = usage_text(row.usage)
    spent = [Span(f" {used}", "dim")] if used else []
    policy = decision_text(row.step) if row.step and row.step.decisions else []
    if lanes is None or not policy:
        return (*_ruled([*head, Span(words, "user")], width - 3 - _width(spent)), *spent, *notes.bits)
    left = width - lanes.policy - lanes.flag - 2
    return (
        *_ruled([*head, Span(words, "user")], left - _width(spent)),
        *spent,
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


def action_text(step: Step, over: str = "") -> list[Span]:
    """Show the call with its result, or the reply. `over`: the reason its turn ended, if it has."""
    if step.answer is not None and step.answer.model == MANUAL:
        return [Span("manual ", "accent"), *_act(step, over)]
    return _act(step, over)


def _act(step: Step, over: str) -> list[Span]:
    if step.call is not None:
        return _call(step, over)
    if step.partial is not None:
        return [Span("✗ interrupted ", "bad"), Span(f"“{without_markdown(step.partial.text)}”", "dim")]
    cut_off = [Span(f"⚠ {step.incomplete.split(' at ')[0]} ", "bad")] if step.incomplete else []
    if step.effect == "blocked" and step.answer is not None:
        said = f"“{without_markdown(step.answer.text)}”"
        if step.reply is None:
            return [*cut_off, Span("✗ blocked ", "bad"), Span(said, "dim")]
        sent = Span(f"“{without_markdown(step.reply.text)}”", "agent")  # the fallback
        return [*cut_off, Span("✗ blocked ", "bad"), Span(cut(said, 40), "dim"), Span(" → ", "dim"), sent]
    if step.reply is not None:
        glyph = [Span("↻ ", "warn")] if step.effect == "rewritten" else []
        reply = Span(f"“{without_markdown(step.reply.text)}”", "agent")
        return [*cut_off, *glyph, Span("reply ", "label"), reply]
    if step.answer is not None and step.answer.text:
        return [*cut_off, Span("✗ blocked ", "bad"), Span(f"“{without_markdown(step.answer.text)}”", "dim")]
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
    args = step.call.args  # as the model knows them, even if a policy rewrote them
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
        return [*bits, Span(" → ", "dim"), Span(value(step.result_read, 200)), writes, after]
    if result.outcome == "blocked":
        return [*bits, Span(" ✗ blocked", "bad")]
    if result.outcome == "rejected" and step.incomplete:
        return [*bits, Span(f" ⚠ {step.incomplete}", "bad")]
    return [*bits, Span(f" ✗ {OUTCOMES[result.outcome]}: ", "bad"), Span(one_line(refusal(step), 200), "dim")]


def refusal(step: Step) -> str:
    """Return why a call has no result, without the words that its outcome says already."""
    if step.result is None:
        return ""
    if step.result.outcome == "fault" and step.faults:
        return step.faults[0].message
    return str(step.result.value).removeprefix(f"{OUTCOMES.get(step.result.outcome, '')} for {step.result.tool}: ")


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
