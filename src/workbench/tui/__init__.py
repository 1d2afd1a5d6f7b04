"""The screens of Workbench: `run()` shows a session until the engineer leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ..workspace.library import Library
    from ..workspace.open_conversations import WorkspaceSnapshot
    from ..workspace.session import Session
    from ..workspace.settings import Settings
    from ..workspace.tour import Tour


def run(
    session: Session,
    library: Library,
    changes: AsyncIterator[Any] | None = None,
    screen: Literal["develop", "review"] = "develop",
    settings: Settings | None = None,
    snapshot: WorkspaceSnapshot | None = None,
    resumed: bool = False,
    newcomer: bool = False,
    tour: Tour | None = None,
) -> int:
    """Show `session` and return an exit status. `changes` yields whenever journey files have changed.

    `snapshot` is the last workspace: restored at once if `resumed`, else offered.
    `newcomer`: no conversation was ever held in this project. `tour` is shown over Develop.
    """
    from .app import run as run_app

    return run_app(session, library, changes, screen, settings, snapshot, resumed, newcomer, tour)
