"""The tabs prompt, options, world and raw of the detail pane."""

from __future__ import annotations

from typing import Any

import msgspec

from ...trace.blobs import blob_text
from ...trace.events import Answer, Prompt, ToolResult, WorldChange
from ...trace.step_id import StepId
from ...trace.trace import Trace
from .detail import Tab, block, labelled, step, with_source
from .diff import diff
from .rows import Row
from .text import BLANK, Line, Span, clean, one_line, pretty, value, wrap
from .view import View

NOT_RECORDED = Span("not recorded", "dim")


def prompt(view: View, row: Row, width: int) -> list[Line]:
    """What the model was sent besides the messages, each span with its source; what changed is marked."""
    step_id = row.step_id
    now = view.trace.prompt_at(step_id)
    if now is None:
        return [(Span("The model was not asked here: nothing was sent to it.", "dim"),)]
    here = (now.turn, now.answer) == (step_id.turn, step_id.answer)
    before = _before(view.trace, now) if here else None
    model = (
        Span(f"{one_line(now.model)}  {value(now.params) if now.params else ''}") if now.model else NOT_RECORDED
    )
    lines = labelled("model", [model], width)
    if not now.sections:
        lines += labelled("prompt", [NOT_RECORDED], width)
    if before is not None:
        lines += labelled("changed", [Span(_changes(view.trace.blobs, before, now), "warn")], width)
    elif not here:
        lines += labelled(
            "same", [Span(f"as at {now.turn}.{now.answer}: nothing has changed since", "dim")], width
        )
    lines += _since_reload(view, step_id, now, width)
    known = [_title(view.trace.blobs, key) for key in before.sections] if before is not None else []
    for key in now.sections:
        new = before is not None and key not in before.sections
        glyph = "#" if not new else "≠" if _title(view.trace.blobs, key) in known else "+"
        lines += [BLANK, *_section(view.trace.blobs.get(key), glyph, width)]
    return [*lines, BLANK, *_messages(view, step_id, width)]


def _before(trace: Trace, now: Prompt) -> Prompt | None:
    found = None
    for one in trace:
        if one is now:
            return found
        if isinstance(one, Prompt):
            found = one
    return found


def _section(blob: Any, glyph: str, width: int) -> list[Line]:
    card = blob if isinstance(blob, dict) else {}
    title = one_line(card.get("title", "(not in the record)"), 200)
    head: Line = (Span(f"{glyph} ", "rule" if glyph == "#" else "warn"), Span(title, "bold"))
    lines = with_source([head], str(card.get("source", "")), width)
    return lines + wrap([Span(clean(blob_text(card)))], width)


def _changes(blobs: dict[str, Any], before: Prompt, now: Prompt) -> str:
    """What differs between two prompts, in words: + come, - gone, ≠ another text under the same title."""
    sections = _differing(blobs, before.sections, now.sections)
    tools = _differing(blobs, before.tools, now.tools)
    parts = [*sections, *([f"tools {', '.join(tools)}"] if tools else [])]
    return f"since the prompt before: {'; '.join(parts) or 'parameters or offers only'}"


def _differing(blobs: dict[str, Any], before: list[str], now: list[str]) -> list[str]:
    come = [_title(blobs, key) for key in now if key not in before]
    gone = [_title(blobs, key) for key in before if key not in now]
    both = [title for title in come if title in gone]
    return [
        *(f"≠ {title}" for title in both),
        *(f"+ {title}" for title in come if title not in both),
        *(f"- {title}" for title in gone if title not in both),
    ]


def _title(blobs: dict[str, Any], key: str) -> str:
    card = blobs.get(key)
    return one_line(card.get("title") or card.get("name") or key, 80) if isinstance(card, dict) else key


def _since_reload(view: View, step_id: StepId, then: Prompt, width: int) -> list[Line]:
    """How today's prompt differs from the recorded one, span by span."""
    if view.rerun is None:
        return []
    blobs = {**view.trace.blobs, **view.rerun.blobs}
    now = Trace(view.rerun.events, blobs).prompt_at(step_id)
    if now is None or (now.sections == then.sections and now.tools == then.tools):
        return []
    lines = labelled("reload", [Span("on today's code it would be:", "warn")], width)
    old = {_title(blobs, k): k for k in then.sections}
    for key in now.sections:
        title = _title(blobs, key)
        if key not in then.sections:
            lines.append((Span("≠ ", "warn"), Span(title, "bold")))
            lines += diff(blob_text(blobs.get(old.get(title, ""))), blob_text(blobs.get(key)), width)
    names = {_title(blobs, k) for k in now.sections}
    lines += [(Span(f"- {title}", "bad"),) for title in old if title not in names]
    tools = [_title(blobs, k) for k in now.tools if k not in then.tools]
    if tools:
        lines += labelled("tools", [Span("changed: " + ", ".join(tools), "warn")], width)
    return lines


def _messages(view: View, step_id: StepId, width: int) -> list[Line]:
    """The messages sent with it, as the model read them."""
    from ...trace.state import ConversationState

    state = ConversationState(view.setup)
    try:
        for one in view.trace:
            if (one.turn, one.answer) >= (step_id.turn, max(step_id.answer, 1)) and not isinstance(one, Prompt):
                break
            state.apply(one)
    except (KeyError, IndexError, ValueError):  # an imported record may be incomplete
        return []
    lines: list[Line] = [(Span("# ", "rule"), Span(f"messages ({len(state.messages)})", "bold"))]
    for message in state.messages[-30:]:
        role = "customer" if message["role"] == "user" else "agent"
        for part in message["content"]:
            lines += labelled(role, [Span(_part(part))], width)
    return lines


