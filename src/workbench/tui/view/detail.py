"""The detail of a move: what happened and who let it, most telling line first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...runtime.protocol import DifferenceInfo
from ...trace.events import HttpExchange, PolicyDecision
from ...trace.steps import Step
from ...transcripts.transcript import Annotation
from .rows import CUT_OFF, Row, unfinished
from .step_lines import ENDS, GLYPHS, OUTCOMES, ROLES, VERDICTS, end_text, fault_text, short
from .text import BLANK, Line, Span, clean, data, fit, one_line, value, wrap
from .view import View

LABEL = 9  # cells of the labels at the left
SIDE_BY_SIDE = 92  # cells from which the record and the new run stand beside each other
MAX_BLOCK = 200  # lines of one value

Tab = Callable[[View, Row, int], list[Line]]


def labelled(label: str, bits: list[Span], width: int, role: str = "label") -> list[Line]:
    """A label, and text hanging beside it."""
    head = label.ljust(LABEL) if len(label) < LABEL else label + " "
    return wrap([Span(head, role), *bits], width, LABEL)


def with_source(lines: list[Line], source: str, width: int) -> list[Line]:
    """A source, as file:line, at the right of the last line where it fits, else below."""
    source = one_line(source, 200)
    if not source:
        return lines
    used = sum(len(b.text) for b in lines[-1])
    if used + len(source) + 2 <= width:
        lines[-1] = (*fit(lines[-1], width - len(source)), Span(source, "source"))
        return lines
    return [*lines, (Span(" " * LABEL), Span(source, "source"))]


def step(view: View, row: Row, width: int) -> list[Line]:
    """A move: its decisions, the call and what it came to, the reasoning, the mark."""
    step = row.step
    if step is None:
        return _end(row, width)
    found = view.difference(step.step_id)
    lines: list[Line] = []
    annotation = view.annotations.get(str(step.step_id))
    if annotation is not None:
        lines += _mark(annotation, width)
    loud = [d for d in step.decisions if d.effect != "allow"]
    chosen = row.decision
    if chosen is not None:  # a policy's own line was selected: it comes first
        loud = [chosen, *(d for d in loud if d is not chosen)]
    if found is not None:
        lines = [*compared(view, step, found, width), *lines]
    else:
        for decision in loud:
            lines += decision_lines(view, decision, width)
    lines += what(step, width, row.over)
    for fault in step.faults:
        said = [Span(f"{fault_text(fault)}: "), Span(clean(fault.message, 2000), "bad")]
        lines += labelled("⚠ fault", said, width, "bad")
        lines = with_source(lines, fault.where, width)
        lines += [(Span(" " * LABEL), Span(one_line(frame, 300), "dim")) for frame in fault.traceback[:12]]
    if step.handoff is not None:
        by = "the model" if step.handoff.by == "model" else step.handoff.by
        lines += labelled("↑ person", [Span(f"by {one_line(by)}: {one_line(step.handoff.reason)}")], width, "warn")
    for decision in [d for d in step.decisions if d not in loud and found is None]:
        lines += decision_lines(view, decision, width)
    if step.reasoning.strip():
        lines += labelled("thought", [Span(clean(step.reasoning, 6000), "think")], width)
    if row.end is not None:
        lines = [*_end(row, width), *lines]
    return lines


def _end(row: Row, width: int) -> list[Line]:
    if row.end is None:
        return []
    return labelled("■ ended", [Span(clean(end_text(row.end), 2000), "bad")], width)


def _mark(annotation: Annotation, width: int) -> list[Line]:
    head = f"{annotation.severity} · fault of the {annotation.fault} · {annotation.kind.replace('_', ' ')}"
    lines = labelled("⚑ mark", [Span(head, "mark"), Span(f"  {clean(annotation.note, 2000)}")], width, "mark")
    if annotation.expected:
        lines += labelled("  should", [Span(clean(annotation.expected, 2000))], width, "mark")
    return lines


def decision_lines(view: View, decision: PolicyDecision, width: int) -> list[Line]:
    """One policy's decision with its rule, the why behind it and what it looked at."""
    card = view.card(decision.version)
    role = ROLES[decision.effect]
    glyph = "⚠" if decision.fault else GLYPHS[decision.effect]
    head = [
        Span(f"{glyph} {VERDICTS[decision.effect]}", role),
        Span(" by "),
        Span(one_line(decision.policy), "bold"),
    ]
    if decision.reason:
        head.append(Span(f"  “{clean(decision.reason, 2000)}”", role if decision.effect != "allow" else ""))
    lines = wrap(head, width, 2)
    if card.get("rule"):
        lines += labelled("  rule", [Span(clean(card["rule"], 2000))], width)
    lines = with_source(lines, str(card.get("source", "")), width)
    if card.get("why"):
        lines += labelled("  why", [Span(clean(card["why"], 2000))], width)
    if decision.evidence:
        seen = ", ".join(f"{one_line(k, 80)}: {value(v, 400)}" for k, v in decision.evidence.items())
        lines += labelled("  saw", [Span(seen)], width)
    if decision.effect == "rewrite":
        lines += block("  now", decision.replacement, width)
    return lines


