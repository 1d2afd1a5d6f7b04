"""The tabs prompt, options, world and raw of the detail pane."""

from __future__ import annotations

from typing import Any

import msgspec

from ...trace.blobs import exhibit_text
from ...trace.events import Answer, Change, Prompt, Result
from ...trace.step_id import Place
from ...trace.trace import Trace
from .detail import Tab, block, labelled, step, with_source
from .diff import diff
from .rows import Row
from .text import BLANK, Bit, Line, clean, one_line, pretty, value, wrap
from .view import View

UNTOLD = Bit("not recorded", "dim")


def prompt(view: View, row: Row, width: int) -> list[Line]:
    """What the model was sent besides the messages, each span with its source; what changed is marked."""
    place = row.place
    now = view.trace.prompt_at(place)
    if now is None:
        return [(Bit("The model was not asked here: nothing was sent to it.", "dim"),)]
    here = (now.turn, now.answer) == (place.turn, place.answer)
    before = _before(view.trace, now) if here else None
    model = Bit(f"{one_line(now.model)}  {value(now.params) if now.params else ''}") if now.model else UNTOLD
    lines = labelled("model", [model], width)
    if not now.spans:
        lines += labelled("prompt", [UNTOLD], width)
    if before is not None:
        lines += labelled("changed", [Bit(_changes(view.trace.exhibits, before, now), "warn")], width)
    elif not here:
        lines += labelled("same", [Bit(f"as at {now.turn}.{now.answer}: nothing has changed since", "dim")], width)
    lines += _since_reload(view, place, now, width)
    known = [_title(view.trace.exhibits, key) for key in before.spans] if before is not None else []
    for key in now.spans:
        new = before is not None and key not in before.spans
        glyph = "#" if not new else "≠" if _title(view.trace.exhibits, key) in known else "+"
        lines += [BLANK, *_span(view.trace.exhibits.get(key), glyph, width)]
    return [*lines, BLANK, *_messages(view, place, width)]


def _before(trace: Trace, now: Prompt) -> Prompt | None:
    found = None
    for one in trace:
        if one is now:
            return found
        if isinstance(one, Prompt):
            found = one
    return found


def _span(exhibit: Any, glyph: str, width: int) -> list[Line]:
    card = exhibit if isinstance(exhibit, dict) else {}
    title = one_line(card.get("title", "(not in the record)"), 200)
    head: Line = (Bit(f"{glyph} ", "rule" if glyph == "#" else "warn"), Bit(title, "bold"))
    lines = with_source([head], str(card.get("source", "")), width)
    return lines + wrap([Bit(clean(exhibit_text(card)))], width)


def _changes(exhibits: dict[str, Any], before: Prompt, now: Prompt) -> str:
    """What differs between two prompts, in words: + come, - gone, ≠ another text under the same title."""
    spans = _differing(exhibits, before.spans, now.spans)
    tools = _differing(exhibits, before.tools, now.tools)
    parts = [*spans, *([f"tools {', '.join(tools)}"] if tools else [])]
    return f"since the prompt before: {'; '.join(parts) or 'parameters or offers only'}"


def _differing(exhibits: dict[str, Any], before: list[str], now: list[str]) -> list[str]:
    come = [_title(exhibits, key) for key in now if key not in before]
    gone = [_title(exhibits, key) for key in before if key not in now]
    both = [title for title in come if title in gone]
    return [
        *(f"≠ {title}" for title in both),
        *(f"+ {title}" for title in come if title not in both),
        *(f"- {title}" for title in gone if title not in both),
    ]


def _title(exhibits: dict[str, Any], key: str) -> str:
    card = exhibits.get(key)
    return one_line(card.get("title") or card.get("name") or key, 80) if isinstance(card, dict) else key


def _since_reload(view: View, place: Place, then: Prompt, width: int) -> list[Line]:
    """How today's prompt differs from the recorded one, span by span."""
    if view.rerun is None:
        return []
    exhibits = {**view.trace.exhibits, **view.rerun.exhibits}
    now = Trace(view.rerun.steps, exhibits).prompt_at(place)
    if now is None or (now.spans == then.spans and now.tools == then.tools):
        return []
    lines = labelled("reload", [Bit("on today's code it would be:", "warn")], width)
    old = {_title(exhibits, k): k for k in then.spans}
    for key in now.spans:
        title = _title(exhibits, key)
        if key not in then.spans:
            lines.append((Bit("≠ ", "warn"), Bit(title, "bold")))
            lines += diff(exhibit_text(exhibits.get(old.get(title, ""))), exhibit_text(exhibits.get(key)), width)
    names = {_title(exhibits, k) for k in now.spans}
    lines += [(Bit(f"- {title}", "bad"),) for title in old if title not in names]
    tools = [_title(exhibits, k) for k in now.tools if k not in then.tools]
    if tools:
        lines += labelled("tools", [Bit("changed: " + ", ".join(tools), "warn")], width)
    return lines


