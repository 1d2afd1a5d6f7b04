"""What can be done on Develop and on Review alike: a method for each action of the table."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.widget import Widget

from ...trace.events import TurnEnded
from ...workspace.session import SessionEvent
from ..actions import key
from ..view.detail import summary
from ..widgets.detail import DetailPane
from ..widgets.list import ListPane
from .search import SearchActions


class ConversationActions(SearchActions):
    """Moving in the steps, marks, transcripts, the editor."""

    panes = ("chat", "steps", "detail")

    def __init__(self) -> None:
        super().__init__()
        self._stopping = False

    def why_not(self, id: str) -> str:
        if self.session is None and id in ("mark", "save", "undo", "unmark", "copy"):
            return "no conversation is open"
        if id == "pager" and self.detail.row is None:
            return "choose a step first"
        if id in ("mark", "unmark") and self.place is None:
            return "choose a step first"
        if id == "unmark" and self.session is not None and str(self.place) not in self.session.annotations:
            return "there is no mark on this step"
        if id == "save" and self.session is not None and not len(self.session.trace):
            return "there is no conversation to save yet"
        return super().why_not(id)

    def _jump(self, what: str, forward: bool, none: str) -> None:
        if not self.steps.jump(what, forward):
            self.notify_user(none)

    def do_next_step(self) -> None:
        self._jump("step", True, "this is the last step")

    def do_last_step(self) -> None:
        self._jump("step", False, "this is the first step")

    def do_next_turn(self) -> None:
        self._jump("turn", True, "this is the last turn")

    def do_last_turn(self) -> None:
        self._jump("turn", False, "this is the first turn")

    def do_failure(self) -> None:
        if self.steps.jump("failed", True):
            return
        if self.steps.jump("failed", True, start=-1):
            self.notify_user("from the top again")
        else:
            self.notify_user("nothing was stopped and nothing broke in this conversation", "good")

    def focus_order(self) -> list[Widget]:
        return [self.chat, self.steps, self.detail]

    def do_pane_1(self) -> None:
        self.go_pane(self.chat)

    def do_pane_2(self) -> None:
        self.go_pane(self.steps)

    def do_pane_3(self) -> None:
        self.go_pane(self.detail)

    def do_next_tab(self) -> None:
        self.detail.turn_tab(1)

    def do_last_tab(self) -> None:
        self.detail.turn_tab(-1)

    def do_open(self) -> Any:
        if self.steps.row is not None:
            self.zoom("detail")
            self.detail.focus()

    def do_back(self) -> None:
        if self.foot.is_open:
            self.clear_search()
        elif self._zoomed:
            self.zoom("")
            self.steps.focus()
        elif self.session is not None and self.session.busy:
            self.stop()
        elif not self.clear_search() and self.focused is not self.steps:
            self.steps.focus()

    def stop(self) -> None:
        """Stop the turn in progress. That it has stopped is said when it has: a tool may block."""
        assert self.session is not None
        self._stopping = True
        self.session.turn.interrupt()
        self.notify_user("stopping …")
        self.tell_status()

    def on_session_event(self, changed: SessionEvent) -> None:
        super().on_session_event(changed)
        if self._stopping and self.session is not None and not self.session.busy:
            self._stopping = False
            last = self.session.trace[-1] if len(self.session.trace) else None
            ended = isinstance(last, TurnEnded) and last.reason in ("replied", "handed_off")
            self.notify_user("it had ended before it could be stopped" if ended else "interrupted")
            self.tell_status()

    def do_interrupt(self) -> None:
        text = self.get_selected_text()
        if text:
            self.bench_app.copy(text, self)
        elif self.session is not None and self.session.busy:
            self.stop()
        else:
            self.notify_user(f"nothing is running · {key('quit')} quits")

    def do_copy(self) -> None:
        row = self.steps.row
        if self.focused is self.detail and self.detail.row is not None:
            self.bench_app.copy(self._whole(), self)
        elif row is not None and row.step is not None:
            self.bench_app.copy(summary(row.step), self)
        else:
            self.notify_user("there is nothing to copy")

    def _whole(self) -> str:
        """All of the detail's tab, nothing cut."""
        from ..view.full_text import full_text

        view, row = self.detail.view, self.detail.row
        assert view is not None
        assert row is not None
        return full_text(self.detail.tab, view, row)

    def do_pager(self) -> None:
        self.bench_app.page(self._whole(), self)

    @on(DetailPane.Sought)
    async def _sought(self, event: DetailPane.Sought) -> None:
        await self.perform(lambda: self.bench_app.edit(event.source, self))

    def do_edit(self) -> None:
        self.bench_app.edit(self.source(), self)

    def source(self) -> str:
        """The source line that the row of the cursor comes from: its fault, its policy, its tool."""
        row = self.steps.row
        step = row.step if row else None
        view = self.view
        if row is None or step is None or view is None:
            return ""
        for fault in (*([row.fault] if row.fault else []), *step.faults):
            if fault.where:
                return fault.where
        loud = [d for d in step.decisions if d.effect != "allow"]
        for decision in ([row.decision] if row.decision else []) + loud:
            source = view.card(decision.version).get("source")
            if source:
                return str(source)
        return self._tool_source(step.call.tool if step.call else "")

    def _tool_source(self, tool: str) -> str:
        card = self.session.card if self.session else None
        if card is None:
            return ""
        found = next((t.source for t in card.tools if t.name == tool), "")
        return found or next((j.source for j in card.journeys), "")

    # marks and transcripts

    async def do_mark(self) -> None:
        from ..dialogs.annotate import AnnotateDialog

        session, step_id = self.session, self.place
        if session is None or step_id is None:
            return
        step = session.step_at(step_id)
        if step is not None:
            screen = AnnotateDialog(step, session, f"mark {session.id} {step_id}")

            def done(mark: Any) -> None:
                if mark is not None:
                    self.notify_user(
                        f"marked · {key('save')} saves the conversation with it · {key('undo')} undoes", "good"
                    )

            self.open_form(screen, done)

    def do_unmark(self) -> None:
        assert self.session is not None
        self.session.remove_annotation(str(self.place))
        self.notify_user(f"the mark is gone · {key('undo')} brings it back")

    def do_undo(self) -> Any:
        assert self.session is not None
        self.notify_user(f"undone: {self.session.undo()}", "good")

    def do_save(self) -> Any:
        from ..dialogs.save import SaveScreen

        assert self.session is not None
        self.app.push_screen(SaveScreen(self.session, self.place))

    @on(ListPane.Opened, "#steps")
    async def _opened(self) -> None:
        await self.perform(self.do_open)
