"""The application: it holds the live session and hands it to the screens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from textual import events, on
from textual.app import App
from textual.binding import BindingsMap
from textual.driver import Driver
from textual.screen import Screen

from ..errors import WorkbenchError
from ..trace.step_id import StepId
from ..workspace.code_service import CodeService
from ..workspace.comparison import Side, ensure_comparable
from ..workspace.library import Entry, Library, StoredConversation
from ..workspace.open_conversations import OpenConversations, WorkspaceSnapshot
from ..workspace.session import Session, Undo
from ..workspace.settings import Settings
from ..workspace.tour import Tour
from . import actions
from .style import CSS, THEMES
from .terminal import install_parser, resume_once

FEW_COLOURS = re.compile(r"(linux|screen|vt\d+|ansi|cons25)(?!.*256color)")  # terminals of sixteen colours
Start = Literal["develop", "review"]
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if hasattr(signal, name)]
TYPED = {"SIGINT", "SIGQUIT"}  # a terminal sends these to all programs in it, when ctrl+c or ctrl+\\ is pressed


async def _nothing() -> AsyncIterator[Any]:
    """No file ever changes."""
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


class WorkbenchApp(App[int]):
    """The workbench. `changes` yields whenever files under journeys/ have changed."""

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
        lay: WorkspaceSnapshot | None = None,
        resumed: bool = False,
        newcomer: bool = False,
        tour: Tour | None = None,
    ) -> None:
        self.settings = settings or Settings()
        actions.apply_overrides(self.settings.keys)
        setattr(self, "DEFAULT_MODE", screen)  # no empty screen is drawn before the one wanted
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._bindings = BindingsMap([b for b in actions.bindings(actions.DEVELOP) if b.id == "quit"])
        self.mouse = self.settings.mouse
        self.desk = OpenConversations(session)
        self.library = library
        self.lay = lay  # how the desk lay when the workbench was last left, or ended
        self.resumed = resumed  # whether to lay it so again without being asked
        self.newcomer = newcomer  # whether nothing was ever said in this project
        self.tour = tour
        self.changes = changes if changes is not None else _nothing()
        self.loads = 0
        self.undos: list[Undo] = []  # what was done in Review, to whichever conversation
        self.drafts: dict[str, dict[str, str]] = {}  # forms that were left unfinished, by what they are about
        self.base: Side | None = None  # what d compares with
        self.compared: tuple[Side, Side] | None = None
        self.pending_id = ""  # the transcript whose new run is on view in Compare
        self.previous_mode = "develop"  # where one came to Compare from
        self.last_key_at = 0.0  # when a key was pressed last
        self.failure = ""
        self._warned = False  # that leaving loses something
        self.terminal_suspended = False  # whether another program has the terminal
        self._handlers: dict[int, Any] = {}  # of signals, as they were before
        self.animation_level = "none"  # an animated page costs more than the page
        for theme in THEMES:
            self.register_theme(theme)
        self.set_reactive(
            App.theme, first_theme(self.settings.theme)
        )  # not assigned: that would parse all styles twice
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
        self.call_after_refresh(self._begin)

    @on(Driver.SignalResume)
    def _in_the_foreground_again(self) -> None:
        self.refresh(layout=True)  # the shell has written where the screen was

    def on_unmount(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)

    def leave(self, code: int) -> None:
        """Leave with an exit status, the terminal as it was."""
        self.exit(code, return_code=code)

    # the code of the journeys

    def _begin(self) -> None:
        """After the first paint: load the code, then watch it."""
        self.reload()
        self.run_in_background(self._watch, "watch")
        if self.lay is not None and self.resumed:
            self.bring_back()
        elif self.lay is not None:
            self._offer(self.screen, len(self.lay.open))

    def _offer(self, screen: Any, many: int) -> None:
        """Say that the last workbench did not end well, and what can be done."""
        screen.tell(
            f"the workbench ended without being left, with {many} conversation{'s' * (many > 1)} open"
            f" · {actions.key('back')}, then {actions.key('bring_back')} brings back all as it lay", "warn",
        )  # fmt: skip

    def bring_back(self) -> None:
        """Lay the desk as it lay: the open conversations, the one in hand, the step, the words not sent."""
        lay, self.lay = self.lay, None
        if lay is None:
            return
        missing: list[str] = []
        for id in lay.open:
            if self.desk.find(id) is None:
                entry = Entry("session", id, id, "", "session")
                try:
                    record = self.library.open(entry)
                except WorkbenchError as error:
                    missing.append(f"{id}: {error.message}")
                    continue
                session = self.continued_session(replace(entry, agent=record.setup.agent), record)
                session.log.lock()  # before anyone else goes on with it
                self.desk.open.append(session)
        hand = self.desk.find(lay.current)
        self.desk.open.sort(key=lambda s: lay.open.index(s.id) if s.id in lay.open else len(lay.open))
        self.desk.switch_to(hand or self.desk.session)
        self.show_live()
        self.call_after_refresh(self._lay_out, lay, missing)

    def _lay_out(self, lay: WorkspaceSnapshot, missing: list[str]) -> None:
        screen: Any = self.screen
        if hasattr(screen, "bring_back"):
            screen.bring_back(lay.step, lay.draft)
            if missing:
                screen.tell(f"not brought back: {'; '.join(missing)}", "bad")
            elif self.session.log.locked_by:
                screen.tell(self.session.log.locked_by, "warn")

    @property
    def session(self) -> Session:
        """The live conversation."""
        return self.desk.session

    def reload(self) -> None:
        """Load what is on disk; not waiting for a load that is under way, which this one overtakes."""
        for serving in self.desk.servings.values():
            if serving is self.session.serving or serving.card is not None:
                if serving.card is not None:
                    self.loads += 1
                self.run_in_background(partial(self._reload, serving), "reload")

    def run_in_background(self, work: Any, group: str) -> None:
        """Do `work`, an async function, beside all else; one that is never begun leaves nothing behind."""
        self.run_worker(work, group=group)

    async def _reload(self, serving: CodeService) -> None:
        await serving.reload()
        if serving is self.session.serving:
            await self.session.reruns.rerun_if_code_changed()

    async def _watch(self) -> None:
        async for _ in self.changes:
            self.reload()

    # the conversation

    def switch(self, session: Session) -> None:
        """Another conversation is the live one from here on."""
        self.desk.switch_to(session)
        self.show_live()

    def show_live(self) -> None:
        """The conversation in hand, on Develop; its code is loaded where nobody did before."""
        session = self.session
        if session.card is None and session.code.state == "loading":
            self.run_in_background(session.serving.reload, "reload")
        else:
            self.run_in_background(session.reruns.rerun_if_code_changed, "reload")
        self.switch_mode("develop")
        if hasattr(self.screen, "take"):  # else it is about to be mounted, and takes the live session itself
            self.screen.take(session)

    def open_agent(self, agent: str) -> None:
        """A new conversation with another agent of the project; the one before is kept."""
        self.switch(Session(self.desk.serving(agent), self.session.store))

    def read_only_session(self, entry: Entry, record: StoredConversation) -> Session:
        """A session over a record that is read: its marks are kept, and nothing is added to it."""
        known = self.desk.find(entry.id)
        if known is not None:
            return known
        store = self.library.annotation_store(entry, self.session.store)
        session = Session(self.desk.serving(entry.agent), store, id=entry.id, undos=self.undos)
        session.load(record.setup, record.trace, record.annotations, begun=True, lacked=record.disabled_by_turn)
        session.corrupt_lines = record.torn
        return session

    def continued_session(self, entry: Entry, record: StoredConversation) -> Session:
        """A session that goes on with a record: a past session is itself, anything else is a copy."""
        past = entry.kind == "session"
        session = Session(self.desk.serving(entry.agent), self.session.store, id=entry.id if past else "")
        session.load(record.setup, record.trace, record.annotations, begun=past, lacked=record.disabled_by_turn)
        session.corrupt_lines = record.torn
        return session

    # comparing

    def compare(self, left: Side, right: Side) -> None:
        """Show two runs beside each other. Raises UsageError for what cannot be compared."""
        ensure_comparable(left, right)
        if self.current_mode != "compare":
            self.previous_mode = self.current_mode
        self.compared, self.pending_id = (left, right), ""
        self.switch_mode("compare")
        if hasattr(self.screen, "take"):
            self.screen.take(left, right)

    def go_to(self, step_ids: dict[str, StepId]) -> None:
        """Back from Compare, to the place in the run that is on view there; `places` by the id of a side."""
        self.switch_mode(self.previous_mode)
        side = getattr(self.screen, "side", None)
        here = side.id if side is not None else ""
        self.screen.show_place(step_ids.get(here) or list(step_ids.values())[-1])  # type: ignore[attr-defined]

    # what the screens ask of the terminal

    def copy(self, text: str, screen: Any) -> None:
        from .clipboard import copy

        screen.tell(copy(text, self.copy_to_clipboard))

    def edit(self, source: str, screen: Any) -> None:
        """Open a source in the engineer's editor, in this terminal. Raises UsageError where that cannot be."""
        from .external import editor_command, parse_location, run_in_terminal

        if not source:
            screen.tell("no source line belongs to this step", "warn")
            return
        file, line = parse_location(source)
        path = next((p for p in (self.root / file, Path(file)) if p.is_file()), None)
        if path is None:
            screen.tell(f"{source}: that file is not here", "bad")
            return
        status = run_in_terminal(self, editor_command(path, line))
        if status:
            screen.tell(f"the editor ended with {status}", "warn")

    def page(self, text: str, screen: Any) -> None:
        """Show a text in the engineer's pager, in this terminal. Raises UsageError where that cannot be."""
        from .external import pager_command, run_in_terminal, temporary_text_file

        words = pager_command()
        if not words:
            screen.tell("there is no pager here: set $PAGER to one, or install less", "warn")
            return
        try:
            with temporary_text_file(text) as path:
                status = run_in_terminal(self, [*words, str(path)])
        except OSError as error:
            screen.tell(f"the text could not be written for the pager: {error.strerror}", "bad")
            return
        if status:
            screen.tell(f"the pager ended with {status}", "warn")

    async def action_quit(self) -> None:
        """Leave; where something is not on disk yet, only when asked again."""
        store = self.desk.store
        store.retry_writes()
        if store.write_error and not self._warned:
            self._warned = True
            screen: Any = self.screen
            screen.tell(f"not on disk: {store.write_error} · {actions.key('quit')} again leaves without it", "bad")
        else:
            self.exit()

    @property
    def root(self) -> Path:
        """The folder that sources are below: that of the host, else journeys/."""
        return Path(getattr(self.session.serving.host, "root", "journeys"))

    def next_theme(self) -> str:
        names = [theme.name for theme in THEMES]
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        return self.theme.removeprefix("workbench-")

    def turn_mouse(self) -> bool | None:
        """Turn the mouse on or off; None where that cannot be done while running."""
        from .terminal import turn_mouse

        if not turn_mouse(self._driver, not self.mouse):
            return None
        self.mouse = not self.mouse
        return self.mouse

    async def action_do(self, id: str) -> None:
        """What works over every screen and form."""
        await self.action_quit()

    # our own failures

    def _fatal_error(self) -> None:
        """A bug of ours: keep its traceback, without the values of variables, and leave."""
        self.failure = traceback.format_exc()
        self._return_code = 1
        self._close_messages_no_wait()


