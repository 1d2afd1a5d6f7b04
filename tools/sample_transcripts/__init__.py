"""Generate the transcripts of the sample agent.

A guard is a good conversation with the agent as it is. A mistake is a
conversation that went wrong, because something was removed or loosened first
(`breakages`): a policy, a sentence of a manual, a type. So it passes on the
agent as it is, and fails when the same thing is broken again.

`python -m tools.sample_transcripts` writes all of them to transcripts/, the
same bytes each time. Run it after an intended change of a journey.
"""

from __future__ import annotations

from .guards import GUARDS
from .limits import LIMITS
from .mistakes import MISTAKES

SAMPLES = [*MISTAKES, *GUARDS, *LIMITS]
