"""`python -m workbench`, and the console script: light, because every worker runs past it."""

from __future__ import annotations

import sys


def main() -> None:
    import gc

    gc.set_threshold(100_000, 20, 20)  # collecting while everything is being imported costs 12 ms

    from .cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
