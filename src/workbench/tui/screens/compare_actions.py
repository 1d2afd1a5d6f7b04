"""From Develop and Review to Compare: the base, and what the conversation on view is compared with."""

from __future__ import annotations

from ...trace.events import UserMessage
from ...trace.step_id import StepId
from ...trace.trace import Trace
from ...workspace.comparison import Side, ensure_comparable
from ..view.compare import called
from .conversation_actions import ConversationActions


class CompareActions(ConversationActions):
    """`w` takes a base, `d` compares with it; without a base, with today's code."""

    @property
    def side(self) -> Side | None:
        """The conversation on view, as one side of a comparison."""
        s = self.session
        if s is None:
            return None
        said = next((str(event.text) for event in s.trace if isinstance(event, UserMessage)), "")
        without = tuple(str(off) for off in s.disabled_ever)
        return Side(s.id, "this one", called(s.id, said), s.setup, s.trace, disabled=without)

    @property
    def base_title(self) -> str:
        base = self.bench_app.base
        return base.title if base is not None else ""

    def why_not(self, id: str) -> str:
        s = self.session
        if id in ("base", "compare") and (s is None or not len(s.trace)):
            return "there is nothing to compare yet: no conversation is open, or nothing was said in it"
        if id == "compare" and s is not None and s.busy:
            return "the agent is still answering: wait, or interrupt it with esc"
        return super().why_not(id)

    def do_base(self) -> None:
        side, base = self.side, self.bench_app.base
        if side is None:
            return
        again = base is not None and base.id == side.id
        self.bench_app.base = None if again else side._replace(name="the base")
        self.tell_status()
        if again:
            self.notify_user("the base is taken back")
        else:
            self.notify_user(
                f"base: {side.title} · go to another conversation, d compares; w takes it back", "good"
            )

    def show_place(self, step_id: StepId) -> None:
        """Put the cursor on a move, as when one comes back from Compare."""
        self.steps.go_to(step_id)
        self.steps.focus()

    async def do_compare(self) -> None:
        side, base = self.side, self.bench_app.base
        if side is None:
            return
        if base is not None and base.id != side.id:
            ensure_comparable(base, side)
            self.bench_app.compare(base, side)
        else:
            await self._with_today(side)

    async def _with_today(self, side: Side) -> None:
        """Run it again on the code that serves now, and compare."""
        s = self.session
        assert s is not None
        self.notify_user("running it again on today's code …")
        ran, _ = await s.reruns.rerun_events(side.setup, list(side.trace.events), s.disabled)
        off = tuple(str(part) for part in s.disabled)
        now = Side(f"{side.id} now", "today's code", "run again, the model's answers held fixed", side.setup,
                   Trace(ran.events, ran.blobs), True, off)  # fmt: skip
        if self.session is s and self.is_current:
            self.bench_app.compare(side._replace(name="the record"), now)
