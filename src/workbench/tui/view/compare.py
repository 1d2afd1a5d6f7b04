"""Two runs side by side: one row per step, the causes, and one pair in full."""

from __future__ import annotations

import re
from typing import Any

from ...trace.events import PolicyDecision
from ...trace.steps import Step
from ...workspace.causes import DifferenceCause, prompt_causes
from ...workspace.comparison import AlignedStep, Comparison, Side, Status
from .changes import change_spans
from .diff import diff
from .end_lines import fault_text
from .extent import Excerpt
from .paragraphs import EMPTY, Block, Paragraph, labelled, paragraph
from .step_lines import DECISIONS, GLYPHS, NUMBER, OUTCOMES, fitted_action_text, policy_name
from .text import Line, Span, clean, cut, fit, one_line, plain, pretty, width

SIGNS: dict[Status, str] = {"same": "=", "drift": "~", "differs": "≠", "left": "‹", "right": "›"}
MIDDLE = 3  # cells between the columns, with the sign in them


def halves(width: int) -> tuple[int, int]:
    left = (width - MIDDLE) // 2
    return left, width - MIDDLE - left


def _counts(step: Step | None) -> bool:
    return (
        step is not None and step.message is None and bool(step.answer or step.call or step.reply or step.result)
    )


def heading(of: Comparison, width: int) -> str:
    """Return the titles of both runs above their columns, joined by a rule."""
    left, right = halves(width)
    return f"{cut('1 ' + titled(of.left), left)} ".ljust(left + MIDDLE - 1, "─") + (
        f" {cut(titled(of.right), right - 2)}"
    )


def titled(side: Side) -> str:
    return one_line(f"{side.name}: {side.title}")


def row(of: Comparison, index: int, width: int) -> Line:
    """Draw a pair on one line; consequences of the first difference are dim."""
    pair = of.pairs[index]
    turn = pair.left or pair.right
    if turn is not None and turn.message is not None and pair.status in ("same", "drift"):
        return _turn(pair, turn, width)
    left, right = halves(width)
    faint = of.is_consequence(index)
    sides = (
        _half(pair.left, left, faint, of.left),
        _half(pair.right, right, faint or pair.status == "same", of.right),
    )
    role = "dim" if faint or pair.status == "same" else "warn"
    return (*sides[0], Span(f" {SIGNS[pair.status]} ", role), *sides[1])


def _turn(pair: AlignedStep, step: Step, width: int) -> Line:
    sign = Span(SIGNS[pair.status] if pair.status != "same" else "─", "rule")
    said = one_line(step.message.text) if step.message is not None else ""
    line = fit([sign, Span(f" turn {pair.turn} ", "head"), Span(said, "user"), Span(" ")], width)
    blank = line[-1].text if not line[-1].text.strip() else ""
    return (*line[:-1], Span(blank[:1] + "─" * (len(blank) - 1), "rule")) if blank else line


def _half(step: Step | None, cells: int, faint: bool, side: Side) -> Line:
    if step is None:
        return fit(
            [Span(" " * NUMBER + "not run: it stopped at the first difference" if side.rerun else "", "dim")],
            cells,
        )
    if step.message is not None:
        bits = [Span(f"turn {step.step_id.turn} ", "head"), Span(one_line(step.message.text), "user")]
    else:
        head = Span((str(step.step_id) if _counts(step) else "").ljust(NUMBER - 1) + " ", "dim")
        bits = [head, *(fitted_action_text(step, cells - len(head.text)) or _loose(step))]
    return fit([Span(plain(bits), "dim")] if faint else bits, cells)


def _loose(step: Step) -> list[Span]:
    """Show a step without an action of the model: its fault."""
    return [Span(f"⚠ {fault_text(f)}: {one_line(f.message)}", "bad") for f in step.faults[:1]]


def summary(of: Comparison) -> str:
    """Summarize a comparison in a few words."""
    if of.first >= 0:
        pair = of.pairs[of.first]
        step = pair.left or pair.right
        if step is not None and step.message is not None:
            return f"the runs differ from turn {pair.turn} on"
        return f"the runs differ from step {step.step_id if step is not None else ''} on"
    drifts = sum(pair.status == "drift" for pair in of.pairs)
    return f"no difference except drift; {drifts} drift{'s' if drifts != 1 else ''}" if drifts else "no difference"


def called(id: str, first: str) -> str:
    """Name a conversation by the end of its id, its time of day and its first words."""
    found = re.fullmatch(r".*-\d{8}-(\d\d)(\d\d)\d\d-(\w+)", id)
    return f"{f'{found[3]} {found[1]}:{found[2]}' if found else id} “{one_line(first, 60)}”"


# causes


