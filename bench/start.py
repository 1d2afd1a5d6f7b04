"""Start: `workbench replay` of one file, cold, and the first paint of `workbench`.

Targets: replay at most 150 ms where bare Python takes 12; first paint at most
600 ms. The floor of both is bare Python.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parts.program import COMMAND, ENV, Program
from parts.projects import HERE, sample

ROUNDS = 11


def run(command: list[str], folder: Path) -> float:
    """Milliseconds of wall clock."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=ENV, capture_output=True, check=True)
    return (time.perf_counter() - began) * 1000


def first_paint(folder: Path) -> float:
    """Milliseconds from starting `workbench` in a terminal of 160x48 to its panes being drawn."""
    with Program(folder) as program:
        return program.wait_for("Chat")


def report(name: str, times: list[float], floor: float, target: int) -> None:
    median = statistics.median(times)
    figures = f"median {median:6.1f} ms   min {min(times):6.1f}   {median / floor:5.1f}x bare"
    print(f"{name:24} {figures}   target {target} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample(folder)
        shutil.copytree(HERE / "transcripts" / "support", folder / "transcripts")
        one = str(next((folder / "transcripts").glob("*.json")))
        bare = [run([sys.executable, "-c", ""], folder) for _ in range(ROUNDS)]
        floor = statistics.median(bare)
        run([COMMAND, "replay", one], folder)  # the first time, its code is compiled and kept
        report("bare Python", bare, floor, 12)
        report(
            "replay of one file, cold", [run([COMMAND, "replay", one], folder) for _ in range(ROUNDS)], floor, 150
        )
        first_paint(folder)
        report("first paint", [first_paint(folder) for _ in range(ROUNDS)], floor, 600)


if __name__ == "__main__":
    main()