def first_theme(chosen: str = "") -> str:
    """What WORKBENCH_THEME or the settings say; else what suits the terminal, as far as it tells."""
    wanted = f"workbench-{os.environ.get('WORKBENCH_THEME') or chosen}"
    if wanted in [theme.name for theme in THEMES]:
        return wanted
    if FEW_COLOURS.match(os.environ.get("TERM", "")) and not os.environ.get("COLORTERM"):
        return "workbench-terminal"
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return "workbench-light" if background in ("7", "15") else "workbench-dark"


def run(
    session: Session,
    library: Library,
    changes: AsyncIterator[Any] | None = None,
    screen: Start = "develop",
    settings: Settings | None = None,
    lay: WorkspaceSnapshot | None = None,
    resumed: bool = False,
    newcomer: bool = False,
    tour: Tour | None = None,
) -> int:
    """Run the screens until the engineer leaves. Gives the exit status: 0, 128 + a signal, 3 for our own bug."""
    install_parser()
    app = WorkbenchApp(session, library, changes, screen, settings, lay, resumed, newcomer, tour)
    app.run(mouse=app.mouse)
    app.desk.snapshot(left=not app.failure and not app.return_code)
    if app.failure:
        sys.stderr.write(f"{app.failure}\nWorkbench failed; the conversation is kept.\n")
        return 3
    return app.return_code or 0
