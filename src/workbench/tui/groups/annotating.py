"""Annotations and saved transcripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..actions import key
from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen


class AnnotateGroup(ActionGroup):
    """Annotates the step of the cursor, saves the conversation as a transcript, and undoes both."""

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

    def do_undo(self) -> Any:
        assert self.screen.session is not None
        self.screen.notify_user(f"undone: {self.screen.session.undo()}", "good")

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
        if id in ("annotate", "remove_annotation") and self.screen.step_id is None:
            return "select a step first"
        if id == "remove_annotation" and str(self.screen.step_id) not in session.annotations:
            return "this step has no annotation"
        if id == "save" and not len(session.trace):
            return "there is no conversation to save yet"
        return ""