def cause(one: DifferenceCause, cells: int) -> Line:
    """Draw a cause on one line: ≠ at the step where the runs differ, ~ before it; its source if there is room."""
    sign = Span("≠ ", "warn") if one.at_divergence else Span("~ ", "dim")
    bits = [sign, Span(f"{one.kind:<9}", "label"), Span(one_line(one.what))]
    source = Span(one_line(one.source, 200), "source")
    left = cells - width([source])
    if left < width(bits) + 1:
        return fit(bits, cells)
    return (*fit(bits, left), source)


def cause_detail(one: DifferenceCause) -> list[Block]:
    """Show a cause with its two texts."""
    return [labelled(one.kind, Span(clean(one.what)), source=one.source), *diff(one.before, one.after)]


# a pair in full


def pair_in_full(of: Comparison, index: int) -> list[Block]:
    """Show all that the two steps of a row contain: differences as text diffs, equal parts by name."""
    pair = of.pairs[index]
    left, right = _texts(pair.left), _texts(pair.right)
    blocks: list[Block] = [*_head(of, index)]
    same: list[str] = []
    for label in {**left, **right}:
        a, b = left.get(label, ""), right.get(label, "")
        if a == b:
            same.append(label)
            continue
        blocks.append(paragraph(Span(label, "label")))
        blocks += diff(a, b)
    if "different prompt" in pair.why or index == of.first:
        for one in prompt_causes(of, pair):
            blocks += cause_detail(one) if one.before or one.after else []
    if same:
        blocks.append(labelled("the same", Span(", ".join(same), "dim")))
        if pair.status in ("same", "drift"):
            blocks += [EMPTY, *(labelled(label, Span(left[label])) for label in same)]
    return blocks


def _head(of: Comparison, index: int) -> list[Paragraph]:
    pair = of.pairs[index]
    only = {"left": f"only in {of.left.name}", "right": f"only in {of.right.name}"}
    why = only.get(pair.status, pair.why) or "the same on both sides"
    spans = [Span(f"{SIGNS[pair.status]} {clean(why)}", "" if pair.status == "same" else "warn")]
    if index == of.first:
        spans.append(Span(" · first difference", "bold"))
    elif of.is_consequence(index):
        spans.append(Span(" · after the first difference, so taken as its consequence", "dim"))
    rerun = next((s for s in (of.left, of.right) if s.rerun), None)
    head = [
        paragraph(*spans),
        paragraph(Span("- ", "bad"), Span(titled(of.left), "dim")),
        paragraph(Span("+ ", "good"), Span(titled(of.right), "dim")),
    ]
    if rerun is not None and "different prompt" in pair.why:
        head.append(paragraph(Span("the model was not called: the answer here is the recorded one", "warn")))
    return head


def _texts(step: Step | None) -> dict[str, str]:
    """Return the contents of a step as texts by label."""
    if step is None:
        return {}
    parts: dict[str, Any] = {
        "customer": step.message.text if step.message is not None else "",
        "call": f"{step.call.tool}\n{_text(step.call.args)}" if step.call is not None else "",
        "ran as": _text(step.rewritten_value("before_tool")) if step.call is not None else "",
        "policies": "\n".join(_decision(d) for d in step.decisions),
        "result": _result(step),
        "changed": _changed(step),
        "draft": step.answer.text if step.answer is not None and step.call is None else "",
        "reply": step.reply.text if step.reply is not None else "",
        "hand-off": f"{step.handoff.by}: {step.handoff.reason}" if step.handoff is not None else "",
        "fault": "\n".join(f"{fault_text(f)}: {f.message}" for f in step.faults),
        "reasoning": step.reasoning,
    }
    return {label: clean(text) for label, text in parts.items() if text}


def _text(value: Any) -> str:
    return "\n".join(pretty(value)) if value is not None else ""


def _decision(d: PolicyDecision) -> str:
    said = f"{'⚠' if d.fault else GLYPHS[d.effect]} {policy_name(d.policy)} {DECISIONS[d.effect]}"
    saw = [f"    {one_line(k, 80)}: {one_line(_text(v), 400)}" for k, v in d.evidence.items()]
    to = [f"    now: {one_line(_text(d.replacement), 400)}"] if d.effect == "rewrite" else []
    return "\n".join([said + (f" “{d.reason}”" if d.reason else ""), *to, *saw])


def _result(step: Step) -> str:
    r = step.result
    if r is None:
        return ""
    value = _text(r.value) if not isinstance(r.value, str) else r.value
    outcome = f"✗ {OUTCOMES[r.outcome]}\n" if r.outcome != "ok" else ""
    return f"{outcome}{value}" + (f"\nprinted: {r.output}" if r.output else "")


def _changed(step: Step) -> str:
    changed = step.result.changed[:200] if step.result is not None else []
    return "\n".join(plain(change_spans(one, Excerpt())).strip() for one in changed)
