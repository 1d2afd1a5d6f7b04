"""The open conversations: switch to one, name, close or delete it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ...errors import WorkbenchError
from ...workspace.open_conversations import OpenConversations, as_tree
from ...workspace.session import Session
from ..actions import key
from ..view.conversations import conversation_line, origin_text
from ..view.text import Line
from ..widgets.list import ListPane
from .form import Form
from .name import NameDialog


class OpenList(ListPane):
    """Lists the open conversations, each fork below its parent."""

    def __init__(self, conversations: OpenConversations, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.conversations = conversations
        self.rows = as_tree(conversations.open)

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def chosen(self) -> Session:
        return self.rows[min(self.cursor, len(self.rows) - 1)][0]

    def line(self, index: int, width: int) -> Line:
        session, depth = self.rows[index]
        return conversation_line(session, depth, session is self.conversations.session, width)

    def read(self) -> None:
        """Read the conversations again; the cursor stays on its one."""
        before = self.chosen
        self.rows = as_tree(self.conversations.open)
        sessions = [session for session, _ in self.rows]
        at = sessions.index(before) if before in sessions else min(self.cursor, len(sessions) - 1)
        self.redraw()
        self.move(at, by_user=False)


class ConversationsDialog(Form[Session]):
    """Returns the conversation to switch to, or None."""

    TITLE_TEXT = "Open conversations"
    KEYS = "enter switch · n name · x close · D delete · u undo · esc cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "close", "close", show=False),
        Binding("D,delete", "delete", "delete", show=False),
        Binding("n,E", "name", "name", show=False),
        Binding("u", "undo", "undo", show=False),
        Binding("U", "redo", "redo", show=False),
        Binding("b", "leave", "leave", show=False),
    ]

    def __init__(self, conversations: OpenConversations) -> None:
        super().__init__()
        self.conversations = conversations
        self.current = conversations.session

    def fields(self) -> ComposeResult:
        yield OpenList(self.conversations, id="conversations")
        yield Static(
            "They run independently: one may answer while you are in another. Closed and past conversations "
            "are in Review; deleted ones are gone.",
            classes="hint", markup=False,
        )  # fmt: skip

    def on_mount(self) -> None:
        self.list = self.query_one(OpenList)
        self._fit()
        sessions = [session for session, _ in self.list.rows]
        self.list.move(sessions.index(self.conversations.session), by_user=False)
        self.list.focus()
        self.set_interval(0.5, self.list.redraw)
        self._describe()

    def _fit(self) -> None:
        self.list.styles.height = min(self.list.count, max(self.app.size.height - 10, 3))
        self.list.redraw()

    @on(ListPane.Moved)
    def _moved(self, event: ListPane.Moved) -> None:
        if event.by_user:
            self._describe()

    def _describe(self) -> None:
        """Show the selected conversation in full: its line may be cut."""
        chosen = self.list.chosen
        self.notify_user(origin_text(chosen, self.conversations.find(chosen.origin.parent)))

    def _change(self, change: Callable[[], str]) -> None:
        """Change the open conversations, and show the list and the result."""
        try:
            result = change()
        except WorkbenchError as error:
            self.show_error(error)
            return
        self.list.read()
        self._fit()
        self.notify_user(result)

    def action_close(self) -> None:
        chosen = self.list.chosen

        def close() -> str:
            self.conversations.close(chosen)
            return "closed; it is in Review · u opens it again" if len(chosen.trace) else "closed; it was empty"

        self._unless_busy(chosen, close)

    def action_delete(self) -> None:
        chosen = self.list.chosen

        def delete() -> str:
            self.conversations.delete(chosen)
            return "deleted · u restores it, until you quit"

        self._unless_busy(chosen, delete)

    def _unless_busy(self, chosen: Session, change: Callable[[], str]) -> None:
        if chosen.busy:
            self.notify_user("the agent is still answering: interrupt it first", bad=True)
        else:
            self._change(change)

    def action_name(self) -> None:
        chosen = self.list.chosen

        def named(name: str | None) -> None:
            if name is not None:
                self._change(lambda: rename(self.conversations, chosen, name))

        self.app.push_screen(NameDialog(chosen), named)

    def action_undo(self) -> None:
        self._change(lambda: f"undone: {self.conversations.history.undo()}")

    def action_redo(self) -> None:
        self._change(lambda: f"redone: {self.conversations.history.redo()}")

    @on(ListPane.Opened)
    def done(self) -> None:
        self.dismiss(self.list.chosen)

    def action_next(self) -> None:
        self.done()

    def action_leave(self) -> None:
        # the current one may have been closed
        self.dismiss(self.conversations.session if self.conversations.session is not self.current else None)


def rename(conversations: OpenConversations, session: Session, name: str) -> str:
    """Name a conversation, and return what to tell the user. Raises UsageError if it cannot be stored."""
    if name == session.name:
        return "the name is unchanged"
    conversations.rename(session, name)
    what = f"named “{name}”" if name else "the name is removed"
    return f"{what} · {key('undo')} undoes it"
