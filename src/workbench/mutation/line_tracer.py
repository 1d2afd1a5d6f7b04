"""Which lines of journey code run in a replay, and which rulings are made. For a forked process only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ..authoring.policy import Decision

_RULING = Decision.__init__.__code__


class LineTracer:
    """`lines` and `rulings` as (file below journeys/, line): the second with the verdict in between."""

    def __init__(self, root: Path) -> None:
        self.root = f"{root.resolve()}/"
        self.lines: set[tuple[str, int]] = set()
        self.decisions: set[tuple[str, str, int]] = set()

    @contextmanager
    def tracing(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)

    def _called(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if code.co_filename.startswith(self.root):
            return self._line
        if code is _RULING:
            self._ruled(frame)
        return None

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            self.lines.add((frame.f_code.co_filename[len(self.root) :], frame.f_lineno))
        return self._line

    def _ruled(self, frame: FrameType) -> None:
        verdict = str(getattr(frame.f_locals.get("self"), "effect", ""))
        outer = frame.f_back
        while outer is not None and not outer.f_code.co_filename.startswith(self.root):
            outer = outer.f_back
        if outer is not None:
            self.decisions.add((outer.f_code.co_filename[len(self.root) :], verdict, outer.f_lineno))
