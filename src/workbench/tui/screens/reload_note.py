"""The note of the last reload in the status of Develop."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple

from ...workspace.code_service import CodeStatus
from ...workspace.session import Session
from ..actions import key

NOTE_SECONDS = 10.0  # a good note has its own line for this long
MIN_SECONDS = 2.0  # any note is shown for at least this long


class Note(NamedTuple):
    """The code status to show; `reloaded` if a reload is shown; `brief` if only with room in the line."""

    code: CodeStatus
    reloaded: bool
    brief: bool


class ReloadNote:
    """Shows the note of one conversation until that conversation continues.

    It loses its line when a key is pressed; a good note also after some seconds.
    """

    def __init__(self) -> None:
        self._news: tuple[str, float, str] = ("", 0.0, "")  # conversation, time of the load, note
        self._since = 0.0
        self._dismissed: tuple[str, float, str] | None = None

    def dismiss(self) -> None:
        """Stop showing the note: the conversation continues."""
        self._dismissed = self._news

    def read(self, session: Session, loads: int, last_key_at: float) -> Note:
        """Return the note to show now."""
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
