"""The read-only data of a conversation that the panes show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...runtime.protocol import DifferenceInfo, RerunDone
from ...trace.events import TurnEnded
from ...trace.setup import Setup
from ...trace.step_id import StepId
from ...trace.steps import Step, group_steps
from ...trace.trace import Trace
from ...transcripts.transcript import Annotation


@dataclass(frozen=True)
class View:
    """A conversation with its annotations and, after a reload, its rerun."""

    trace: Trace
    setup: Setup
    annotations: dict[str, Annotation]
    rerun: RerunDone | None = None
    retry: str = ""  # names the key that tries a failed turn again, where there is one

    def difference(self, step_id: StepId) -> DifferenceInfo | None:
        at = str(step_id)
        return next((d for d in self.rerun.differences if d.step_id == at), None) if self.rerun else None

    def rerun_step(self, step_id: StepId) -> Step | None:
        if self.rerun is None:
            return None
        events = [s for s in self.rerun.events if s.turn == step_id.turn]
        return next((m for t in group_steps(events) for m in t.steps if m.step_id == step_id), None)

    @property
    def imported(self) -> bool:
        """Return whether it comes from a log that contains only messages: no journeys, policies or worlds."""
        continued = any(isinstance(event, TurnEnded) for event in self.trace)  # a turn that ran here
        return self.setup.imported and not continued

    def policy_info(self, version: str) -> dict[str, Any]:
        """Return the description of a policy when it decided: {policy, rule, why, source}."""
        found = self.trace.blobs.get(version)
        if not isinstance(found, dict) and self.rerun is not None:
            found = self.rerun.blobs.get(version)
        return found if isinstance(found, dict) else {}
