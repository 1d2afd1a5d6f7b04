"""`python -m workbench`, and the console script: light, because every worker runs past it."""

from __future__ import annotations

import sys


def fill() -> None:
    """Give streams that are closed an end: else the next file that is opened gets their number."""
    import os

    for number, name, mode in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            os.open(os.devnull, mode)  # the lowest number there is; to stdout nothing can be written
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def main() -> None:
    import gc
    import signal

    if None in (sys.stdin, sys.stdout, sys.stderr):
        fill()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that every finally runs
    gc.set_threshold(100_000, 20, 20)  # collecting while everything is being imported costs 12 ms

    from .cli import run

    code = run(sys.argv[1:])
    gc.freeze()  # and a last collection, of what is all still in use, another 15
    sys.exit(code)


if __name__ == "__main__":
    main()
