"""The detail of a move: what happened and who let it, most telling line first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...runtime.protocol import Differs
from ...trace.events import Decision, Exchange
from ...trace.steps import Move
from ...transcripts.transcript import Mark
from .rows import CUT_OFF, Row, unfinished
from .step_lines import ENDS, GLYPHS, OUTCOMES, ROLES, VERDICTS, broke, ended, short
from .text import BLANK, Bit, Line, clean, data, fit, one_line, value, wrap
from .view import View

LABEL = 9  # cells of the labels at the left
SIDE_BY_SIDE = 92  # cells from which the record and the new run stand beside each other
MAX_BLOCK = 200  # lines of one value

Tab = Callable[[View, Row, int], list[Line]]


def labelled(label: str, bits: list[Bit], width: int, role: str = "label") -> list[Line]:
    """A label, and text hanging beside it."""
    head = label.ljust(LABEL) if len(label) < LABEL else label + " "
    return wrap([Bit(head, role), *bits], width, LABEL)


def with_source(lines: list[Line], source: str, width: int) -> list[Line]:
    """A source, as file:line, at the right of the last line where it fits, else below."""
    source = one_line(source, 200)
    if not source:
        return lines
    used = sum(len(b.text) for b in lines[-1])
    if used + len(source) + 2 <= width:
        lines[-1] = (*fit(lines[-1], width - len(source)), Bit(source, "source"))
        return lines
    return [*lines, (Bit(" " * LABEL), Bit(source, "source"))]


def step(view: View, row: Row, width: int) -> list[Line]:
    """A move: its decisions, the call and what it came to, the reasoning, the mark."""
    move = row.move
    if move is None:
        return _end(row, width)
    found = view.difference(move.place)
    lines: list[Line] = []
    mark = view.marks.get(str(move.place))
    if mark is not None:
        lines += _mark(mark, width)
    loud = [d for d in move.decisions if d.verdict != "allow"]
    chosen = row.decision
    if chosen is not None:  # a policy's own line was selected: it comes first
        loud = [chosen, *(d for d in loud if d is not chosen)]
    if found is not None:
        lines = [*compared(view, move, found, width), *lines]
    else:
        for decision in loud:
            lines += decision_lines(view, decision, width)
    lines += what(move, width, row.over)
    for fault in move.faults:
        said = [Bit(f"{broke(fault)}: "), Bit(clean(fault.message, 2000), "bad")]
        lines += labelled("⚠ fault", said, width, "bad")
        lines = with_source(lines, fault.where, width)
        lines += [(Bit(" " * LABEL), Bit(one_line(frame, 300), "dim")) for frame in fault.trace[:12]]
    if move.handoff is not None:
        by = "the model" if move.handoff.by == "model" else move.handoff.by
        lines += labelled("↑ person", [Bit(f"by {one_line(by)}: {one_line(move.handoff.reason)}")], width, "warn")
    for decision in [d for d in move.decisions if d not in loud and found is None]:
        lines += decision_lines(view, decision, width)
    if move.reasoning.strip():
        lines += labelled("thought", [Bit(clean(move.reasoning, 6000), "think")], width)
    if row.end is not None:
        lines = [*_end(row, width), *lines]
    return lines


def _end(row: Row, width: int) -> list[Line]:
    if row.end is None:
        return []
    return labelled("■ ended", [Bit(clean(ended(row.end), 2000), "bad")], width)


def _mark(mark: Mark, width: int) -> list[Line]:
    head = f"{mark.severity} · fault of the {mark.fault} · {mark.kind.replace('_', ' ')}"
    lines = labelled("⚑ mark", [Bit(head, "mark"), Bit(f"  {clean(mark.note, 2000)}")], width, "mark")
    if mark.should:
        lines += labelled("  should", [Bit(clean(mark.should, 2000))], width, "mark")
    return lines


def decision_lines(view: View, decision: Decision, width: int) -> list[Line]:
    """One policy's decision with its rule, the why behind it and what it looked at."""
    card = view.card(decision.version)
    role = ROLES[decision.verdict]
    glyph = "⚠" if decision.fault else GLYPHS[decision.verdict]
    head = [
        Bit(f"{glyph} {VERDICTS[decision.verdict]}", role),
        Bit(" by "),
        Bit(one_line(decision.policy), "bold"),
    ]
    if decision.reason:
        head.append(Bit(f"  “{clean(decision.reason, 2000)}”", role if decision.verdict != "allow" else ""))
    lines = wrap(head, width, 2)
    if card.get("rule"):
        lines += labelled("  rule", [Bit(clean(card["rule"], 2000))], width)
    lines = with_source(lines, str(card.get("source", "")), width)
    if card.get("why"):
        lines += labelled("  why", [Bit(clean(card["why"], 2000))], width)
    if decision.evidence:
        seen = ", ".join(f"{one_line(k, 80)}: {value(v, 400)}" for k, v in decision.evidence.items())
        lines += labelled("  saw", [Bit(seen)], width)
    if decision.verdict == "rewrite":
        lines += block("  now", decision.to, width)
    return lines


