"""Look at the whole world of a conversation, and follow the steps that a text names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...trace.step_id import StepId
from ...workspace.world import check_name, make_fixture, world_at
from ..actions import key
from ..view.text import plain
from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen

STEP_ID = re.compile(r"(?<![\d.])(\d{1,4}\.\d{1,4}\.\d{1,4})(?![\d.])")


class WorldGroup(ActionGroup):
    """Opens the world at the step of the cursor."""

    screen: ConversationScreen

    async def do_world(self) -> None:
        from ..dialogs.world import WorldDialog

        screen, session, row = self.screen, self.screen.session, self.screen.steps.row
        if session is None:
            return
        if session.agent_info is None:
            await session.code_service.reload()
        at = row.step_id if row is not None else StepId(0)
        world = await world_at(session, at, substituted=screen.from_transcript)
        when = f"after step {at}" if row is not None else "at the start"

        def save(name: str, world: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
            check_name(name)
            fixture, replaced = make_fixture(
                session.setup, world, f"{when} of a conversation on {session.setup.fixture}"
            )
            folder = session.agent_info.fixture_folder if session.agent_info else "fixtures"
            return self.app.fixtures.save(session.agent, folder, name, fixture), replaced

        def saved(message: str | None) -> None:
            if message:
                screen.notify_user(f"{message} · {key('setup')} chooses it", "good")

        screen.open_form(WorldDialog(f"The world {when}", world, save), saved)

    def why_not(self, id: str) -> str:
        session = self.screen.session
        if session is None:
            return "no conversation is open"
        return still_answering() if session.busy else self.code_not_run()


class FollowGroup(ActionGroup):
    """Goes to the steps that the detail of a step names, and back."""

    screen: ConversationScreen

    def __init__(self, screen: ConversationScreen) -> None:
        super().__init__(screen)
        self._from: list[StepId] = []  # the steps that were left, the last one last

    def _named(self) -> list[StepId]:
        """Return the other steps that the detail names, in order."""
        detail, here = self.screen.detail, self.screen.step_id
        text = "\n".join(plain(detail.line(index, detail.cells)) for index in range(detail.count))
        found = [StepId.parse(id) for id in STEP_ID.findall(text)]
        known = {row.step_id for row in self.screen.steps.row_model.rows}
        return [step_id for step_id in dict.fromkeys(found) if step_id in known and step_id != here]

    def do_follow(self) -> None:
        screen, here = self.screen, self.screen.step_id
        named = self._named()
        if here is not None and named and screen.steps.go_to(named[0]):
            self._from.append(here)
            screen.notify_user(f"step {named[0]} · {key('follow_back')} goes back to {here}")

    def do_follow_back(self) -> None:
        self.screen.steps.go_to(self._from.pop())

    def why_not(self, id: str) -> str:
        if id == "follow":
            return "" if self._named() else "the detail names no other step of this conversation"
        return "" if self._from else "no step was followed yet"
