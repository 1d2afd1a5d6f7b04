"""Adopt or dismiss the rerun after a reload, and replay saved transcripts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .group import ActionGroup, still_answering

if TYPE_CHECKING:
    from ..screens.develop import Develop


class RerunGroup(ActionGroup):
    """Continues with the rerun or keeps the original; replays the saved transcripts."""

    screen: Develop

    def do_adopt_rerun(self) -> None:
        screen, session = self.screen, self.screen.session
        assert session is not None
        kept = screen.kept_text("the original")
        run = session.reruns.adopt()
        self.app.navigation.switch(run)
        open_too = f"{kept} and open" if kept.endswith("kept") else kept
        screen.notify_user(f"the rerun continues from the difference; {open_too}", "good")
        if run.turn.partial_turn is not None:
            screen.run_in_background(partial(screen.messaging.resume, run), group="say")

    def do_dismiss_rerun(self) -> None:
        assert self.screen.session is not None
        self.screen.session.reruns.dismiss()
        self.screen.notify_user("the original conversation continues")

    async def do_replay_saved(self) -> None:
        session = self.screen.session
        assert session is not None
        self.screen.notify_user("replaying …")
        results = await session.saving.replay_saved()
        role = "good" if all(saved.verdict == "PASS" for saved in results) else "warn"
        self.screen.notify_user(" · ".join(f"{saved.verdict} {saved.path}" for saved in results), role)

    def why_not(self, id: str) -> str:
        session = self.screen.session
        if id == "replay_saved":
            saved = session is not None and session.saving.saved
            return "" if saved else "nothing of this conversation was saved in this session"
        if session is not None and session.busy:
            return still_answering()
        if session is None or session.rerun is None:
            return "there is no rerun: change a journey and save it first"
        return ""
