"""`python -m workbench`, and the console script. It imports little, because every worker process executes it."""

from __future__ import annotations

import sys


def fill() -> None:
    """Open the null device for closed standard streams, so that no other file gets their descriptors."""
    import os

    for number, name, mode in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            os.open(os.devnull, mode)  # gets the lowest free descriptor; writing to stdout still fails
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def main() -> None:
    import gc
    import signal

    if None in (sys.stdin, sys.stdout, sys.stderr):
        fill()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # runs all `finally` blocks
    gc.set_threshold(100_000, 20, 20)  # garbage collection during imports costs 12 ms

    from .cli import run

    code = run(sys.argv[1:])
    gc.freeze()  # a last collection would cost another 15 ms
    sys.exit(code)


if __name__ == "__main__":
    main()
