"""Key to paint: the real program in a pseudo-terminal, from writing a key to the last byte of its frame.

Target: 95 of 100 within 16 ms, a frame of a screen that is drawn 60 times a
second. Develop holds a conversation of 2,000 steps, Review a list of 100,000.

    python bench/keys.py                    a list of 5,000: a minute
    python bench/keys.py --count 100000     the list takes eight minutes to make
    python bench/keys.py --project FOLDER   a list that was made before
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from parts.figures import p95, say, spread
from parts.program import Program
from parts.projects import HERE, RUNS, long_talk, many_talks, sample

STEPS = 2_000
SIZES = (160, 48), (80, 24)
TARGET = 16  # ms
CTRL_D, CTRL_U, ESC = "\x04", "\x15", "\x1b"
WORDS = ("refund", "order", "zebra")

MOVES = {
    "j": ("j", 120),
    "k": ("k", 120),
    "ctrl+d, ctrl+u": ((CTRL_D * 12 + CTRL_U * 12), 120),
    "G, g": ("Gg", 120),
    "], [": ("]" * 20 + "[" * 20, 120),
}


def measure(name: str, keys: Iterable[str], press: Callable[[str], Any]) -> list[float]:
    """Press these keys, one when all is quiet after the other, and say how long their frames took."""
    painted = [paint for key in keys if (paint := press(key)) is not None]
    if not painted:
        say(name, "nothing was painted")
        return []
    last = [paint.last for paint in painted]
    first = p95([paint.first for paint in painted])
    say(f"  {name}, {len(last)} keys", f"{spread(last)}   first byte {first:5.1f}")
    return last


def run(program: Program, quiet: float, find: str) -> list[float]:
    """All keys, on the screen that is open; between two of them it is quiet for so many seconds."""

    def press(key: str) -> Any:
        program.settle(quiet)
        return program.press(key)

    times: list[float] = []
    for name, (keys, count) in MOVES.items():
        times += measure(name, (keys[i % len(keys)] for i in range(count)), press)
    typed: list[float] = []

    def words() -> Iterable[str]:
        for _ in range(6):
            for word in WORDS:
                program.settle(quiet)
                program.press("/")
                yield from word
                program.press(ESC)
                program.settle(0.3)
                if find == "list":
                    program.press(ESC)

    typed = measure("/, a letter typed", words(), press)
    return times + typed


def screen(name: str, folder: Path, args: list[str], wait: str, find: str) -> None:
    for size in SIZES:
        peeks = find == "list" and size[0] >= 120  # a list that rests shows the conversation beside it
        quiet = 0.2 if peeks else 0.03
        with Program(folder, *args, size=size) as program:
            program.wait_for(wait)
            program.settle(0.4)
            for key in (ESC, "g"):  # to the steps, or to the list; to the first line
                program.press(key)
                program.settle(0.5)
            print(f"{name} {size[0]}x{size[1]}", flush=True)
            times = run(program, quiet, find)
            say(f"  all {len(times)} keys", spread(times), f"p95 {TARGET} ms")
            say("  memory", f"{program.memory():.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--project", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = sample(Path(name))
        long_talk(project, STEPS)
        screen(f"Develop, {STEPS:,} steps,", project.root, ["dev", "--resume", "long"], "Chat", "events")
    if given.project:
        screen("Review", given.project, ["review"], "List", "list")
    elif not RUNS.is_file():
        print(f"Review is skipped: it needs {RUNS.relative_to(HERE.parent)}, beside the repository")
    else:
        with tempfile.TemporaryDirectory() as name:
            project = sample(Path(name), "airline")
            many_talks(project, given.count)
            screen(f"Review, {given.count:,} conversations,", project.root, ["review"], "List", "list")


if __name__ == "__main__":
    main()
