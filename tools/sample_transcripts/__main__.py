"""Write every sample transcript to transcripts/."""

from __future__ import annotations

import sys

from workbench.replay.judge import replay
from workbench.replay.verdict import Verdict
from workbench.testing import load_agent
from workbench.transcripts.files import write

from . import SAMPLES
from .recorder import record
from .sample import AGENT, JOURNEYS


def main() -> None:
    today = load_agent(JOURNEYS, AGENT).agent
    for sample in SAMPLES:
        transcript = record(sample)
        outcome = replay(transcript, today)
        if outcome.verdict is not Verdict.PASS:
            sys.exit(f"{sample.title}: {outcome.verdict}: {outcome.why}")
        write(sample.path, transcript)
    made = {s.path for s in SAMPLES}
    sys.stderr.write(f"{len(made)} transcripts\n")
    for path in sorted({p for s in SAMPLES for p in s.path.parent.glob("*.json")} - made):
        sys.stderr.write(f"not made by this table: {path.parent.name}/{path.name}\n")


if __name__ == "__main__":
    main()
