"""Rerun from a step: today's code on the recording, or new answers of the model, several times."""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static
from textual.worker import Worker

from ...errors import WorkbenchError
from ...trace.step_id import StepId
from ...workspace.outcomes import OutcomeGroup, group_outcomes, usage_since
from ...workspace.ports import NullStore
from ...workspace.session import Session
from ..view.text import Line, Span, clean, fit, one_line
from ..widgets.choice import Choice
from ..widgets.list import ListPane
from .form import Form, FormLine

MOST = 50  # runs at once: each calls the model, which costs money
RECORDING, MODEL = "the recording", "the model"


class Outcomes(ListPane):
    """Lists the outcomes of the runs, the most frequent first."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.found: list[OutcomeGroup] = []
        self.total = 0

    @property
    def count(self) -> int:
        return len(self.found)

    def line(self, index: int, width: int) -> Line:
        found = self.found[index]
        often = f"{len(found.runs)} of {self.total}"
        return fit([Span(f"{often:>8}  ", "head"), Span(one_line(" · ".join(found.actions), 400))], width)


class RerunDialog(Form[Session | str]):
    """Returns the run to continue with, RECORDING to rerun the recording on today's code, or None."""

    TITLE_TEXT = "Rerun from here"
    KEYS = "enter next / run · ctrl+s run · esc cancel"

    def __init__(self, session: Session, step_id: StepId) -> None:
        super().__init__()
        self.session = session
        self.step_id = StepId(step_id.turn, step_id.answer)
        self.runs: list[Session] = []
        self.failed: list[str] = []
        self.asked = 0
        self.began = 0.0
        self.work: Worker[None] | None = None

    def fields(self) -> ComposeResult:
        first = RECORDING if self.session.model == "rehearsal" else MODEL
        yield self.field("answers", Choice([RECORDING, MODEL], first, id="ask"))
        yield Static("", id="hint", classes="hint", markup=False)
        times = FormLine(id="times")
        times.text = "1" if self.session.model == "rehearsal" else "5"
        yield self.field("times", times)
        yield Outcomes(id="outcomes")

    def on_mount(self) -> None:
        self.list = self.query_one(Outcomes)
        self.list.display = False
        self._explain()
        self.query_one("#ask").focus()
        self.set_interval(0.5, self._progress)

    @on(Choice.Changed, "#ask")
    def _explain(self) -> None:
        asks_model = self.query_one("#ask", Choice).value == MODEL
        self.field_of("times").display = asks_model
        model = clean(self.session.model, 60)
        hint = (
            f"calls {model} again from {self.step_id} on; earlier steps stay fixed, tools run in the sandbox"
            if self.session.model != "rehearsal"
            else "the rehearsal is scripted, so every run is identical; use a live model to measure variation"
        )
        recorded = "today's code on the recorded answers and results; the model is not called"
        self.query_one("#hint", Static).update(hint if asks_model else recorded)

    @property
    def _times(self) -> str:
        return self.query_one("#times", FormLine).text.strip()

    def problems(self) -> dict[str, str]:
        if self.query_one("#ask", Choice).value == RECORDING:
            return {}
        valid = self._times.isdecimal() and 1 <= int(self._times) <= MOST
        return {} if valid else {"times": f"must be a whole number from 1 to {MOST}"}

    def done(self) -> None:
        if self.work is not None:
            self._choose()
            return
        if self.query_one("#ask", Choice).value == RECORDING:
            self.dismiss(RECORDING)
            return
        self.asked, self.began = int(self._times), time.monotonic()
        for id in ("ask", "times"):
            self.field_of(id).display = False
        self.set_focus(None)
        self.work = self.run_worker(self._run())
        self._progress()

    async def _run(self) -> None:
        while len(self.runs) + len(self.failed) < self.asked:
            try:
                run = self.session.fork_mid_turn(self.step_id)
                run.store, run.listeners = NullStore(), []
                await run.turn.resume()
            except WorkbenchError as error:
                self.failed.append(error.message)
                break  # the next run would fail too
            self.runs.append(run)
            self._show()
        self._progress()

    def _show(self) -> None:
        self.list.found = group_outcomes([run.trace for run in self.runs], self.step_id)
        self.list.total = len(self.runs)
        self.list.display = True
        self.list.styles.height = min(len(self.list.found), 10)
        self.list.redraw()
        if self.focused is None:
            self.list.focus()

    @property
    def running(self) -> bool:
        return self.work is not None and self.work.is_running

    def _progress(self) -> None:
        if self.work is None:
            return
        keys = "esc stops" if self.running else "↑ ↓ select · enter continues with that run · esc discards them"
        self.query_one("#form").border_subtitle = Content(keys)
        tokens, dollars = 0, None
        for run in self.runs:
            more, price = usage_since(run.trace, self.step_id)
            tokens += more
            dollars = (dollars or 0.0) + price if price is not None else dollars
        spent = (f" · {tokens:,} tok" if tokens else "") + (f" · ${dollars:.3f}" if dollars is not None else "")
        if self.running:
            seconds = time.monotonic() - self.began
            self.notify_user(f"run {len(self.runs) + 1} of {self.asked} · {seconds:.0f} s{spent} · esc stops")
        elif self.failed:
            self.notify_user(f"{len(self.runs)} of {self.asked} ran, then: {self.failed[0]}", bad=True)
        else:
            self.notify_user(
                f"{len(self.runs)} of {self.asked} ran{spent}. Nothing is stored yet: the run you continue with "
                "becomes a new conversation."
            )

    def _choose(self) -> None:
        if self.list.found:
            self.dismiss(self.runs[self.list.found[self.list.cursor].runs[0]])

    @on(ListPane.Opened, "#outcomes")
    def _opened(self) -> None:
        self._choose()

    def action_leave(self) -> None:
        if self.running:
            assert self.work is not None
            self.work.cancel()
            self.asked = len(self.runs)
            self.call_after_refresh(self._progress)
        else:
            super().action_leave()
