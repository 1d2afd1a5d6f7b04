"""The tab "prompt" of the detail pane: what the model was sent, and how that differs from the prompt before."""

from __future__ import annotations

from typing import Any

from ...trace.blobs import blob_text
from ...trace.events import Prompt
from ...trace.state import ConversationState
from ...trace.step_id import StepId
from ...trace.trace import Trace
from .diff import diff
from .extent import Excerpt
from .paragraphs import EMPTY, Block, labelled, paragraph
from .rows import Row
from .text import Span, one_line
from .view import View

NOT_RECORDED = Span("not recorded", "dim")
NO_PROMPT = "The model was not called here: there is no prompt."


def prompt(view: View, row: Row, extent: Excerpt) -> list[Block]:
    """Show the prompt of a step, section by section with their sources, and the messages sent with it."""
    step_id = row.step_id
    now = view.trace.prompt_at(step_id)
    if now is None:
        return [paragraph(Span(NO_PROMPT, "dim"))]
    here = (now.turn, now.answer) == (step_id.turn, step_id.answer)
    before = _before(view.trace, now) if here else None
    params = extent.value(now.params) if now.params else ""
    blocks: list[Block] = [
        labelled("model", Span(f"{one_line(now.model)}  {params}") if now.model else NOT_RECORDED)
    ]
    if not now.sections:
        blocks.append(labelled("prompt", NOT_RECORDED))
    if before is not None:
        blocks.append(labelled("changed", Span(_changes(view.trace.blobs, before, now), "warn")))
    elif not here:
        blocks.append(labelled("same", Span(f"as at {now.turn}.{now.answer}: nothing has changed since", "dim")))
    blocks += _since_reload(view, step_id, now)
    known = [_title(view.trace.blobs, key) for key in before.sections] if before is not None else []
    for key in now.sections:
        new = before is not None and key not in before.sections
        glyph = "#" if not new else "≠" if _title(view.trace.blobs, key) in known else "+"
        blocks += [EMPTY, *_section(view.trace.blobs.get(key), glyph, extent)]
    return [*blocks, EMPTY, *_messages(view, step_id, extent)]


def _before(trace: Trace, now: Prompt) -> Prompt | None:
    found = None
    for one in trace:
        if one is now:
            return found
        if isinstance(one, Prompt):
            found = one
    return found


def _section(blob: Any, glyph: str, extent: Excerpt) -> list[Block]:
    section = blob if isinstance(blob, dict) else {}
    title = one_line(section.get("title", "(not in the recording)"), 200)
    head = Span(f"{glyph} ", "rule" if glyph == "#" else "warn"), Span(title, "bold")
    return [
        paragraph(*head, source=section.get("source", "")),
        paragraph(Span(extent.text(blob_text(section)))),
    ]


def _changes(blobs: dict[str, Any], before: Prompt, now: Prompt) -> str:
    """Describe the difference between two prompts: + added, - removed, ≠ another text with the same title."""
    sections = _differing(blobs, before.sections, now.sections)
    tools = _differing(blobs, before.tools, now.tools)
    parts = [*sections, *([f"tools {', '.join(tools)}"] if tools else [])]
    return f"since the previous prompt: {'; '.join(parts) or 'only parameters or availability'}"


def _differing(blobs: dict[str, Any], before: list[str], now: list[str]) -> list[str]:
    added = [_title(blobs, key) for key in now if key not in before]
    removed = [_title(blobs, key) for key in before if key not in now]
    both = [title for title in added if title in removed]
    return [
        *(f"≠ {title}" for title in both),
        *(f"+ {title}" for title in added if title not in both),
        *(f"- {title}" for title in removed if title not in both),
    ]


def _title(blobs: dict[str, Any], key: str) -> str:
    blob = blobs.get(key)
    return one_line(blob.get("title") or blob.get("name") or key, 80) if isinstance(blob, dict) else key


def _since_reload(view: View, step_id: StepId, then: Prompt) -> list[Block]:
    """Show how the prompt of today's code differs from the recorded one, section by section."""
    if view.rerun is None:
        return []
    blobs = {**view.trace.blobs, **view.rerun.blobs}
    now = Trace(view.rerun.events, blobs).prompt_at(step_id)
    if now is None or (now.sections == then.sections and now.tools == then.tools):
        return []
    blocks: list[Block] = [labelled("reload", Span("with today's code it would be:", "warn"))]
    old = {_title(blobs, key): key for key in then.sections}
    for key in now.sections:
        title = _title(blobs, key)
        if key not in then.sections:
            blocks.append(paragraph(Span("≠ ", "warn"), Span(title, "bold")))
            blocks += diff(blob_text(blobs.get(old.get(title, ""))), blob_text(blobs.get(key)))
    names = {_title(blobs, key) for key in now.sections}
    blocks += [paragraph(Span(f"- {title}", "bad")) for title in old if title not in names]
    tools = [_title(blobs, key) for key in now.tools if key not in then.tools]
    if tools:
        blocks.append(labelled("tools", Span("changed: " + ", ".join(tools), "warn")))
    return blocks


def _messages(view: View, step_id: StepId, extent: Excerpt) -> list[Block]:
    """Show the messages sent with the prompt, as the model read them."""
    state = ConversationState(view.setup)
    try:
        for one in view.trace:
            if (one.turn, one.answer) >= (step_id.turn, max(step_id.answer, 1)) and not isinstance(one, Prompt):
                break
            state.apply(one)
    except (KeyError, IndexError, ValueError):  # an imported recording may be incomplete
        return []
    head = paragraph(Span("# ", "rule"), Span(f"messages ({len(state.messages)})", "bold"))
    return [
        head,
        *(
            labelled("customer" if message["role"] == "user" else "agent", Span(_part(part, extent)))
            for message in state.messages[-extent.messages :]
            for part in message["content"]
        ),
    ]


def _part(part: dict[str, Any], extent: Excerpt) -> str:
    kind = part.get("type")
    if kind == "tool_use":
        return f"calls {one_line(part.get('name', ''))}({extent.value(part.get('input'))})"
    if kind == "tool_result":
        return f"result: {extent.phrase(part.get('content', ''))}"
    return extent.phrase(part.get("text") or part.get("thinking") or "")
