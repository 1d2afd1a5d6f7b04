"""`python -m workbench`, and the console script: light, because every worker runs past it."""

from __future__ import annotations

import sys


def main() -> None:
    import gc
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that every finally runs
    gc.set_threshold(100_000, 20, 20)  # collecting while everything is being imported costs 12 ms

    from .cli import run

    code = run(sys.argv[1:])
    gc.freeze()  # and a last collection, of what is all still in use, another 15
    sys.exit(code)


if __name__ == "__main__":
    main()
