"""Ten thousand broken files through the command itself: it ends with 4, names each, and judges the good ones.

    python bench/broken.py [COUNT]

Files are broken by the dice of tests/support/broken.py; beside them lie what is no file at
all (a pipe, a device, a folder, links that lead nowhere or in a circle) and one of
200 MB. In between stand good transcripts, which must all come out PASS.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.broken import Breaker, samples  # noqa: E402

GOOD_EVERY = 100
HUGE = 200 << 20


def lay_out(folder: Path, count: int) -> int:
    """Write `count` broken files, and good ones between them; how many good ones."""
    good = 0
    sample = samples()
    for number in range(count):
        rng = Random(number)
        whole = rng.choice(sample)
        if number % GOOD_EVERY == 0:
            good += 1
            fine = {**whole, "id": f"good-{number}"}
            (folder / f"good-{number:05}.json").write_text(json.dumps(fine))
        whole = {**whole, "id": f"broken-{number}"}
        (folder / f"broken-{number:05}.json").write_bytes(Breaker(rng).of(whole))
    os.mkfifo(folder / "pipe.json")
    (folder / "device.json").symlink_to("/dev/zero")
    (folder / "folder.json").mkdir()
    (folder / "nowhere.json").symlink_to("is-not-there")
    (folder / "circle.json").symlink_to("circle.json")
    (folder / "circle").symlink_to(".")
    with (folder / "huge.json").open("wb") as file:
        file.truncate(HUGE)
    return good


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        shutil.copytree(ROOT / "journeys", project / "journeys")
        folder = project / "transcripts"
        folder.mkdir()
        good = lay_out(folder, count)
        began = time.perf_counter()
        command = [sys.executable, "-m", "workbench", "replay", "--json", "out.json", "--quiet"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=600)
        seconds = time.perf_counter() - began
        if not (project / "out.json").exists():
            sys.exit(done.stderr[-3000:])
        report = json.loads((project / "out.json").read_bytes())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    cases = report["transcripts"]
    passed = {c["path"] for c in cases if c["verdict"] == "PASS"}
    print(f"{len(cases):,} files in {seconds:.1f} s, {peak:.0f} MB at most, exit code {done.returncode}")
    print("  " + ", ".join(f"{n:,} {v}" for v, n in Counter(c["verdict"] for c in cases).items()))
    lost = good - sum("good-" in path for path in passed)
    odd = [c for c in cases if c["verdict"] == "ERROR" and ("Traceback" in c["why"] or not c["why"])]
    blind = [c for c in cases if c["verdict"] == "ERROR" and not c["id"] and Path(c["path"]).name not in c["why"]]
    hung = [c for c in cases if "hung" in c["why"] or "ended its process" in c["why"]]
    for what, found in (("a traceback", odd), ("no place", blind), ("hung or died", hung)):
        for case in found[:5]:
            print(f"  {what}: {case['path']}: {case['why'][-400:]}")
    print(
        f"  good ones lost {lost}, tracebacks {len(odd)}, without a place {len(blind)}, hung or died {len(hung)}"
    )
    print(f"  {len(passed) - good + lost:,} broken ones pass: it was a title, a time, an order of keys")
    if done.returncode != 4 or lost or odd or blind or hung or "Traceback" in done.stderr:
        sys.exit(done.stderr[-2000:] or "not as it should be")


if __name__ == "__main__":
    main()
