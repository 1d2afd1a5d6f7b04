"""The note of the last reload in the status of Develop, and how long it is shown."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple

from ...workspace.code_service import CodeStatus
from ...workspace.session import Session
from ..actions import key

NOTE_SECONDS = 10.0  # how long a good note keeps a line of its own
MIN_SECONDS = 2.0  # how long any note does, whatever key is pressed


class Note(NamedTuple):
    """`code` as the status shows it; whether a reload is shown; whether only if there is room in the line."""

    code: CodeStatus
    reloaded: bool
    brief: bool


class ReloadNote:
    """Belongs to one conversation, and is over when that conversation continues.

    It gives up its line when a key is pressed; a good one also after some seconds.
    """

    def __init__(self) -> None:
        self._news: tuple[str, float, str] = ("", 0.0, "")  # conversation, time of the load, note
        self._since = 0.0
        self._dismissed: tuple[str, float, str] | None = None

    def dismiss(self) -> None:
        """Stop showing the note: the conversation continues."""
        self._dismissed = self._news

    def read(self, session: Session, loads: int, last_key_at: float) -> Note:
        """Return what the status shows now."""
        now = time.monotonic()
        note = session.code.note
        if session.rerun is None and not note.startswith("the re-run"):
            note = ""
        news = (session.id, session.code.at, note)
        if news != self._news:
            self._news, self._since = news, now
        shown = (loads > 0 or bool(note)) and news != self._dismissed
        bad = "differ" in note or note.startswith("the re-run")
        brief = last_key_at > self._since + MIN_SECONDS or (not bad and now > self._since + NOTE_SECONDS)
        note = note.replace("model not asked", f"model not asked ({key('rerun')} asks it)")
        code = replace(session.code, note=note if shown else "")
        return Note(code, shown and loads > 0 and not session.disabled, brief)
