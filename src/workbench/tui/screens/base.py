"""What all screens have in common: status, keys, panes to go round in, and how an action is done."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.binding import BindingsMap
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from ...errors import WorkbenchError
from .. import actions
from ..widgets.bars import KeysBar, StatusBar
from ..widgets.pane import Pane

T = TypeVar("T")

WIDE = 120  # columns from which panes stand beside each other
LEAST = (60, 16)
WHEN_SMALL = ("quit", "interrupt")  # what can be done blind


class BaseScreen(Screen[None]):
    """`do_<id>` does the action `id`; `why_not(id)` says why it cannot be done just now.

    A subclass composes #status, #panes, #too-small and #keys, names the panes that can be zoomed
    (`panes`, ids), and says which one has the keys where none is focused (`main`) and which
    one is read beside it (`reading`).
    """

    AUTO_FOCUS = ""
    where: ClassVar[str] = actions.DEVELOP
    panes: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._bindings = BindingsMap(actions.bindings(self.where))  # the keys as they are now
        self._zoomed = ""
        self._before_small: Widget | None = None

    def on_mount(self) -> None:
        self.begin()  # the one handler: Textual itself calls that of every class

    def begin(self) -> None:
        """Once mounted. Subclasses go on from here."""
        self.status = self.query_one(StatusBar)
        self.keys = self.query_one(KeysBar)

    @property
    def bench_app(self) -> Any:
        return self.app

    @property
    def main(self) -> Pane:
        raise NotImplementedError

    @property
    def reading(self) -> Pane:
        """The pane that is read beside the main one."""
        raise NotImplementedError

    # layout

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        small = width < LEAST[0] or height < LEAST[1]
        if small != self.small:
            self.set_class(small, "small")
            if small:  # nobody sees what is typed: nothing hears it
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
        self.call_after_refresh(self.refresh, layout=True)  # what was hidden until now is laid out too
        self.call_after_refresh(self.tell_status)

    @property
    def small(self) -> bool:
        """Whether the terminal is too small to show anything but that."""
        return self.has_class("small")

    def get_widget_and_offset_at(self, x: int, y: int) -> Any:
        """A click while the layout changes must not crash (it does in Textual 8.2.8)."""
        try:
            return super().get_widget_and_offset_at(x, y)
        except Exception:  # whatever the compositor trips over, there is nothing under the mouse
            return None, None

    def on_screen_suspend(self) -> None:
        self.keys.rewrap()  # a form has keys of its own

    def on_screen_resume(self) -> None:
        if hasattr(self, "keys"):
            self.keys.rewrap()

    # saying

    def notify_user(self, text: str, role: str = "") -> None:
        self.keys.tell(text, role)

    def tell_error(self, error: WorkbenchError) -> None:
        where = f"{error.where}: " if error.where else ""
        self.notify_user(f"{where}{error.message}" + (f" · {error.hint}" if error.hint else ""), "bad")

    def offer_keys(self) -> None:
        self.keys.offer(self.footer())

    def footer(self) -> list[tuple[str, str]]:
        """Key and title of what can be done now, most wanted first."""
        can = [a for a in actions.footer(self.where) if a.keys and not self.why_not(a.id)]
        return [(a.key_text.split()[0], a.title) for a in can]

    def tell_status(self) -> None:
        """Subclasses say what stands in the status line."""

    # doing

    def why_not(self, id: str) -> str:
        """Why an action cannot be done just now, or ""."""
        return ""

    async def action_do(self, id: str) -> None:
        """Do one action of the table, or say why not."""
        if self.small and id not in WHEN_SMALL:
            return
        self.keys.hush()
        reason = self.why_not(id)
        if reason:
            self.notify_user(reason, "warn")
            return
        await self.perform(getattr(self, f"do_{id}"))

    async def perform(self, do: Callable[[], Any]) -> None:
        try:
            done = do()
            if inspect.isawaitable(done):
                await done
        except WorkbenchError as error:
            self.tell_error(error)

    def open_form(self, form: Screen[T], done: Callable[[T | None], Any]) -> None:
        """Open a form over this screen; what cannot be done with what it gives is told, as for every action."""

        async def given(result: T | None) -> None:
            await self.perform(lambda: done(result))

        self.app.push_screen(form, given)

    @property
    def pane(self) -> Pane:
        """The pane that keys move in: the focused one, else the main one."""
        return self.focused if isinstance(self.focused, Pane) else self.main

    def do_down(self) -> None:
        self.pane.action_scroll_down()

    def do_up(self) -> None:
        self.pane.action_scroll_up()

    def do_top(self) -> None:
        self.pane.action_scroll_home()

    def do_end(self) -> None:
        self.pane.action_scroll_end()

    def do_half_down(self) -> None:
        self.pane.page(0.5)

    def do_half_up(self) -> None:
        self.pane.page(-0.5)

    def do_page_down(self) -> None:
        self.pane.page(1)

    def do_page_up(self) -> None:
        self.pane.page(-1)

    def do_detail_down(self) -> None:
        self.reading.scroll_by(3)

    def do_detail_up(self) -> None:
        self.reading.scroll_by(-3)

    def run_in_background(self, work: Callable[[], Any], group: str = "default", exclusive: bool = False) -> None:
        """Do `work`, an async function, beside all else; one that is never begun leaves nothing behind."""
        doing: Any = work
        self.run_worker(doing, group=group, exclusive=exclusive)

    # panes

    def focus_order(self) -> list[Widget]:
        """What tab goes round."""
        return []

    def _round(self, by: int) -> None:
        stops = self.focus_order()
        at = stops.index(self.focused) if self.focused in stops else -1 if by > 0 else 0
        self.go_pane(stops[(at + by) % len(stops)])

    def go_pane(self, pane: Widget) -> None:
        """To a pane; a zoom goes along, or ends where the pane cannot be zoomed: what is focused is seen."""
        if self._zoomed:
            self.zoom(self.home(pane))
        pane.focus()

    def home(self, widget: Widget | None) -> str:
        """The pane that can be zoomed and shows a widget, or ""."""
        return str(widget.id) if widget is not None and widget.id in self.panes else ""

    def do_next_pane(self) -> None:
        self._round(1)

    def do_last_pane(self) -> None:
        self._round(-1)

    def zoom(self, name: str) -> None:
        """Give the whole screen to one pane; "" ends it."""
        self._zoomed = name
        for pane in self.panes:
            self.set_class(name == pane, f"zoom-{pane}")

    def do_zoom(self) -> None:
        if self._zoomed:
            self.zoom("")
            return
        name = self.home(self.focused) or str(self.main.id)
        self.zoom(name)
        if self.home(self.focused) != name:
            self.main.focus()

    # the program

    def do_help(self) -> None:
        from ..dialogs.help import HelpScreen

        def chosen(id: str | None) -> None:
            if id:
                self.run_in_background(partial(self.action_do, id))

        self.open_form(HelpScreen(self.where, self.why_not), chosen)

    do_palette = do_help

    def do_suspend(self) -> None:
        self.app.action_suspend_process()

    def do_theme(self) -> None:
        self.notify_user(f"theme: {self.bench_app.next_theme()}")

    def do_mouse(self) -> None:
        on = self.bench_app.turn_mouse()
        if on is None:
            self.notify_user("this terminal's mouse cannot be turned off from here: start with --no-mouse", "warn")
        else:
            self.notify_user("the mouse is on" if on else "the mouse is off: the terminal itself selects text")

    async def do_quit(self) -> None:
        await self.app.action_quit()
