"""The application: the screens, the live session, and the programs it runs in the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from textual import events, on
from textual.app import App
from textual.binding import BindingsMap
from textual.driver import Driver
from textual.screen import Screen

from ..text import pluralize, sanitize
from ..workspace.code_service import CodeService
from ..workspace.history import History
from ..workspace.library import Library
from ..workspace.model_catalog import ModelCatalog
from ..workspace.open_conversations import OpenConversations, WorkspaceSnapshot
from ..workspace.session import Session
from ..workspace.settings import PaneSizeStore, Settings
from ..workspace.tour import Tour
from ..workspace.world import FixtureStore, NoFixtures, fixture_problem
from . import actions
from .clipboard import copy
from .dialogs.form import Form
from .external import editor_command, pager_command, parse_location, run_in_terminal, temporary_text_file
from .mixins import BackgroundWork
from .navigation import Navigation
from .screens.base import BaseScreen
from .style import CSS, THEMES
from .terminal import install_parser, leave_without_terminal, resume_once, turn_mouse

FEW_COLOURS = re.compile(r"(linux|screen|vt\d+|ansi|cons25)(?!.*256color)")  # terminals of sixteen colours
Start = Literal["develop", "review"]
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if hasattr(signal, name)]
TYPED = {"SIGINT", "SIGQUIT"}  # a terminal sends these to all programs in it, when ctrl+c or ctrl+\\ is pressed


async def _nothing() -> AsyncIterator[Any]:
    """Yield nothing: no file changes."""
    return
    yield


def _develop() -> Screen[None]:
    from .screens.develop import Develop

    return Develop()


def _review() -> Screen[None]:
    from .screens.review import Review

    return Review()


def _compare() -> Screen[None]:
    from .screens.compare import Compare

    return Compare()


class WorkbenchApp(BackgroundWork, App[int]):
    """The workbench, opened on `session`.

    `changes` yields whenever files under journeys/ have changed. `last_workspace` is restored at
    once if `resumed`, else on request. `newcomer`: the project has no conversation yet. `tour` is
    shown over Develop. `keep_theme` stores a theme and returns where it is kept.
    """

    CSS = CSS
    TITLE = "Workbench"
    MODES: ClassVar[dict[str, Any]] = {"develop": _develop, "review": _review, "compare": _compare}
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        session: Session,
        library: Library,
        changes: AsyncIterator[Any] | None = None,
        screen: Start = "develop",
        settings: Settings | None = None,
        last_workspace: WorkspaceSnapshot | None = None,
        resumed: bool = False,
        newcomer: bool = False,
        tour: Tour | None = None,
        models: ModelCatalog | None = None,
        keep_theme: Callable[[str], str] = lambda theme: "",
        pane_sizes: PaneSizeStore | None = None,
        fixtures: FixtureStore | None = None,
    ) -> None:
        self.models = models or ModelCatalog()
        self.keep_theme = keep_theme
        self.settings = settings or Settings()
        actions.apply_overrides(self.settings.keys)
        setattr(self, "DEFAULT_MODE", screen)  # prevents an empty first screen
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._bindings = BindingsMap([b for b in actions.bindings(actions.DEVELOP) if b.id == "quit"])
        self.mouse = self.settings.mouse
        self.conversations = OpenConversations(session, last_workspace)
        self.library = library
        self.navigation = Navigation(self)
        self.resumed = resumed  # whether to restore the last workspace without asking
        self.newcomer = newcomer  # whether the project has no conversation yet
        self.tour = tour
        self.fixtures = fixtures or NoFixtures()
        self.pane_sizes = pane_sizes or PaneSizeStore()
        self.changes = changes if changes is not None else _nothing()
        self.loads = 0
        self.history = History()  # of Review, on any conversation
        self.drafts: dict[str, dict[str, str]] = {}  # the contents of unfinished dialogs
        self.last_key_at = 0.0  # the time of the last key press
        self.failure = ""
        self._warned = False  # that quitting would lose something
        self.terminal_suspended = False  # whether another program has the terminal
        self._handlers: dict[int, Any] = {}  # the previous signal handlers
        self.animation_level = "none"  # animation would repaint the page several times
        for theme in THEMES:
            self.register_theme(theme)
        self.set_reactive(
            App.theme, first_theme(self.settings.theme)
        )  # an assignment would parse all styles twice
        self.stylesheet.set_variables(self.get_css_variables())

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self.last_key_at = time.monotonic()
        await super().on_event(event)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()

        def hear(number: int, _frame: Any) -> None:
            if not (self.terminal_suspended and signal.Signals(number).name in TYPED):
                loop.call_soon_threadsafe(self.leave, 128 + number)

        with contextlib.suppress(ValueError):  # not in the main thread
            for number in SIGNALS:
                self._handlers[number] = signal.signal(number, hear)
            resume_once(self)
        leave_without_terminal(self)
        self.call_after_refresh(self._begin)

    @on(Driver.SignalResume)
    def _in_the_foreground_again(self) -> None:
        self.refresh(layout=True)  # the shell has written where the screen was

    def on_unmount(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)

    def leave(self, code: int) -> None:
        """Quit with an exit status, and restore the terminal."""
        self.exit(code, return_code=code)

    # the code of the journeys

    def _begin(self) -> None:
        """Load the code and watch it, after the first paint."""
        self.reload()
        self.run_in_background(self._watch, "watch")
        self.conversations.snapshot()  # the file of the previous one is gone
        if self.conversations.previous is not None and self.resumed:
            self.navigation.restore()
        elif self.conversations.previous is not None:
            self.notify_user(*self._offer(self.conversations.previous))

    def _offer(self, snapshot: WorkspaceSnapshot) -> tuple[str, str]:
        """Return the offer to restore what was open, and its role."""
        many = len(snapshot.open)
        first = actions.key("back") if self.current_mode == "develop" else actions.key("develop")
        restore = f"{first}, then {actions.key('restore')} restores {'them' if many > 1 else 'it'}"
        were = f"{pluralize(many, 'conversation')} {'were' if many > 1 else 'was'} open"
        if snapshot.clean_exit:
            return f"{were} last time · {restore}", ""
        return f"Workbench did not exit cleanly; {were} · {restore}", "warn"

    @property
    def session(self) -> Session:
        """Return the live conversation."""
        return self.conversations.session

    @property
    def may_run_code(self) -> bool:
        """Return whether the code of the folder may run."""
        return self.session.code_service.permission.granted

    def run_code(self) -> None:
        """Allow the code of the folder to run, and load it. Raises WorkbenchError if that cannot be remembered."""
        try:
            self.session.code_service.permission.grant()
        finally:
            self.reload()

    def reload(self) -> None:
        """Load the code on disk, without waiting for a load in progress, which becomes obsolete."""
        for code_service in self.conversations.code_services.values():
            if code_service is self.session.code_service or code_service.agent_info is not None:
                if code_service.agent_info is not None:
                    self.loads += 1
                self.run_in_background(partial(self._reload, code_service), "reload")

    async def _reload(self, code_service: CodeService) -> None:
        await code_service.reload()
        session = self.session
        if code_service is session.code_service:
            session.fixture_problem = await fixture_problem(session)
            session.notify("setup_checked")
            await self.session.reruns.rerun_if_code_changed()

    async def _watch(self) -> None:
        async for _ in self.changes:
            self.reload()

    # clipboard, editor, pager

    def notify_user(self, text: str, role: str = "") -> None:
        """Show a message on the screen or in the dialog on top of it."""
        if isinstance(self.screen, BaseScreen):
            self.screen.notify_user(text, role)
        elif isinstance(self.screen, Form):
            self.screen.notify_user(text, bad=role == "bad")

    def copy(self, text: str) -> None:
        """Copy a text to the clipboard."""
        self.notify_user(copy(text, self.copy_to_clipboard))

    def edit(self, source: str) -> None:
        """Open a source line in the editor, in this terminal. Raises UsageError if that is not possible."""
        if not source:
            self.notify_user("this step has no source line", "warn")
            return
        file, line = parse_location(source)
        path = next((p for p in (self.root / file, Path(file)) if p.is_file()), None)
        if path is None:
            self.notify_user(f"no such file here: {source}", "bad")
            return
        status = run_in_terminal(self, editor_command(path, line))
        if status:
            self.notify_user(f"the editor ended with exit status {status}", "warn")

    def page(self, text: str) -> None:
        """Show a text in the pager, in this terminal. Raises UsageError if that is not possible."""
        words = pager_command()
        if not words:
            self.notify_user("no pager found: set $PAGER, or install less", "warn")
            return
        try:
            with temporary_text_file(text) as path:
                status = run_in_terminal(self, [*words, str(path)])
        except OSError as error:
            self.notify_user(f"cannot write the text for the pager: {error.strerror}", "bad")
            return
        if status:
            self.notify_user(f"the pager ended with exit status {status}", "warn")

    async def action_quit(self) -> None:
        """Quit; if something is not on disk yet, only at the second request."""
        store = self.conversations.store
        store.retry_writes()
        if store.write_error and not self._warned:
            self._warned = True
            self.notify_user(f"not on disk: {store.write_error} · {actions.key('quit')} again quits anyway", "bad")
        else:
            self.exit()

    @property
    def root(self) -> Path:
        """Return the folder that source paths are relative to: that of the host, else journeys/."""
        return Path(getattr(self.session.code_service.host, "root", "journeys"))

    def next_theme(self) -> str:
        names = [theme.name for theme in THEMES]
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        return self.theme.removeprefix("workbench-")

    def toggle_mouse(self) -> bool | None:
        """Turn the mouse on or off. Returns None if this driver cannot do it while running."""
        if not turn_mouse(self._driver, not self.mouse):
            return None
        self.mouse = not self.mouse
        return self.mouse

    async def action_do(self, id: str) -> None:
        """Perform the only action that works over every screen and dialog: quit."""
        await self.action_quit()

    # internal errors

    def _fatal_error(self) -> None:
        """Keep the traceback of an internal error, without the values of variables, and quit."""
        self.failure = traceback.format_exc()
        self._return_code = 1
        self._close_messages_no_wait()


def first_theme(chosen: str = "") -> str:
    """Return the theme of WORKBENCH_THEME or the settings, else the one that suits the terminal."""
    wanted = f"workbench-{os.environ.get('WORKBENCH_THEME') or chosen}"
    if wanted in [theme.name for theme in THEMES]:
        return wanted
    if FEW_COLOURS.match(os.environ.get("TERM", "")) and not os.environ.get("COLORTERM"):
        return "workbench-terminal"
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return "workbench-light" if background in ("7", "15") else "workbench-dark"


def run(app: WorkbenchApp) -> int:
    """Run the screens until the engineer quits. Returns 0, 128 + a signal, or 3 for an internal error."""
    install_parser()
    app.run(mouse=app.mouse)
    app.conversations.snapshot(clean_exit=not app.failure and not app.return_code)
    if app.failure:
        sys.stderr.write(f"{sanitize(app.failure)}\nWorkbench failed; the conversation is kept.\n")
        return 3
    return app.return_code or 0
