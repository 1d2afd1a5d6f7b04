"""The status lines at the top and the keys, or a message, at the bottom."""

from __future__ import annotations

from functools import partial
from typing import Any

from textual import events
from textual.timer import Timer

from ...text import display_width
from ..key_names import parse
from ..view.status import SCREENS, UsageCounter, status
from ..view.text import Line, Span, clean, one_line, plain, width, wrap
from .pane import Pane

MESSAGE_SECONDS = 8.0
MAX_LINES = 4


class Bar(Pane, can_focus=False):
    """Shows a few lines; its height is their number."""

    MARGIN = 0
    ALLOW_SELECT = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []

    @property
    def count(self) -> int:
        return len(self._lines)

    def line(self, index: int, width: int) -> Line:
        return self._lines[index]

    def say(self, lines: list[Line]) -> None:
        lines = lines[:MAX_LINES]
        if lines == self._lines:
            return
        if len(lines) != len(self._lines):
            self.styles.height = max(len(lines), 1)
        self._lines = lines
        self.redraw()


class StatusBar(Bar):
    """Shows the agent, its code, the model and the cost. The screen updates it when something may have changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cost = UsageCounter()
        self._here = ""  # the name of this screen

    def show(self, screen: str, trouble: str = "", **facts: object) -> None:
        """Show the status. `trouble` explains why the conversation is not stored."""
        self._here = screen
        first, *rest = status(screen=screen, cost=self.cost, cells=self.cells, **facts)  # type: ignore[arg-type]
        red = wrap([Span(" ✗ ", "bad"), Span(one_line(trouble, 400), "bad")], self.cells, 3) if trouble else []
        self.say([first, *red, *rest])

    def on_click(self, event: events.Click) -> None:
        """Go to the screen whose name was clicked."""
        text = plain(self._lines[event.y]) if 0 <= event.y < len(self._lines) else ""
        for name in SCREENS:
            start = display_width(text[: text.rfind(name)]) if name in text else -1
            if 0 <= start <= event.x < start + len(name) and name != self._here:
                go: Any = partial(self.app.run_action, f"screen.do('{name.lower()}')")
                self.screen.run_worker(go)


class KeysBar(Bar):
    """Shows the available keys, the most important first, and before them a message for some seconds."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.keys: list[tuple[str, str]] = []
        self._message: list[Span] = []
        self._spans: list[tuple[int, int, str]] = []  # the cells of each key that is shown
        self._timer: Timer | None = None

    def offer(self, keys: list[tuple[str, str]]) -> None:
        self.keys = keys
        self._show()

    def show_message(self, text: str, role: str = "", seconds: float = MESSAGE_SECONDS) -> None:
        """Show a message for a while, before as many keys as there is room for."""
        self._message = [
            Span({"bad": " ✗ ", "good": " ✓ ", "warn": " ! "}.get(role, " · "), role),
            Span(clean(text, 2000), role),
        ]
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds, self.clear_message)
        self._show()

    def clear_message(self) -> None:
        if self._message:
            self._message = []
            self._show()

    def rewrap(self) -> None:
        self._show()

    def _show(self) -> None:
        lines = [tuple(line) for line in wrap(self._message, self.cells, 3)] if self._message else []
        if len(lines) > 1:
            self.say(lines)
            return
        bits: list[Span] = [*lines[0], Span("  ")] if lines else []
        self._spans = []
        for key, title in self.keys if self.screen.is_active else []:  # a dialog shows its keys in its border
            more = [Span(" "), Span(key, "key"), Span(f" {title} ", "dim")]
            start = width(bits)
            if start + width(more) > self.cells:
                break
            self._spans.append((start, start + width(more), key))
            bits += more
        self.say([tuple(bits)])

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for start, end, keys in self._spans:
            if event.y == 0 and start <= event.x < end:
                for key in keys.split():
                    self.app.simulate_key(parse(key))