def what(step: Step, width: int, over: str = "") -> list[Line]:
    """The message, the call with its result, or the reply."""
    if step.message is not None:
        return labelled("customer", [Span(clean(step.message.text), "user")], width) + _sent(step, width)
    if step.call is None:
        lines = []
        draft = step.answer.text if step.answer else ""
        if draft and (step.reply is None or str(step.reply.text) != draft):
            lines += labelled("draft", [Span(clean(draft), "dim")], width)
        return lines + _sent(step, width)
    lines = labelled("call", [Span(one_line(step.call.tool), "tool"), Span(f"({value(step.call.args)})")], width)
    if step.call.error:
        lines += labelled("", [Span(one_line(step.call.error), "bad")], width)
    if step.rewritten_value("before_tool") is not None:
        lines += labelled("ran as", [Span(f"({value(step.args)})")], width)
    for exchange in step.exchanges:
        lines += _exchange(exchange, width)
    result = step.result
    if result is None:
        if unfinished(step) and over in CUT_OFF:
            said = Span(f"✗ stopped before it came to anything: {ENDS[over]}", "bad")
        else:
            said = Span("none: it was not run" if over else "none yet", "dim")
        return [*lines, *labelled("result", [said], width)]
    if result.outcome == "ok":
        if step.result_effect in ("blocked", "escalated"):
            lines += labelled("result", [Span("✗ withheld: the model was not given what follows", "bad")], width)
        lines += block("result", result.value, width)
        if result.changed:
            count = len(result.changed)
            text = f"changed {count} value{'s' if count != 1 else ''}: the tab world shows it"
            lines += labelled("✎", [Span(text, "accent")], width)
    else:
        lines += labelled(
            "result", [Span(f"✗ {OUTCOMES[result.outcome]}  ", "bad"), Span(clean(result.value))], width
        )
    after = step.rewritten_value("after_tool")
    if after is not None:
        lines += block("seen as", after, width)
    if result.output:
        lines += labelled("printed", [Span(clean(result.output), "dim")], width)
    if step.entered is not None:
        lines += labelled("entered", [Span(one_line(step.entered.journey), "accent")], width)
    return lines + _sent(step, width)


def _exchange(exchange: HttpExchange, width: int) -> list[Line]:
    """One request of the tool, and what came back."""
    good = 200 <= exchange.status < 400
    sign, role = ("→", "accent") if good else ("✗", "bad")
    asked = [
        Span(one_line(f"{exchange.method} {exchange.url}")),
        Span(f"  {sign} {exchange.status or 'no answer'}", role),
    ]
    lines = labelled("http", asked, width)
    if exchange.request_body is not None:
        lines += block("sent", exchange.request_body, width)
    return lines if exchange.response_body is None else lines + block("got", exchange.response_body, width)


def _sent(step: Step, width: int) -> list[Line]:
    if step.reply is None:
        return []
    return labelled("reply", [Span(clean(step.reply.text), "agent")], width)


def block(label: str, thing: Any, width: int) -> list[Line]:
    """A plain value over several lines, beside its label."""
    short_form = value(thing, width)
    if not isinstance(thing, str) and len(short_form) < min(width - LABEL, 60) and "…" not in short_form:
        return labelled(label, [Span(short_form)], width)
    text = data(thing)
    shown = clean(text).split("\n")[:MAX_BLOCK]
    left = text.count("\n") + 1 - len(shown)
    lines = labelled(label, [Span("\n".join(shown))], width)
    if left > 0:
        lines.append((Span(" " * LABEL), Span(f"… {left:,} lines more: the pager shows all", "dim")))
    return lines


def compared(view: View, step: Step, found: DifferenceInfo, width: int) -> list[Line]:
    """The record and the new run of one move, side by side where there is room."""
    now = view.rerun_step(step.step_id)
    head = wrap([Span("≠ differs ", "warn"), Span(clean(found.why, 500))], width, 2)
    if width < SIDE_BY_SIDE:
        return [
            *labelled("recorded", [Span(clean(found.recorded, 2000))], width, "warn"),
            *labelled("now", [Span(clean(found.now, 2000))], width, "accent"),
            *head,
            *_decisions(view, step, now, width),
            *(_decisions(view, now, step, width) if now is not None else []),
            BLANK,
        ]
    lines = head
    half = (width - 3) // 2
    left = [
        (Span("recorded", "warn"),),
        *wrap([Span(clean(found.recorded, 2000))], half),
        *_decisions(view, step, now, half),
    ]
    right = [(Span("now", "accent"),), *wrap([Span(clean(found.now, 2000))], half)]
    if now is not None:
        right += _decisions(view, now, step, half)
    for index in range(max(len(left), len(right))):
        a = left[index] if index < len(left) else BLANK
        b = right[index] if index < len(right) else BLANK
        lines.append((*fit(a, half), Span(" │ ", "rule"), *fit(b, half)))
    return [*lines, BLANK]


def _decisions(view: View, step: Step, other: Step | None, width: int) -> list[Line]:
    """The decisions of one side; those the other side has too are only named."""
    there = {(d.policy, d.effect, d.reason) for d in other.decisions} if other is not None else set()
    lines: list[Line] = []
    same: list[str] = []
    for decision in step.decisions:
        if (decision.policy, decision.effect, decision.reason) in there:
            same.append(f"{short(decision.policy)} {GLYPHS[decision.effect]}")
        else:
            lines += decision_lines(view, decision, width)
    return [*lines, *(wrap([Span("the same: " + "  ".join(same), "dim")], width, 2) if same else [])]


def summary(step: Step) -> str:
    """A move in words for the clipboard."""
    if step.call is not None:
        result = f" -> {value(step.result.value)}" if step.result else ""
        return f"{one_line(step.call.tool)}({value(step.call.args)}){result}"
    said = step.reply.text if step.reply else step.answer.text if step.answer else ""
    return clean(step.message.text if step.message else said)
