"""The answer in progress, as far as it was streamed."""

from __future__ import annotations

from ..runtime.protocol import DeltaStreamed
from ..trace.events import Answer, AnyEvent, Fault, PartialAnswer, TurnEnded, Usage
from ..trace.step_id import StepId


class AnswerInProgress:
    """Collects what the model says of an answer, until the answer is recorded.

    If the turn ends first, because it was interrupted, took too long or crashed, `take` returns
    what there is. `activity` is the policy that decides at the moment, or "".
    """

    def __init__(self, model: str = "") -> None:
        self.model = model
        self.activity = ""
        self._step_id = StepId(0)
        self._clear()

    def _clear(self) -> None:
        self._texts: dict[str, list[str]] = {"text": [], "thinking": []}
        self._usage: Usage | None = None

    def add(self, streamed: DeltaStreamed) -> None:
        """Add a delta; the first of another answer replaces what there is."""
        delta, step_id = streamed.delta, StepId(streamed.turn, streamed.answer)
        if delta.kind == "policy":
            self.activity = delta.text
            return
        if step_id != self._step_id or delta.kind == "restart":
            self._step_id = step_id
            self._clear()
        if delta.kind in self._texts:
            self._texts[delta.kind].append(delta.text)
        self._usage = delta.usage or self._usage

    def take(self, event: AnyEvent) -> PartialAnswer | None:
        """Return what to record before this event: the partial answer, if the turn ends without the whole one."""
        self.activity = ""
        stopped = isinstance(event, TurnEnded) or (
            isinstance(event, Fault) and event.origin in ("model", "worker")
        )
        if not (stopped or isinstance(event, Answer)):
            return None
        text, thinking = ("".join(parts) for parts in self._texts.values())
        (turn, answer, _), usage = self._step_id, self._usage
        self._clear()
        if not stopped or turn != event.turn or not (text.strip() or thinking.strip()):
            return None
        return PartialAnswer(turn=turn, answer=answer, text=text, thinking=thinking, model=self.model, usage=usage)
