"""What the terminal sends, made harmless before Textual reads it.

Textual 8.2.8 takes an escape sequence inside a paste for keys, which then come
before the paste, and what alt+letter sends, when typed fast, for a "^" and the letter.
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

from .view.text import typed

START, END = "\x1b[200~", "\x1b[201~"  # around a paste

_ALT = re.compile(r"\x1b([0-9A-NQ-WYZa-z])")  # not O, P and X, which begin longer sequences


class Parser(XTermParser):
    """Textual's reader of the terminal, with pastes cleaned and alt+letter left out."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        self._held = ""  # the beginning of a mark that a read has cut in two

    def feed(self, data: str) -> Iterable[Message]:
        if not data:  # the end of all input
            return super().feed(data)
        data = self.tame(data)
        return super().feed(data) if data else ()

    def tame(self, data: str) -> str:
        """Data without what Textual would trip over."""
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
    """How many characters at the end of a text may be the beginning of a mark."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


def _alt(match: re.Match[str]) -> str:
    return match[0] if match[0] in ANSI_SEQUENCES_KEYS else ""


def turn_mouse(driver: Any, on: bool) -> bool:
    """Let the terminal tell of the mouse, or not. False where this driver cannot."""
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
    """Let a continue signal take the terminal again only where it was given up before.

    Textual 8.2.8 takes it at every SIGCONT: after a stop that it did not hear of, a
    second thread reads the keys, and goes on reading when the first has ended.
    """
    driver: Any = getattr(app, "_driver", None)
    if not hasattr(driver, "_must_signal_resume"):
        return

    def go_on(*_: Any) -> None:
        if driver._must_signal_resume:
            driver.resume_application_mode()
        else:
            app.call_later(app.refresh)

    signal.signal(signal.SIGCONT, go_on)


def install_parser() -> None:
    """Let Textual read the terminal with this parser."""
    try:
        from textual.drivers import linux_driver
    except ImportError:  # Windows reads its console otherwise
        return
    setattr(linux_driver, "XTermParser", Parser)
