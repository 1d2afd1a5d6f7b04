"""`python -m workbench` and the console script; imports little, because every worker process executes it."""

from __future__ import annotations

import sys


def open_missing_streams() -> None:
    """Open the null device for closed streams: otherwise the next opened file gets their number."""
    import os

    for number, name, mode in ((0, "stdin", os.O_RDONLY), (1, "stdout", os.O_RDONLY), (2, "stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, mode)  # gets the lowest free number; writing to stdout then fails
            os.set_inheritable(opened, True)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def main() -> None:
    """Run the command line."""
    import gc
    import signal

    if None in (sys.stdin, sys.stdout, sys.stderr):
        open_missing_streams()

    if sys.argv[1:2] == ["replay"] and not {"-h", "--help"} & {*sys.argv}:
        from .runtime.server_start import prestart

        prestart()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that every finally runs
    gc.set_threshold(100_000, 20, 20)  # collections during the imports cost 12 ms

    try:
        from .cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # during the imports: a command reports its own
        sys.stderr.write("interrupted\n")
        sys.exit(2)
    gc.freeze()  # a last collection, of objects that are all in use, costs 15 ms more
    sys.exit(code)


if __name__ == "__main__":
    main()