def _part(part: dict[str, Any]) -> str:
    kind = part.get("type")
    if kind == "tool_use":
        return f"calls {one_line(part.get('name', ''))}({value(part.get('input'))})"
    if kind == "tool_result":
        return f"result: {one_line(part.get('content', ''), 600)}"
    return one_line(part.get("text") or part.get("thinking") or "", 600)


def options(view: View, row: Row, width: int) -> list[Line]:
    """What else it could have done: what was on offer, and what a condition hid."""
    now = view.trace.prompt_at(row.step_id)
    if now is None:
        return [(Span("The model was not asked here.", "dim"),)]
    none = NOT_RECORDED if view.imported else Span("none")
    lines: list[Line] = []
    for label, names in (("journeys", now.journeys), ("policies", now.policies)):
        lines += labelled(label, [Span(", ".join(map(one_line, names))) if names else none], width)
    if not now.tools:
        lines += labelled("tools", [none], width)
    for key in now.tools:
        card = view.trace.blobs.get(key)
        schema = card if isinstance(card, dict) else {}
        fields = schema.get("input_schema", {}).get("properties", {})
        bits = [
            Span(one_line(schema.get("name", key)), "tool"),
            Span(f"({', '.join(one_line(f, 60) for f in fields)})"),
        ]
        lines += labelled("tool", [*bits, Span(f"  {one_line(schema.get('description', ''), 300)}", "dim")], width)
    for hidden in now.hidden:
        bits = [
            Span(f"{hidden.kind} {one_line(hidden.name)}", "warn"),
            Span(f"  not offered: {one_line(hidden.condition)}"),
        ]
        lines = with_source(lines + labelled("hidden", bits, width), hidden.source, width)
    return lines


def world(view: View, row: Row, width: int) -> list[Line]:
    """What the tools changed: in this move, then all before it."""
    here: list[Line] = []
    before: list[Line] = []
    for one in view.trace:
        if isinstance(one, ToolResult) and one.changed:
            if one.step_id == row.step_id:
                here += _changed(one, width)
            elif one.step_id < row.step_id:
                before += _changed(one, width)
    if view.imported and not here and not before:
        text = "What the tools changed is not recorded: the log this comes from holds results alone."
        return wrap([Span(text, "dim")], width)
    lines = [(Span("this step", "bold"),), *(here or [(Span("  changed nothing", "dim"),)])]
    return [*lines, BLANK, (Span("before it", "bold"),), *(before or [(Span("  nothing had changed", "dim"),)])]


def _changed(result: ToolResult, width: int) -> list[Line]:
    lines: list[Line] = [(Span(f"  {result.step_id} ", "dim"), Span(one_line(result.tool), "tool"))]
    for change in result.changed[:200]:
        lines += wrap(change_bits(change), width, 6)
    return lines


def change_bits(change: WorldChange) -> list[Span]:
    """One change of the world: its path, what was there, what is."""
    path = ".".join(one_line(p, 80) for p in change.path)
    absent = msgspec.UNSET
    before = "" if change.before is absent else value(change.before, 400)
    after = "" if change.after is absent else value(change.after, 400)
    if not before and change.before is absent:
        return [Span("    + ", "good"), Span(f"{path}: "), Span(after, "good")]
    if change.after is absent:
        return [Span("    - ", "bad"), Span(f"{path}: "), Span(before, "bad")]
    return [
        Span("    ≠ ", "warn"),
        Span(f"{path}: "),
        Span(before, "bad"),
        Span(" → ", "dim"),
        Span(after, "good"),
    ]


def raw(view: View, row: Row, width: int) -> list[Line]:
    """The answer as the provider sent it, and what it cost."""
    answer = row.step.answer if row.step else None
    if answer is None:
        return [(Span("No answer of a model belongs to this.", "dim"),)]
    lines = labelled("place", [Span(str(row.step_id))], width)
    lines += labelled("model", [Span(f"{one_line(answer.model)}  stop: {one_line(answer.stop)}")], width)
    lines += _usage(answer, width)
    for one in answer.blocks:
        lines += [BLANK, *block(one_line(one.get("type", "block"), 20), "\n".join(pretty(one)), width)]
    return lines


def _usage(answer: Answer, width: int) -> list[Line]:
    m = answer.usage
    if m is None:
        return labelled("cost", [Span("not recorded", "dim")], width)
    cost = f"${m.cost:.4f}" if m.cost is not None else "price unknown"
    tokens = f"{m.tokens_in:,} in, {m.tokens_out:,} out, {m.cache_read:,} cached, {m.cache_write:,} to cache"
    lines = labelled("tokens", [Span(tokens)], width)
    lines += labelled("cost", [Span(f"{cost}  {m.seconds:.2f} s  {one_line(m.request_id)}")], width)
    return lines


TABS: dict[str, Tab] = {"step": step, "prompt": prompt, "options": options, "world": world, "raw": raw}
