"""Annotations and saved transcripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...workspace.history import History, redo_latest, undo_latest
from ..actions import key
from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen


class AnnotateGroup(ActionGroup):
    """Annotates the step of the cursor, saves the conversation as a transcript, and undoes what was done."""

    screen: ConversationScreen

    def do_annotate(self) -> None:
        from ..dialogs.annotate import AnnotateDialog

        session, step_id = self.screen.session, self.screen.step_id
        step = session.step_at(step_id) if session is not None and step_id is not None else None
        if session is None or step is None:
            return

        def done(annotation: Any) -> None:
            if annotation is not None:
                saves, undoes = key("save"), key("undo")
                self.screen.notify_user(
                    f"annotated · {saves} saves the conversation with it · {undoes} undoes it", "good"
                )

        self.screen.open_form(AnnotateDialog(step, session, f"annotation {session.id} {step_id}"), done)

    def do_remove_annotation(self) -> None:
        assert self.screen.session is not None
        self.screen.session.remove_annotation(str(self.screen.step_id))
        self.screen.notify_user(f"annotation removed · {key('undo')} restores it")

    def histories(self) -> list[History]:
        """Return the histories in which this screen undoes the latest change."""
        assert self.screen.session is not None
        return [self.screen.session.history, self.app.conversations.history]

    def do_undo(self) -> Any:
        self._changed(f"undone: {undo_latest(self.histories())} · {key('redo')} redoes it")

    def do_redo(self) -> Any:
        self._changed(f"redone: {redo_latest(self.histories())} · {key('undo')} undoes it")

    def _changed(self, message: str) -> None:
        """Show the live conversation, which may be another one now, and what was done."""
        if self.screen.session is not self.app.session:
            self.app.navigation.show_live()
        self.screen.notify_user(message, "good")

    def do_save(self) -> Any:
        from ..dialogs.save import SaveScreen

        assert self.screen.session is not None
        self.app.push_screen(SaveScreen(self.screen.session, self.screen.step_id))

    def why_not(self, id: str) -> str:
        session = self.screen.session
        if id == "save" and self.app.session.busy:
            live = session is self.app.session
            return still_answering() if live else "the agent is still answering in Develop: wait for it"
        if session is None:
            return "no conversation is open"
        if id in ("undo", "redo"):
            return nothing_to(id, self.histories())
        if id in ("annotate", "remove_annotation") and self.screen.step_id is None:
            return "select a step first"
        if id == "remove_annotation" and str(self.screen.step_id) not in session.annotations:
            return "this step has no annotation"
        if id == "save" and (refused := session.saving.refusal()):
            return f"{refused.message}; {refused.hint}" if refused.hint else refused.message
        return ""


def nothing_to(id: str, histories: list[History]) -> str:
    """Explain that there is nothing to undo, or to redo; "" if there is something."""
    return "" if any(h.done if id == "undo" else h.undone for h in histories) else f"nothing to {id}"
