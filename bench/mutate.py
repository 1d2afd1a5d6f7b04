"""How fast mutants are tried, and what the sample agent's transcripts notice: `python bench/mutate.py`.

The floor is one replay of all transcripts in one process, times the mutants: what it
would cost to try each against all of them, and nothing else.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from parts.figures import say
from workbench.mutation.mutants import generate_mutants
from workbench.mutation.run import read_sources, run_baseline, run_mutants
from workbench.mutation.score import score
from workbench.replay.verdict import Options
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replayer import Replayer
from workbench.transcripts.codec import read
from workbench.transcripts.files import find

HERE = Path(__file__).resolve().parents[1]
AGENT = "support"


def main() -> None:
    root = HERE / "journeys"
    transcripts = [read(path) for path in find([HERE / "transcripts"])]
    began = time.perf_counter()
    made = generate_mutants(read_sources(root), AGENT)
    say("making mutants", f"{len(made)} in {time.perf_counter() - began:.1f} s")
    share = Replayer(ReplayJob(str(root)))
    share.agent(AGENT)
    began = time.perf_counter()
    for transcript in transcripts:
        share.outcome(transcript)
    each = time.perf_counter() - began
    say("one replay of all", f"{len(transcripts)} transcripts, {each * 1000:.0f} ms")
    for tools in ("recorded", "sandbox"):
        options = Options(tools)
        began = time.perf_counter()
        base = run_baseline(root, AGENT, transcripts, seconds=60, options=options)
        heard = time.perf_counter() - began
        fates = list(run_mutants(root, AGENT, base, made, seconds=30, options=options))
        took = time.perf_counter() - began - heard
        scored = score(fates)
        floor = scored.all * each / (os.cpu_count() or 1)
        say(f"--tools={tools}: what is reached", f"{heard:.1f} s, {len(base.left_out)} left out")
        say(
            f"--tools={tools}: {scored.all} mutants",
            f"{took:.1f} s, {scored.all / took:.0f} a second",
            f"{floor:.1f} s",
        )
        say(f"--tools={tools}: score", f"{scored.percent} %, {scored.survived + scored.no_coverage} left", "95 %")


if __name__ == "__main__":
    main()
