"""The decisions of policies about a step, and its comparison with the rerun."""

from __future__ import annotations

from typing import Any

from ...engine.changes import differences
from ...runtime.protocol import DifferenceInfo
from ...trace.events import PolicyDecision
from ...trace.steps import Step
from .changes import change_spans
from .extent import Excerpt
from .paragraphs import EMPTY, Block, Columns, Paragraph, labelled, paragraph, value_block
from .step_lines import DECISIONS, GLYPHS, ROLES, policy_name
from .text import Span, one_line
from .view import View

MAX_CHANGES = 40  # of one rewrite; above that the new value is shown as a whole


def rewritten_from(step: Step, one: PolicyDecision) -> Any:
    """Return the value that a rewrite replaced: the original, or the rewrite before it."""
    value: Any = None
    if one.hook == "on_message" and step.message is not None:
        value = step.message.text
    elif one.hook == "before_tool" and step.call is not None:
        value = step.call.args
    elif one.hook == "after_tool" and step.result is not None:
        value = step.result.value
    elif one.hook == "before_reply" and step.answer is not None:
        value = step.answer.text
    for earlier in step.decisions:
        if earlier is one:
            break
        if earlier.hook == one.hook and earlier.effect == "rewrite":
            value = earlier.replacement
    return value


def decision(view: View, one: PolicyDecision, extent: Excerpt, before: Any = None) -> list[Paragraph]:
    """Show a decision with its reason, its rule, the purpose of the rule and the evidence.

    `before` is the value that a rewrite replaced; what changed in it is shown.
    """
    info = view.policy_info(one.version)
    role = ROLES[one.effect]
    glyph = "⚠" if one.fault else GLYPHS[one.effect]
    head = [Span(f"{glyph} {DECISIONS[one.effect]}", role), Span(" by "), Span(one_line(one.policy), "bold")]
    if one.reason:
        head.append(Span(f"  “{extent.text(one.reason)}”", role if one.effect != "allow" else ""))
    source = info.get("source", "")
    if info.get("rule"):
        rule = labelled("  rule", Span(extent.text(info["rule"])), source=source)
        blocks = [paragraph(*head, indent=2), rule]
    else:
        blocks = [paragraph(*head, indent=2, source=source)]
    if info.get("why"):
        blocks.append(labelled("  why", Span(extent.text(info["why"]))))
    if one.evidence:
        pairs = ", ".join(f"{one_line(name, 80)}: {extent.value(thing)}" for name, thing in one.evidence.items())
        blocks.append(labelled("  evidence", Span(pairs)))
    if one.effect == "rewrite":
        blocks += _rewrite(before, one.replacement, extent)
    return blocks


def _rewrite(before: Any, after: Any, extent: Excerpt) -> list[Paragraph]:
    """Show what a rewrite changed: the paths that differ, or the whole new value."""
    changes = differences(before, after) if isinstance(before, dict | list) else []
    if not changes or len(changes) > MAX_CHANGES or not changes[0].path:
        was = value_block("  was", before, extent) if before is not None else []
        return [*was, *value_block("  new", after, extent)]
    return [paragraph(Span("  "), *change_spans(change, extent), indent=10) for change in changes]


def compared(view: View, step: Step, found: DifferenceInfo, extent: Excerpt) -> list[Block]:
    """Show the recording and the rerun of one step."""
    rerun = view.rerun_step(step.step_id)
    recorded = labelled("recorded", Span(extent.text(found.recorded)), role="warn")
    now = labelled("now", Span(extent.text(found.now)), role="accent")
    left = tuple(_decisions(view, step, rerun, extent))
    right = tuple(_decisions(view, rerun, step, extent)) if rerun is not None else ()
    return [
        Columns((recorded,), (now,)),
        paragraph(Span("≠ differs ", "warn"), Span(extent.text(found.why)), indent=2),
        Columns(left, right, titles=("recorded", "now")),
        EMPTY,
    ]


def _decisions(view: View, step: Step, other: Step | None, extent: Excerpt) -> list[Paragraph]:
    """Show the decisions of one side; those that the other side has too are only named."""
    there = {(d.policy, d.effect, d.reason) for d in other.decisions} if other is not None else set()
    blocks: list[Paragraph] = []
    same: list[str] = []
    for one in step.decisions:
        if (one.policy, one.effect, one.reason) in there:
            same.append(f"{policy_name(one.policy)} {GLYPHS[one.effect]}")
        else:
            blocks += decision(view, one, extent, rewritten_from(step, one))
    if same:
        blocks.append(paragraph(Span("the same: " + "  ".join(same), "dim"), indent=2))
    return blocks
