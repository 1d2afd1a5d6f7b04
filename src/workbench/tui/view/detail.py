"""The tab "step" of the detail pane: what happened at a step, and the policies that decided about it."""

from __future__ import annotations

from ...trace.events import HttpExchange
from ...trace.steps import Step
from ...transcripts.transcript import Annotation
from .decisions import compared, decision, rewritten_from
from .end_lines import ENDS, RETRIED, end_text, fault_text
from .extent import Excerpt
from .paragraphs import Block, labelled, value_block
from .rows import CUT_OFF, Row, unfinished
from .step_lines import OUTCOMES, refusal, seconds_text
from .text import Span, clean, one_line, value
from .view import View


def step(view: View, row: Row, extent: Excerpt) -> list[Block]:
    """Show the step of a row, with the decisions that changed something first."""
    step = row.step
    blocks = _end(view, row, extent)
    if step is None:
        return blocks
    loud = [d for d in step.decisions if d.effect != "allow"]
    chosen = row.decision
    if chosen is not None:  # the row of one policy is selected: its decision comes first
        loud = [chosen, *(d for d in loud if d is not chosen)]
    found = view.difference(step.step_id)
    if found is not None:
        blocks += compared(view, step, found, extent)
    annotation = view.annotations.get(str(step.step_id))
    if annotation is not None:
        blocks += _annotation(annotation, extent)
    if found is None:
        for one in loud:
            blocks += decision(view, one, extent, rewritten_from(step, one))
    blocks += action(step, extent, row.over)
    blocks += _faults(step, extent)
    if row.part == "fault" and row.over in RETRIED and view.retry:
        blocks.append(labelled("", Span(view.retry, "dim")))
    if step.handoff is not None:
        by = "the model" if step.handoff.by == "model" else one_line(step.handoff.by)
        blocks.append(labelled("↑ hand-off", Span(f"by {by}: {extent.text(step.handoff.reason)}"), role="warn"))
    if found is None:
        for one in step.decisions:
            if one not in loud:
                blocks += decision(view, one, extent)
    if step.reasoning.strip():
        blocks.append(labelled("reasoning", Span(extent.text(step.reasoning), "think")))
    return [*blocks, *_took(step)]


def _end(view: View, row: Row, extent: Excerpt) -> list[Block]:
    if row.end is None:
        return []
    spans = [Span(extent.text(end_text(row.end)), "bad")]
    if view.retry and row.end.reason in RETRIED:
        spans.append(Span(f" · {view.retry}", "dim"))
    return [labelled("■ ended", *spans)]


def _took(step: Step) -> list[Block]:
    """Show the time and the tokens of the answer that the step belongs to."""
    one = step.answer or step.partial
    if one is None or one.usage is None:
        return []
    used = one.usage
    parts = [seconds_text(used.seconds)] if used.seconds else []
    if used.tokens:
        cached = f" ({used.cache_read:,} from the cache)" if used.cache_read else ""
        parts.append(f"{used.tokens - used.tokens_out:,} tokens in{cached}, {used.tokens_out:,} out")
    if used.cost is not None:
        parts.append(f"${used.cost:.4f}")
    calls = len(step.answer.calls) if step.answer is not None else 0
    shared = f"  for the answer with its {calls} calls" if calls > 1 else ""
    return [labelled("took", Span(" · ".join(parts)), Span(shared, "dim"))] if parts else []


def _annotation(one: Annotation, extent: Excerpt) -> list[Block]:
    head = f"{one.cause} · {one.severity} · {one.kind.replace('_', ' ')}"
    text = Span(f"  {extent.text(one.note)}")
    blocks: list[Block] = [labelled("⚑ cause", Span(head, "annotation"), text, role="annotation")]
    if one.expected:
        blocks.append(labelled("  expected", Span(extent.text(one.expected)), role="annotation"))
    return blocks


def _faults(step: Step, extent: Excerpt) -> list[Block]:
    blocks: list[Block] = []
    for fault in step.faults:
        spans = (Span(f"{fault_text(fault)}: "), Span(extent.text(fault.message), "bad"))
        blocks.append(labelled("⚠ fault", *spans, role="bad", source=fault.where))
        frames = fault.traceback[: extent.frames]
        blocks += [labelled("", Span(one_line(frame, 300), "dim")) for frame in frames]
    return blocks


