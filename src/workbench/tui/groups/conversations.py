"""Fork, begin and switch conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...trace.setup import Setup
from ...trace.step_id import StepId
from ...workspace.session import Session
from ..actions import key
from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..dialogs.model import ModelChoice
    from ..screens.develop import Develop


class BeginGroup(ActionGroup):
    """Begins conversations: a fork, a new one, another setup; chooses the model."""

    screen: Develop

    def do_fork(self) -> None:
        screen, session, row = self.screen, self.screen.session, self.screen.steps.row
        if session is None or row is None:
            return
        turn = StepId(row.step_id.turn)
        asked = session.step_at(turn)
        kept = screen.kept_text("the original")
        fork = session.fork(upto=turn)
        if len(fork.trace):
            fork.log.begin()  # so that it can be restored
        self.app.navigation.switch(fork)
        if asked is not None and asked.message is not None:
            screen.entry.put(str(asked.message.text))
        screen.messaging.do_type()
        screen.notify_user(f"forked before turn {turn.turn}: edit the message and send it; {kept}", "good")

    def do_new(self) -> None:
        screen, session = self.screen, self.screen.session
        assert session is not None
        kept = screen.kept_text("the previous one")
        self.app.navigation.switch(session.fork(events=[]))
        screen.messaging.do_type()
        screen.notify_user(f"new conversation; {kept}", "good" if kept.endswith("kept") else "bad")

    def do_setup(self) -> None:
        from ..dialogs.setup import SetupScreen

        screen, session = self.screen, self.screen.session
        if session is None or session.agent_info is None:
            return

        def chosen(setup: Setup | None) -> None:
            if setup is not None:
                self._start(session, setup)

        begun = bool(len(session.trace))
        screen.open_form(SetupScreen(session.agent_info, session.setup, begun, f"setup {session.id}"), chosen)

    def do_model(self) -> None:
        from ..dialogs.model import ModelDialog

        session = self.app.session
        self.screen.open_form(ModelDialog(session, self.app.models), self._choose)

    def _choose(self, choice: ModelChoice | None) -> None:
        """Continue the conversation with a model, or begin one with another agent."""
        app, session = self.app, self.app.session
        if choice is None:
            return
        with_params = f"{choice.model} ({choice.params})" if str(choice.params) else choice.model
        if choice.agent != session.agent:
            service = app.conversations.code_service(choice.agent, choice.model, choice.params)
            app.navigation.switch(Session(service, session.store))
            self.screen.notify_user(f"new conversation with {choice.agent} on {with_params}", "good")
        elif (choice.model, choice.params) == (session.model, session.code_service.params):
            self.screen.notify_user("the model is unchanged")
        else:
            app.conversations.choose_model(session, choice.model, choice.params)
            app.navigation.show_live()
            self.screen.notify_user(f"{with_params} answers from the next message on", "good")

    def _start(self, session: Session, setup: Setup) -> None:
        """Start from a setup: in the session if it is empty, else in a new conversation."""
        if setup.agent != session.agent:
            self.app.navigation.open_agent(setup.agent)
        else:
            target = session.fork(events=[]) if len(session.trace) else session
            target.set_setup(setup)
            if target is not session:
                self.app.navigation.switch(target)
        self.screen.messaging.do_type()

    def why_not(self, id: str) -> str:
        session = self.screen.session
        if id == "fork" and (self.screen.steps.row is None or session is None or not len(session.trace)):
            return "there is nothing to fork yet"
        if id in ("setup", "model") and session is not None and session.busy:
            return still_answering()
        if id == "setup" and (session is None or session.agent_info is None):
            return "the code is not loaded yet"
        return ""


class OpenGroup(ActionGroup):
    """Moves between the open conversations, names them, and restores those of the last session."""

    screen: Develop

    def do_conversations(self) -> None:
        from ..dialogs.conversations import ConversationsDialog

        def chosen(session: Session | None) -> None:
            if session is not None and session is not self.screen.session:
                self._switch(session)

        self.screen.open_form(ConversationsDialog(self.app.conversations), chosen)

    def do_name(self) -> None:
        from ..dialogs.conversations import rename
        from ..dialogs.name import NameDialog

        session = self.app.session

        def named(name: str | None) -> None:
            if name is not None:
                self.screen.notify_user(rename(self.app.conversations, session, name), "good")

        self.screen.open_form(NameDialog(session), named)

    def do_next_conversation(self) -> None:
        self._step(1)

    def do_previous_conversation(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        open = self.app.conversations.open
        if len(open) < 2:
            new, fork = key("new"), key("fork")
            self.screen.notify_user(
                f"this is the only open conversation · {new} begins another, {fork} forks this one"
            )
            return
        self._switch(open[(open.index(self.app.session) + by) % len(open)])

    def _switch(self, session: Session) -> None:
        """Show another conversation; the focus stays in the steps, so keys keep working."""
        self.app.navigation.switch(session)
        self.screen.steps.focus()

    def do_restore(self) -> None:
        self.app.navigation.restore()

    def why_not(self, id: str) -> str:
        if id == "restore" and self.app.conversations.previous is None:
            return "nothing to restore: no conversation was open in the last session"
        return ""
