"""The base of all screens: status, keys, panes, and actions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import events
from textual.binding import BindingsMap
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from ...errors import WorkbenchError
from .. import actions
from ..groups.group import ActionGroup
from ..groups.moving import MovingGroup
from ..groups.panes import PanesGroup
from ..groups.program import ProgramGroup
from ..groups.switching import SwitchGroup
from ..mixins import BackgroundWork, SafeClicks
from ..widgets.bars import KeysBar, StatusBar
from ..widgets.pane import Pane

if TYPE_CHECKING:
    from ..app import WorkbenchApp

T = TypeVar("T")
G = TypeVar("G", bound=ActionGroup)

WIDE = 120  # columns from which panes are side by side
LEAST = (60, 16)
WHEN_SMALL = ("quit", "interrupt")  # available while the terminal is too small


class BaseScreen(SafeClicks, BackgroundWork, Screen[None]):
    """Performs the actions of its groups: each has some handlers, and explains what is unavailable.

    A subclass registers groups, composes #status, #panes, #too-small and #keys, and names the
    panes that can be zoomed (`panes`, ids), the pane that keys move in if none is focused
    (`main`) and the pane next to it (`side_pane`).
    """

    AUTO_FOCUS = ""
    where: ClassVar[str] = actions.DEVELOP
    panes: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._bindings = BindingsMap(actions.bindings(self.where))  # with the configured keys
        self._before_small: Widget | None = None
        self.groups: dict[str, ActionGroup] = {}  # by the id of the action
        for group in (ProgramGroup, MovingGroup, SwitchGroup):
            self.register(group(self))
        self.zoomer = self.register(PanesGroup(self))

    def register(self, group: G) -> G:
        """Let a group perform its actions on this screen."""
        self.groups |= dict.fromkeys(group.handlers(), group)
        return group

    def on_mount(self) -> None:
        self.begin()  # the only handler: Textual calls the one of every class

    def begin(self) -> None:
        """Find the widgets, once mounted. Subclasses extend it."""
        self.status = self.query_one(StatusBar)
        self.keys = self.query_one(KeysBar)

    @property
    def workbench(self) -> WorkbenchApp:
        return cast("WorkbenchApp", self.app)

    @property
    def main(self) -> Pane:
        raise NotImplementedError

    @property
    def side_pane(self) -> Pane:
        raise NotImplementedError

    @property
    def pane(self) -> Pane:
        """Return the pane that keys move in: the focused one, else the main one."""
        return self.focused if isinstance(self.focused, Pane) else self.main

    def focus_order(self) -> list[Widget]:
        """Return the widgets in the order of tab."""
        return []

    def home(self, widget: Widget | None) -> str:
        """Return the id of the zoomable pane that shows a widget, or ""."""
        return str(widget.id) if widget is not None and widget.id in self.panes else ""

    # layout

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        small = width < LEAST[0] or height < LEAST[1]
        if small != self.small:
            self.set_class(small, "small")
            if small:  # no widget may receive invisible input
                self._before_small = self.focused
                self.set_focus(None)
            else:
                self.set_focus(self._before_small or next(iter(self.focus_order()), None))
        self.set_class(width >= WIDE, "wide")
        self.set_class(width < WIDE, "narrow")
        text = (
            f"Workbench needs {LEAST[0]}x{LEAST[1]}; this is {width}x{height}.\nNothing is lost: make it larger."
        )
        self.query_one("#too-small", Static).update(text)
        self.call_after_refresh(self.refresh, layout=True)  # lays out the panes that were hidden
        self.call_after_refresh(self.update_status)

    @property
    def small(self) -> bool:
        """Return whether the terminal is too small to show more than a message."""
        return self.has_class("small")

    def on_screen_suspend(self) -> None:
        self.keys.rewrap()  # a dialog shows its own keys

    def on_screen_resume(self) -> None:
        if hasattr(self, "keys"):
            self.keys.rewrap()

    def lay_out(self) -> None:
        """Lay out the panes after a zoom. Subclasses with resizable panes override it."""

    # messages and keys

    def notify_user(self, text: str, role: str = "") -> None:
        self.keys.show_message(text, role)

    def show_error(self, error: WorkbenchError) -> None:
        where = f"{error.where}: " if error.where else ""
        self.notify_user(f"{where}{error.message}" + (f" · {error.hint}" if error.hint else ""), "bad")

    def offer_keys(self) -> None:
        self.keys.offer(self.footer())

    def footer(self) -> list[tuple[str, str]]:
        """Return key and title of the available actions, the most important first."""
        can = [a for a in actions.footer(self.where) if a.keys and not self.why_not(a.id)]
        return [(a.key_text.split()[0], a.title) for a in can]

    def update_status(self) -> None:
        """Show the status. Subclasses override it."""

    # performing

    def why_not(self, id: str) -> str:
        """Explain why an action is unavailable now; "" if it is available."""
        group = self.groups.get(id)
        return group.why_not(id) if group is not None else "this screen does not have this action"

    async def action_do(self, id: str) -> None:
        """Perform an action of the table, or explain why it is unavailable."""
        if self.small and id not in WHEN_SMALL:
            return
        self.keys.clear_message()
        reason = self.why_not(id)
        if reason:
            self.notify_user(reason, "warn")
            return
        await self.perform(self.groups[id].handlers()[id])

    async def perform(self, do: Callable[[], Any]) -> None:
        """Call a handler, and show the error that it raises."""
        try:
            done = do()
            if inspect.isawaitable(done):
                await done
        except WorkbenchError as error:
            self.show_error(error)

    def open_form(self, form: Screen[T], done: Callable[[T | None], Any]) -> None:
        """Open a dialog over this screen; an error of `done` is shown as that of an action is."""

        async def given(result: T | None) -> None:
            await self.perform(lambda: done(result))

        self.app.push_screen(form, given)