def what(move: Move, width: int, over: str = "") -> list[Line]:
    """The message, the call with its result, or the reply."""
    if move.message is not None:
        return labelled("customer", [Bit(clean(move.message.text), "user")], width) + _sent(move, width)
    if move.call is None:
        lines = []
        draft = move.answer.text if move.answer else ""
        if draft and (move.reply is None or str(move.reply.text) != draft):
            lines += labelled("draft", [Bit(clean(draft), "dim")], width)
        return lines + _sent(move, width)
    lines = labelled("call", [Bit(one_line(move.call.tool), "tool"), Bit(f"({value(move.call.args)})")], width)
    if move.call.broken:
        lines += labelled("", [Bit(one_line(move.call.broken), "bad")], width)
    if move.rewritten("before") is not None:
        lines += labelled("ran as", [Bit(f"({value(move.args)})")], width)
    for exchange in move.exchanges:
        lines += _exchange(exchange, width)
    result = move.result
    if result is None:
        if unfinished(move) and over in CUT_OFF:
            said = Bit(f"✗ stopped before it came to anything: {ENDS[over]}", "bad")
        else:
            said = Bit("none: it was not run" if over else "none yet", "dim")
        return [*lines, *labelled("result", [said], width)]
    if result.outcome == "ok":
        if move.after_effect in ("blocked", "escalated"):
            lines += labelled("result", [Bit("✗ withheld: the model was not given what follows", "bad")], width)
        lines += block("result", result.value, width)
        if result.changed:
            count = len(result.changed)
            text = f"changed {count} value{'s' if count != 1 else ''}: the tab world shows it"
            lines += labelled("✎", [Bit(text, "accent")], width)
    else:
        lines += labelled(
            "result", [Bit(f"✗ {OUTCOMES[result.outcome]}  ", "bad"), Bit(clean(result.value))], width
        )
    after = move.rewritten("after")
    if after is not None:
        lines += block("seen as", after, width)
    if result.printed:
        lines += labelled("printed", [Bit(clean(result.printed), "dim")], width)
    if move.entered is not None:
        lines += labelled("entered", [Bit(one_line(move.entered.journey), "accent")], width)
    return lines + _sent(move, width)


def _exchange(exchange: Exchange, width: int) -> list[Line]:
    """One request of the tool, and what came back."""
    good = 200 <= exchange.status < 400
    sign, role = ("→", "accent") if good else ("✗", "bad")
    asked = [
        Bit(one_line(f"{exchange.method} {exchange.url}")),
        Bit(f"  {sign} {exchange.status or 'no answer'}", role),
    ]
    lines = labelled("http", asked, width)
    if exchange.sent is not None:
        lines += block("sent", exchange.sent, width)
    return lines if exchange.got is None else lines + block("got", exchange.got, width)


def _sent(move: Move, width: int) -> list[Line]:
    if move.reply is None:
        return []
    return labelled("reply", [Bit(clean(move.reply.text), "agent")], width)


def block(label: str, thing: Any, width: int) -> list[Line]:
    """A plain value over several lines, beside its label."""
    short_form = value(thing, width)
    if not isinstance(thing, str) and len(short_form) < min(width - LABEL, 60) and "…" not in short_form:
        return labelled(label, [Bit(short_form)], width)
    text = data(thing)
    shown = clean(text).split("\n")[:MAX_BLOCK]
    left = text.count("\n") + 1 - len(shown)
    lines = labelled(label, [Bit("\n".join(shown))], width)
    if left > 0:
        lines.append((Bit(" " * LABEL), Bit(f"… {left:,} lines more: the pager shows all", "dim")))
    return lines


def compared(view: View, move: Move, found: Differs, width: int) -> list[Line]:
    """The record and the new run of one move, side by side where there is room."""
    now = view.rerun_move(move.place)
    head = wrap([Bit("≠ differs ", "warn"), Bit(clean(found.why, 500))], width, 2)
    if width < SIDE_BY_SIDE:
        return [
            *labelled("recorded", [Bit(clean(found.recorded, 2000))], width, "warn"),
            *labelled("now", [Bit(clean(found.now, 2000))], width, "accent"),
            *head,
            *_decisions(view, move, now, width),
            *(_decisions(view, now, move, width) if now is not None else []),
            BLANK,
        ]
    lines = head
    half = (width - 3) // 2
    left = [
        (Bit("recorded", "warn"),),
        *wrap([Bit(clean(found.recorded, 2000))], half),
        *_decisions(view, move, now, half),
    ]
    right = [(Bit("now", "accent"),), *wrap([Bit(clean(found.now, 2000))], half)]
    if now is not None:
        right += _decisions(view, now, move, half)
    for index in range(max(len(left), len(right))):
        a = left[index] if index < len(left) else BLANK
        b = right[index] if index < len(right) else BLANK
        lines.append((*fit(a, half), Bit(" │ ", "rule"), *fit(b, half)))
    return [*lines, BLANK]


def _decisions(view: View, move: Move, other: Move | None, width: int) -> list[Line]:
    """The decisions of one side; those the other side has too are only named."""
    there = {(d.policy, d.verdict, d.reason) for d in other.decisions} if other is not None else set()
    lines: list[Line] = []
    same: list[str] = []
    for decision in move.decisions:
        if (decision.policy, decision.verdict, decision.reason) in there:
            same.append(f"{short(decision.policy)} {GLYPHS[decision.verdict]}")
        else:
            lines += decision_lines(view, decision, width)
    return [*lines, *(wrap([Bit("the same: " + "  ".join(same), "dim")], width, 2) if same else [])]


def summary(move: Move) -> str:
    """A move in words for the clipboard."""
    if move.call is not None:
        result = f" -> {value(move.result.value)}" if move.result else ""
        return f"{one_line(move.call.tool)}({value(move.call.args)}){result}"
    said = move.reply.text if move.reply else move.answer.text if move.answer else ""
    return clean(move.message.text if move.message else said)
