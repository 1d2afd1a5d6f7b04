"""What the panes show of a conversation: read-only, whoever owns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...runtime.protocol import Differs, Reran
from ...trace.events import Decision, Entered, Prompt
from ...trace.setup import Setup
from ...trace.step_id import Place
from ...trace.steps import Move, moves
from ...trace.trace import Trace
from ...transcripts.transcript import Mark


@dataclass(frozen=True)
class View:
    """A conversation with its marks and, after a reload, its re-run."""

    trace: Trace
    setup: Setup
    marks: dict[str, Mark]
    rerun: Reran | None = None

    def difference(self, place: Place) -> Differs | None:
        at = str(place)
        return next((d for d in self.rerun.differences if d.place == at), None) if self.rerun else None

    def rerun_move(self, place: Place) -> Move | None:
        if self.rerun is None:
            return None
        steps = [s for s in self.rerun.steps if s.turn == place.turn]
        return next((m for t in moves(steps) for m in t.moves if m.place == place), None)

    @property
    def imported(self) -> bool:
        """Whether it comes from a log that holds messages alone: no journeys, policies or worlds."""
        return not any(
            isinstance(s, Entered | Decision) or (isinstance(s, Prompt) and (s.journeys or s.policies or s.hidden))
            for s in self.trace
        )

    def card(self, version: str) -> dict[str, Any]:
        """What a policy stood for when it decided: {policy, rule, why, source}."""
        found = self.trace.exhibits.get(version)
        if not isinstance(found, dict) and self.rerun is not None:
            found = self.rerun.exhibits.get(version)
        return found if isinstance(found, dict) else {}
