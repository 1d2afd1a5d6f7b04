"""The tabs of the detail as plain text, nothing cut: for the pager."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from ...trace.blobs import exhibit_text
from ...trace.events import Change, Result
from ...trace.state import State
from .rows import Row
from .step_lines import ENDS, OUTCOMES, VERDICTS
from .text import clean, data
from .view import View

WHOLE = 10**9  # characters


def whole(tab: str, view: View, row: Row) -> str:
    """All of one tab, without escape sequences."""
    parts = [part for part in TABS[tab](view, row) if part]
    return clean("\n\n".join(parts), WHOLE) + "\n"


def _titled(title: str, text: Any) -> str:
    return f"== {title}\n{text if isinstance(text, str) else data(text)}"


def step(view: View, row: Row) -> Iterator[str]:
    move = row.move
    yield f"step {row.place}"
    if row.end is not None:
        yield f"the turn ended: {ENDS[row.end.reason]} {row.end.detail}"
    if move is None:
        return
    mark = view.marks.get(str(move.place))
    if mark is not None:
        yield _titled(f"mark: {mark.severity}, fault of the {mark.fault}", f"{mark.note}\n{mark.should}".strip())
    found = view.difference(move.place)
    if found is not None:
        yield _titled("differs", f"{found.why}\nrecorded: {found.recorded}\nnow: {found.now}")
    if move.message is not None:
        yield _titled("customer", str(move.message.text))
    if move.reasoning.strip():
        yield _titled("thought", move.reasoning)
    if move.call is not None:
        yield _titled(f"call {move.call.tool}", move.call.args)
        if move.args != move.call.args:
            yield _titled("ran as", move.args)
    if move.result is not None:
        yield _titled(f"result: {OUTCOMES.get(move.result.outcome, 'ok')}", move.result.value)
        yield _titled("printed", move.result.printed) if move.result.printed else ""
    after = move.rewritten("after")
    yield _titled("seen as", after) if after is not None else ""
    draft = move.answer.text if move.answer is not None and move.call is None else ""
    if draft and (move.reply is None or str(move.reply.text) != draft):
        yield _titled("draft", draft)
    if move.reply is not None:
        yield _titled("reply", str(move.reply.text))
    for fault in move.faults:
        yield _titled(f"{fault.origin} {fault.name} broke", "\n".join([fault.message, fault.where, *fault.trace]))
    if move.handoff is not None:
        yield _titled(f"to a person, by {move.handoff.by}", move.handoff.reason)
    for decision in move.decisions:
        card = view.card(decision.version)
        said = [
            decision.reason,
            *(f"{name}: {card[name]}" for name in ("rule", "why", "source") if card.get(name)),
        ]
        said += [f"saw {key}: {data(value)}" for key, value in decision.evidence.items()]
        said += [f"now: {data(decision.to)}"] if decision.verdict == "rewrite" else []
        yield _titled(f"{VERDICTS[decision.verdict]} by {decision.policy}", "\n".join(filter(None, said)))


def prompt(view: View, row: Row) -> Iterator[str]:
    now = view.trace.prompt_at(row.place)
    if now is None:
        yield "The model was not asked here: nothing was sent to it."
        return
    yield f"model {now.model} {data(now.params) if now.params else ''}"
    for key in now.spans:
        card = view.trace.exhibits.get(key)
        if isinstance(card, dict):
            yield _titled(f"{card.get('title', '')}  {card.get('source', '')}", exhibit_text(card))
    state = State(view.setup)
    try:
        for one in view.trace:
            if (one.turn, one.answer) >= (row.place.turn, max(row.place.answer, 1)):
                break
            state.apply(one)
    except (KeyError, IndexError, ValueError):  # an imported record may be incomplete
        return
    yield _titled(f"messages ({len(state.messages)})", list(state.messages))


def options(view: View, row: Row) -> Iterator[str]:
    now = view.trace.prompt_at(row.place)
    if now is None:
        yield "The model was not asked here."
        return
    yield f"journeys: {', '.join(now.journeys) or 'none'}"
    yield f"policies: {', '.join(now.policies) or 'none'}"
    for hidden in now.hidden:
        yield f"hidden: {hidden.kind} {hidden.name}, not offered: {hidden.condition}  {hidden.source}"
    for key in now.tools:
        yield _titled("tool", view.trace.exhibits.get(key, key))


def world(view: View, row: Row) -> Iterator[str]:
    results = [one for one in view.trace if isinstance(one, Result) and one.changed]
    yield from _changed("this move", (one for one in results if one.place == row.place))
    yield from _changed("before it", (one for one in results if one.place < row.place))


def _changed(title: str, results: Iterable[Result]) -> Iterator[str]:
    texts = [f"{one.place} {one.tool}\n" + "\n".join(map(_change, one.changed)) for one in results]
    yield _titled(title, "\n\n".join(texts) or "nothing changed")


def _change(change: Change) -> str:
    before = "(was not there)" if change.before is msgspec.UNSET else data(change.before)
    after = "(is gone)" if change.after is msgspec.UNSET else data(change.after)
    return f"{'.'.join(map(str, change.path))}: {before} -> {after}"


def raw(view: View, row: Row) -> Iterator[str]:
    answer = row.move.answer if row.move else None
    yield data(msgspec.to_builtins(answer)) if answer is not None else "No answer of a model belongs to this."


TABS: dict[str, Callable[[View, Row], Iterator[str]]] = {
    "step": step, "prompt": prompt, "options": options, "world": world, "raw": raw,
}  # fmt: skip
