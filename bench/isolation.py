"""A process for each transcript and a shared one, side by side: `python bench/isolation.py [ROUNDS]`.

Prints for the samples: the time of a transcript in both modes, pages copied for a process, the start
of the command on one file beside bare Python, and a thousand transcripts through the command.
With `--archive N` also N copies of the samples' files through the command, in both modes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from workbench.runtime.pool import pool
from workbench.runtime.replay_job import ReplayJob
from workbench.transcripts.files import find

HERE = Path(__file__).resolve().parents[1]
WORKBENCH = str(Path(sys.executable).with_name("workbench"))


def replayed(paths: Sequence[str], shared: bool) -> float:
    """The seconds of one replay of these files, the start of the servers included."""
    began = time.perf_counter()
    cases = list(pool().cases(ReplayJob(str(HERE / "journeys"), shared=shared), paths))
    assert all(case.verdict == "PASS" for _, case in cases)
    return time.perf_counter() - began


def command(arguments: Sequence[str], folder: Path) -> float:
    """The seconds of one command."""
    began = time.perf_counter()
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def archive(folder: Path, count: int) -> None:
    """Copy the samples into a project of `count` files with different ids."""
    shutil.copytree(HERE / "journeys", folder / "journeys")
    shutil.copytree(HERE / "transcripts/blobs", folder / "transcripts/blobs")
    texts = [path.read_text() for path in sorted(find([HERE / "transcripts"]))]
    for number in range(count):
        text = texts[number % len(texts)].replace('"id": "', f'"id": "n{number}-', 1)
        (folder / f"transcripts/{number:06}.json").write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--archive", type=int, default=1000)
    options = parser.parse_args()
    paths = sorted(map(str, find([HERE / "transcripts"]))) * 10
    isolated, shared = (min(replayed(paths, mode) for _ in range(options.rounds)) for mode in (False, True))
    print(f"{len(paths)} transcripts on {os.cpu_count()} cores, milliseconds each:")
    print(f"  a process each {isolated / len(paths) * 1e3:6.2f}")
    print(f"  shared process {shared / len(paths) * 1e3:6.2f}   ratio {isolated / shared:.1f} (at most 4)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive(folder, options.archive)
        first = str(folder / "transcripts/000000.json")
        bare = min(command([sys.executable, "-c", "pass"], folder) for _ in range(5))
        one = min(command([WORKBENCH, "replay", first], folder) for _ in range(5))
        print(f"one file, cold: {one * 1e3:.0f} ms; bare Python {bare * 1e3:.0f} ms; ratio {one / bare:.1f}")
        for mode in ([], ["--shared-process"]):
            took = command([WORKBENCH, "replay", "-q", *mode], folder)
            print(f"{options.archive} files through the command{' ' + mode[0] if mode else '':18} {took:7.2f} s")


if __name__ == "__main__":
    main()
