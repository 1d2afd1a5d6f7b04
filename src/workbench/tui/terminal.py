"""Clean the input of the terminal before Textual reads it.

Textual 8.2.8 reads an escape sequence inside a paste as keys, which then come before
the paste, and fast alt+letter sequences as "^" and the letter.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from typing import Any

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.message import Message

from ..machine import terminal_is_gone
from .view.text import typed

TERMINAL_CHECK = 0.5  # seconds
HANG_UP = 1  # the number of SIGHUP, which Windows does not have
START, END = "\x1b[200~", "\x1b[201~"  # around a paste

_ALT = re.compile(r"\x1b([0-9A-NQ-WYZa-z])")  # not O, P and X, which begin longer sequences


class Parser(XTermParser):
    """Textual's parser of terminal input, with cleaned pastes and without alt+letter."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        self._held = ""  # the beginning of a marker that was split between two reads

    def feed(self, data: str) -> Iterable[Message]:
        if not data:  # the end of the input
            return super().feed(data)
        data = self.sanitize(data)
        return super().feed(data) if data else ()

    def sanitize(self, data: str) -> str:
        """Remove the sequences that Textual misreads."""
        data, self._held = self._held + data, ""
        done: list[str] = []
        while data:
            mark = END if self._pasting else START
            text, found, data = data.partition(mark)
            if not found:
                kept = _begun(text, mark) if self._pasting else 0
                text, self._held = text[: len(text) - kept], text[len(text) - kept :]
            done.append(typed(text) if self._pasting else _ALT.sub(_alt, text))
            done.append(found)
            self._pasting ^= bool(found)
        return "".join(done)


def _begun(text: str, mark: str) -> int:
    """Return the number of characters at the end of a text that may begin a marker."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


def _alt(match: re.Match[str]) -> str:
    return match[0] if match[0] in ANSI_SEQUENCES_KEYS else ""


def turn_mouse(driver: Any, on: bool) -> bool:
    """Turn mouse reports of the terminal on or off. Returns False if this driver cannot do it."""
    if not all(hasattr(driver, name) for name in ("_mouse", "_enable_mouse_support", "_disable_mouse_support")):
        return False
    if on:
        driver._mouse = True
        driver._enable_mouse_support()
    else:
        driver._disable_mouse_support()
        driver._mouse = False
    return True


def resume_once(app: App[Any]) -> None:
    """Let SIGCONT take the terminal back only if it was released before.

    Textual 8.2.8 takes it at every SIGCONT: after a stop that it did not notice, a
    second thread reads the keys, and keeps reading when the first one has ended.
    """
    driver: Any = getattr(app, "_driver", None)
    if not hasattr(driver, "_must_signal_resume"):
        return

    def resume(*_: Any) -> None:
        if driver._must_signal_resume:
            driver.resume_application_mode()
        else:
            app.call_later(app.refresh)

    signal.signal(signal.SIGCONT, resume)


def leave_without_terminal(app: App[Any]) -> None:
    """Let the app quit as at SIGHUP when its terminal was closed: only the leader of a session gets the signal."""

    def check() -> None:
        if not app.is_headless and terminal_is_gone(getattr(app._driver, "fileno", 0)):
            app.exit(return_code=128 + HANG_UP)

    app.set_interval(TERMINAL_CHECK, check)


def install_parser() -> None:
    """Let Textual read the terminal with this parser."""
    try:
        from textual.drivers import linux_driver
    except ImportError:  # Windows has another console driver
        return
    setattr(linux_driver, "XTermParser", Parser)