def action(step: Step, extent: Excerpt, over: str = "") -> list[Block]:
    """Show the message, the call with its result, or the reply. `over`: the reason its turn ended."""
    if step.message is not None:
        return [labelled("customer", Span(extent.text(step.message.text), "user")), *_reply(step, extent)]
    if step.call is not None:
        return [*_call(step, extent), *_result(step, extent, over), *_reply(step, extent)]
    if step.partial is not None:
        said = Span(extent.text(step.partial.text) or "nothing but thinking", "dim")
        return [labelled("✗ interrupted", Span("the answer had come to: ", "bad"), said)]
    draft = step.answer.text if step.answer else ""
    blocks: list[Block] = []
    if step.incomplete:
        blocks.append(labelled("⚠", Span(f"{step.incomplete} ({one_line(step.answer.stop, 60)})", "bad")))  # type: ignore[union-attr]
    if draft and (step.reply is None or str(step.reply.text) != draft):
        blocks.append(labelled("draft", Span(extent.text(draft), "dim")))
    return [*blocks, *_reply(step, extent)]


def _reply(step: Step, extent: Excerpt) -> list[Block]:
    return [labelled("reply", Span(extent.text(step.reply.text), "agent"))] if step.reply is not None else []


def _call(step: Step, extent: Excerpt) -> list[Block]:
    if step.call is None:
        return []
    call = Span(one_line(step.call.tool), "tool"), Span(f"({extent.value(step.call.shown_args)})")
    blocks: list[Block] = [labelled("call", *call)]
    if step.call.error:
        blocks.append(labelled("", Span(extent.text(step.call.error), "bad")))
    for exchange in step.exchanges:
        blocks += _exchange(exchange, extent)
    return blocks


def _exchange(exchange: HttpExchange, extent: Excerpt) -> list[Block]:
    """Show a request of the tool and its response."""
    good = 200 <= exchange.status < 400
    sign, role = ("→", "accent") if good else ("✗", "bad")
    request = Span(one_line(f"{exchange.method} {exchange.url}"))
    blocks: list[Block] = [labelled("http", request, Span(f"  {sign} {exchange.status or 'no answer'}", role))]
    if exchange.request_body is not None:
        blocks += value_block("request", exchange.request_body, extent)
    if exchange.response_body is not None:
        blocks += value_block("response", exchange.response_body, extent)
    return blocks


def _result(step: Step, extent: Excerpt, over: str) -> list[Block]:
    result = step.result
    if result is None:
        return [labelled("result", _no_result(step, over))]
    blocks: list[Block] = []
    if result.outcome != "ok":
        words = step.incomplete if result.outcome == "rejected" and step.incomplete else OUTCOMES[result.outcome]
        why = "" if words == step.incomplete else refusal(step) if result.outcome != "fault" else result.value
        blocks.append(labelled("result", Span(f"✗ {words}  ", "bad"), Span(extent.text(why))))
    else:
        if step.result_effect in ("blocked", "escalated"):
            blocks.append(labelled("result", Span("✗ withheld: the model did not get this result", "bad")))
        rewritten = step.rewritten_value("after_tool") is not None
        blocks += value_block("read as" if rewritten else "result", step.result_read, extent)
        if result.changed:
            count = len(result.changed)
            text = f"changed {count} value{'s' if count != 1 else ''}: see the tab world"
            blocks.append(labelled("✎", Span(text, "accent")))
    if result.output:
        blocks.append(labelled("printed", Span(extent.text(result.output), "dim")))
    if step.entered is not None:
        blocks.append(labelled("entered", Span(one_line(step.entered.journey), "accent")))
    return blocks


def _no_result(step: Step, over: str) -> Span:
    if unfinished(step) and over in CUT_OFF:
        return Span(f"✗ stopped before it returned: {ENDS[over]}", "bad")
    return Span("none: it was not run" if over else "none yet", "dim")


def summary(step: Step) -> str:
    """Return a step as one text for the clipboard."""
    if step.call is not None:
        result = f" -> {value(step.result_read)}" if step.result else ""
        return f"{one_line(step.call.tool)}({value(step.call.shown_args)}){result}"
    reply = step.reply.text if step.reply else step.answer.text if step.answer else ""
    return clean(step.message.text if step.message else reply)
