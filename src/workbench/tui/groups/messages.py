"""Write to the agent."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from ...errors import WorkbenchError
from ...workspace.session import Session
from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..screens.develop import Develop


class MessageGroup(ActionGroup):
    """Sends messages, and keeps the unsent text of each conversation."""

    screen: Develop

    def __init__(self, screen: Develop) -> None:
        super().__init__(screen)
        self._unsent: dict[str, str] = {}  # text by conversation

    def do_type(self) -> None:
        if self.screen.zoomer.zoomed != "chat":
            self.screen.zoomer.zoom("")
        self.screen.entry.focus()

    def change_session(self, before: Session | None, session: Session) -> None:
        """Keep the unsent text with its conversation; that of an empty conversation moves along."""
        if before is None or before is session:
            return
        entry = self.screen.entry
        if len(before.trace):
            self._unsent[before.id], entry.text = entry.text, ""
        entry.text = self._unsent.pop(session.id, "") or entry.text

    def send(self, text: str) -> None:
        """Send a message, unless the agent is still answering."""
        screen, session = self.screen, self.screen.session
        if session is None:
            return
        if session.busy:
            screen.notify_user(still_answering(), "warn")
            return
        screen.notes.dismiss()
        screen.entry.sent(text)
        screen.run_in_background(partial(self._send, session, text), group="say")

    async def _send(self, session: Session, text: str) -> None:
        screen = self.screen
        screen.follow_end()
        while session.agent_info is None and session.code.state == "loading":
            screen.notify_user("the code is loading; the message is sent when it is ready")
            await asyncio.sleep(0.05)
        size = len(session.trace)
        try:
            await session.send(text)
        except WorkbenchError as error:
            if len(session.trace) == size and screen.session is not session:
                self._unsent[session.id] = text
            elif len(session.trace) == size and not screen.entry.text:
                screen.entry.text = text
            screen.show_error(error)

    async def resume(self, session: Session) -> None:
        """Run the rest of a turn that a fork began in the middle of."""
        self.screen.follow_end()
        try:
            await session.turn.resume()
        except WorkbenchError as error:
            self.screen.show_error(error)
