"""The tabs of the detail pane. Each is produced once, then drawn in the pane or written as text for the pager."""

from __future__ import annotations

from collections.abc import Callable

from ...trace.events import Answer, ToolResult
from .changes import change_spans
from .detail import step
from .extent import Excerpt, FullText
from .paragraphs import EMPTY, Block, labelled, paragraph, plain_text, styled, value_block
from .prompt_tab import NO_PROMPT, NOT_RECORDED, prompt
from .rows import Row
from .text import Line, Span, one_line
from .view import View


def options(view: View, row: Row, extent: Excerpt) -> list[Block]:
    """Show what was available to the model, and what a condition made unavailable."""
    now = view.trace.prompt_at(row.step_id)
    if now is None:
        return [paragraph(Span(NO_PROMPT, "dim"))]
    none = NOT_RECORDED if view.imported else Span("none")
    blocks: list[Block] = []
    for label, names in (("journeys", now.journeys), ("policies", now.policies)):
        blocks.append(labelled(label, Span(", ".join(map(one_line, names))) if names else none))
    if not now.tools:
        blocks.append(labelled("tools", none))
    for key in now.tools:
        blocks += _tool(key, view, extent)
    for hidden in now.hidden:
        name = Span(one_line(hidden.name), "warn")
        reason = Span(f"  unavailable: {one_line(hidden.condition)}")
        blocks.append(labelled(one_line(hidden.kind), name, reason, source=hidden.source))
    return blocks


def _tool(key: str, view: View, extent: Excerpt) -> list[Block]:
    blob = view.trace.blobs.get(key)
    schema = blob if isinstance(blob, dict) else {}
    names = ", ".join(one_line(name, 60) for name in schema.get("input_schema", {}).get("properties", {}))
    head = labelled(
        "tool",
        Span(one_line(schema.get("name", key)), "tool"),
        Span(f"({names})"),
        Span(f"  {extent.phrase(schema.get('description', ''))}", "dim"),
    )
    more = extent.schema(schema)
    return [head, *(value_block("  schema", more, extent) if more else [])]


def world(view: View, row: Row, extent: Excerpt) -> list[Block]:
    """Show what the tools changed: in this step, then in all steps before it."""
    here: list[Block] = []
    before: list[Block] = []
    for one in view.trace:
        if isinstance(one, ToolResult) and one.changed:
            if one.step_id == row.step_id:
                here += _changed(one, extent)
            elif one.step_id < row.step_id:
                before += _changed(one, extent)
    if view.imported and not here and not before:
        text = "Changes of the world are not recorded: the imported log contains only results."
        return [paragraph(Span(text, "dim"))]
    title = paragraph(Span("before this step", "bold"))
    return [
        paragraph(Span("this step", "bold")),
        *(here or [paragraph(Span("  changed nothing", "dim"))]),
        EMPTY,
        *([title, *before] if before else [paragraph(Span("before this step: no changes", "dim"))]),
    ]


def _changed(result: ToolResult, extent: Excerpt) -> list[Block]:
    head = paragraph(Span(f"  {result.step_id} ", "dim"), Span(one_line(result.tool), "tool"))
    changes = result.changed[: extent.changes]
    return [head, *(paragraph(*change_spans(change, extent), indent=6) for change in changes)]


def raw(view: View, row: Row, extent: Excerpt) -> list[Block]:
    """Show the answer as the provider sent it, with its usage."""
    answer = row.step.answer if row.step else None
    if answer is None:
        return [paragraph(Span("No answer of a model belongs to this step.", "dim"))]
    blocks: list[Block] = [
        labelled("step", Span(str(row.step_id))),
        labelled("model", Span(f"{one_line(answer.model)}  stop: {one_line(answer.stop)}")),
        *_usage(answer),
    ]
    for one in answer.blocks:
        blocks += [EMPTY, *value_block(one_line(one.get("type", "block"), 20), one, extent)]
    return blocks


def _usage(answer: Answer) -> list[Block]:
    m = answer.usage
    if m is None:
        return [labelled("cost", NOT_RECORDED)]
    cost = f"${m.cost:.4f}" if m.cost is not None else "price unknown"
    tokens = f"{m.tokens_in:,} in, {m.tokens_out:,} out, {m.cache_read:,} cached, {m.cache_write:,} to cache"
    return [
        labelled("tokens", Span(tokens)),
        labelled("cost", Span(f"{cost}  {m.seconds:.2f} s  {one_line(m.request_id)}")),
    ]


Tab = Callable[[View, Row, Excerpt], list[Block]]
TABS: dict[str, Tab] = {"step": step, "prompt": prompt, "options": options, "world": world, "raw": raw}


def tab_lines(tab: str, view: View, row: Row, cells: int) -> list[Line]:
    """Draw a tab for the pane: long texts are cut."""
    return styled(TABS[tab](view, row, Excerpt()), cells)


def tab_text(tab: str, view: View, row: Row) -> str:
    """Write all of a tab as plain text, without escape sequences."""
    title = paragraph(Span(f"{tab} {row.step_id}"))
    return plain_text([title, EMPTY, *TABS[tab](view, row, FullText())]) + "\n"
