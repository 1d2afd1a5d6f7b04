"""The tabs of the detail as plain text, nothing cut: for the pager."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from ...trace.blobs import blob_text
from ...trace.events import ToolResult, WorldChange
from ...trace.state import ConversationState
from .rows import Row
from .step_lines import ENDS, OUTCOMES, VERDICTS
from .text import clean, data
from .view import View

WHOLE = 10**9  # characters


def full_text(tab: str, view: View, row: Row) -> str:
    """All of one tab, without escape sequences."""
    parts = [part for part in TABS[tab](view, row) if part]
    return clean("\n\n".join(parts), WHOLE) + "\n"


def _titled(title: str, text: Any) -> str:
    return f"== {title}\n{text if isinstance(text, str) else data(text)}"


def step(view: View, row: Row) -> Iterator[str]:
    step = row.step
    yield f"step {row.step_id}"
    if row.end is not None:
        yield f"the turn ended: {ENDS[row.end.reason]} {row.end.detail}"
    if step is None:
        return
    annotation = view.annotations.get(str(step.step_id))
    if annotation is not None:
        yield _titled(
            f"mark: {annotation.severity}, fault of the {annotation.fault}",
            f"{annotation.note}\n{annotation.expected}".strip(),
        )
    found = view.difference(step.step_id)
    if found is not None:
        yield _titled("differs", f"{found.why}\nrecorded: {found.recorded}\nnow: {found.now}")
    if step.message is not None:
        yield _titled("customer", str(step.message.text))
    if step.reasoning.strip():
        yield _titled("thought", step.reasoning)
    if step.call is not None:
        yield _titled(f"call {step.call.tool}", step.call.args)
        if step.args != step.call.args:
            yield _titled("ran as", step.args)
    if step.result is not None:
        yield _titled(f"result: {OUTCOMES.get(step.result.outcome, 'ok')}", step.result.value)
        yield _titled("printed", step.result.output) if step.result.output else ""
    after = step.rewritten_value("after_tool")
    yield _titled("seen as", after) if after is not None else ""
    draft = step.answer.text if step.answer is not None and step.call is None else ""
    if draft and (step.reply is None or str(step.reply.text) != draft):
        yield _titled("draft", draft)
    if step.reply is not None:
        yield _titled("reply", str(step.reply.text))
    for fault in step.faults:
        yield _titled(
            f"{fault.origin} {fault.name} broke", "\n".join([fault.message, fault.where, *fault.traceback])
        )
    if step.handoff is not None:
        yield _titled(f"to a person, by {step.handoff.by}", step.handoff.reason)
    for decision in step.decisions:
        card = view.card(decision.version)
        said = [
            decision.reason,
            *(f"{name}: {card[name]}" for name in ("rule", "why", "source") if card.get(name)),
        ]
        said += [f"saw {key}: {data(value)}" for key, value in decision.evidence.items()]
        said += [f"now: {data(decision.replacement)}"] if decision.effect == "rewrite" else []
        yield _titled(f"{VERDICTS[decision.effect]} by {decision.policy}", "\n".join(filter(None, said)))


def prompt(view: View, row: Row) -> Iterator[str]:
    now = view.trace.prompt_at(row.step_id)
    if now is None:
        yield "The model was not asked here: nothing was sent to it."
        return
    yield f"model {now.model} {data(now.params) if now.params else ''}"
    for key in now.sections:
        card = view.trace.blobs.get(key)
        if isinstance(card, dict):
            yield _titled(f"{card.get('title', '')}  {card.get('source', '')}", blob_text(card))
    state = ConversationState(view.setup)
    try:
        for one in view.trace:
            if (one.turn, one.answer) >= (row.step_id.turn, max(row.step_id.answer, 1)):
                break
            state.apply(one)
    except (KeyError, IndexError, ValueError):  # an imported record may be incomplete
        return
    yield _titled(f"messages ({len(state.messages)})", list(state.messages))


def options(view: View, row: Row) -> Iterator[str]:
    now = view.trace.prompt_at(row.step_id)
    if now is None:
        yield "The model was not asked here."
        return
    yield f"journeys: {', '.join(now.journeys) or 'none'}"
    yield f"policies: {', '.join(now.policies) or 'none'}"
    for hidden in now.hidden:
        yield f"hidden: {hidden.kind} {hidden.name}, not offered: {hidden.condition}  {hidden.source}"
    for key in now.tools:
        yield _titled("tool", view.trace.blobs.get(key, key))


def world(view: View, row: Row) -> Iterator[str]:
    results = [one for one in view.trace if isinstance(one, ToolResult) and one.changed]
    yield from _changed("this step", (one for one in results if one.step_id == row.step_id))
    yield from _changed("before it", (one for one in results if one.step_id < row.step_id))


def _changed(title: str, results: Iterable[ToolResult]) -> Iterator[str]:
    texts = [f"{one.step_id} {one.tool}\n" + "\n".join(map(_change, one.changed)) for one in results]
    yield _titled(title, "\n\n".join(texts) or "nothing changed")


def _change(change: WorldChange) -> str:
    before = "(was not there)" if change.before is msgspec.UNSET else data(change.before)
    after = "(is gone)" if change.after is msgspec.UNSET else data(change.after)
    return f"{'.'.join(map(str, change.path))}: {before} -> {after}"


def raw(view: View, row: Row) -> Iterator[str]:
    answer = row.step.answer if row.step else None
    yield data(msgspec.to_builtins(answer)) if answer is not None else "No answer of a model belongs to this."


TABS: dict[str, Callable[[View, Row], Iterator[str]]] = {
    "step": step, "prompt": prompt, "options": options, "world": world, "raw": raw,
}  # fmt: skip