def _messages(view: View, place: Place, width: int) -> list[Line]:
    """The messages sent with it, as the model read them."""
    from ...trace.state import State

    state = State(view.setup)
    try:
        for one in view.trace:
            if (one.turn, one.answer) >= (place.turn, max(place.answer, 1)) and not isinstance(one, Prompt):
                break
            state.apply(one)
    except (KeyError, IndexError, ValueError):  # an imported record may be incomplete
        return []
    lines: list[Line] = [(Bit("# ", "rule"), Bit(f"messages ({len(state.messages)})", "bold"))]
    for message in state.messages[-30:]:
        role = "customer" if message["role"] == "user" else "agent"
        for part in message["content"]:
            lines += labelled(role, [Bit(_part(part))], width)
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
    now = view.trace.prompt_at(row.place)
    if now is None:
        return [(Bit("The model was not asked here.", "dim"),)]
    none = UNTOLD if view.imported else Bit("none")
    lines: list[Line] = []
    for label, names in (("journeys", now.journeys), ("policies", now.policies)):
        lines += labelled(label, [Bit(", ".join(map(one_line, names))) if names else none], width)
    if not now.tools:
        lines += labelled("tools", [none], width)
    for key in now.tools:
        card = view.trace.exhibits.get(key)
        schema = card if isinstance(card, dict) else {}
        fields = schema.get("input_schema", {}).get("properties", {})
        bits = [
            Bit(one_line(schema.get("name", key)), "tool"),
            Bit(f"({', '.join(one_line(f, 60) for f in fields)})"),
        ]
        lines += labelled("tool", [*bits, Bit(f"  {one_line(schema.get('description', ''), 300)}", "dim")], width)
    for hidden in now.hidden:
        bits = [
            Bit(f"{hidden.kind} {one_line(hidden.name)}", "warn"),
            Bit(f"  not offered: {one_line(hidden.condition)}"),
        ]
        lines = with_source(lines + labelled("hidden", bits, width), hidden.source, width)
    return lines


def world(view: View, row: Row, width: int) -> list[Line]:
    """What the tools changed: in this move, then all before it."""
    here: list[Line] = []
    before: list[Line] = []
    for one in view.trace:
        if isinstance(one, Result) and one.changed:
            if one.place == row.place:
                here += _changed(one, width)
            elif one.place < row.place:
                before += _changed(one, width)
    if view.imported and not here and not before:
        text = "What the tools changed is not recorded: the log this comes from holds results alone."
        return wrap([Bit(text, "dim")], width)
    lines = [(Bit("this move", "bold"),), *(here or [(Bit("  changed nothing", "dim"),)])]
    return [*lines, BLANK, (Bit("before it", "bold"),), *(before or [(Bit("  nothing had changed", "dim"),)])]


def _changed(result: Result, width: int) -> list[Line]:
    lines: list[Line] = [(Bit(f"  {result.place} ", "dim"), Bit(one_line(result.tool), "tool"))]
    for change in result.changed[:200]:
        lines += wrap(change_bits(change), width, 6)
    return lines


def change_bits(change: Change) -> list[Bit]:
    """One change of the world: its path, what was there, what is."""
    path = ".".join(one_line(p, 80) for p in change.path)
    absent = msgspec.UNSET
    before = "" if change.before is absent else value(change.before, 400)
    after = "" if change.after is absent else value(change.after, 400)
    if not before and change.before is absent:
        return [Bit("    + ", "good"), Bit(f"{path}: "), Bit(after, "good")]
    if change.after is absent:
        return [Bit("    - ", "bad"), Bit(f"{path}: "), Bit(before, "bad")]
    return [Bit("    ≠ ", "warn"), Bit(f"{path}: "), Bit(before, "bad"), Bit(" → ", "dim"), Bit(after, "good")]


def raw(view: View, row: Row, width: int) -> list[Line]:
    """The answer as the provider sent it, and what it cost."""
    answer = row.move.answer if row.move else None
    if answer is None:
        return [(Bit("No answer of a model belongs to this.", "dim"),)]
    lines = labelled("place", [Bit(str(row.place))], width)
    lines += labelled("model", [Bit(f"{one_line(answer.model)}  stop: {one_line(answer.stop)}")], width)
    lines += _meter(answer, width)
    for one in answer.blocks:
        lines += [BLANK, *block(one_line(one.get("type", "block"), 20), "\n".join(pretty(one)), width)]
    return lines


def _meter(answer: Answer, width: int) -> list[Line]:
    m = answer.meter
    if m is None:
        return labelled("cost", [Bit("not recorded", "dim")], width)
    cost = f"${m.cost:.4f}" if m.cost is not None else "price unknown"
    tokens = f"{m.tokens_in:,} in, {m.tokens_out:,} out, {m.cache_read:,} cached, {m.cache_write:,} to cache"
    lines = labelled("tokens", [Bit(tokens)], width)
    lines += labelled("cost", [Bit(f"{cost}  {m.seconds:.2f} s  {one_line(m.request_id)}")], width)
    return lines


TABS: dict[str, Tab] = {"step": step, "prompt": prompt, "options": options, "world": world, "raw": raw}
