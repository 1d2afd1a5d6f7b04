"""Trace the lines, policies and decisions of journey code that a replay executes, in a forked process only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ..authoring.policy import Decision, Policy
from ..engine.policies import Policies

_DECISION = Decision.__init__.__code__
_EVALUATION = Policies._evaluate.__code__


class LineTracer:
    """Collects `lines` as (file, line) and `decisions` as (file, effect, line); files are below journeys/.

    `policies` are the full names of the policies that were evaluated.
    """

    def __init__(self, root: Path) -> None:
        self.root = f"{root.resolve()}/"
        self.lines: set[tuple[str, int]] = set()
        self.decisions: set[tuple[str, str, int]] = set()
        self.policies: set[str] = set()

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Trace everything inside."""
        before = sys.gettrace()
        sys.settrace(self._on_call)
        try:
            yield
        finally:
            sys.settrace(before)

    def _on_call(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if code.co_filename.startswith(self.root):
            return self._on_line
        if code is _DECISION:
            self._on_decision(frame)
        elif code is _EVALUATION:
            policy: Policy = frame.f_locals["policy"]
            self.policies.add(policy.full_name)
        return None

    def _on_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            self.lines.add((frame.f_code.co_filename[len(self.root) :], frame.f_lineno))
        return self._on_line

    def _on_decision(self, frame: FrameType) -> None:
        effect = str(getattr(frame.f_locals.get("self"), "effect", ""))
        outer = frame.f_back
        while outer is not None and not outer.f_code.co_filename.startswith(self.root):
            outer = outer.f_back
        if outer is not None:
            self.decisions.add((outer.f_code.co_filename[len(self.root) :], effect, outer.f_lineno))
