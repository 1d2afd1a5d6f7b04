"""Show the progress of a replay: one updated line on a terminal, occasional plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from ..replay.case import Case
from ..replay.verdict import Verdict
from .output import print_status

FIRST_AFTER = 0.5  # seconds without output before progress is shown
REDRAW = 0.1
PLAIN = 15.0  # seconds between plain lines

CLEAR = "\r\x1b[K"


Found = tuple[int, Case]


def with_progress(found: Iterable[Found], total: int, quiet: bool) -> Iterator[Found]:
    """Yield the items of `found`, and show how many of `total` are done, by verdict."""
    terminal = sys.stderr.isatty()
    due = time.monotonic() + (FIRST_AFTER if terminal else PLAIN)
    counts: Counter[Verdict] = Counter()
    drawn = False
    try:
        for index, case in found:
            counts[case.verdict] += 1
            yield index, case
            now = time.monotonic()
            if now < due or quiet:
                continue
            counts_text = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
            line = f"{counts.total()} of {total}: {counts_text}"
            if terminal:
                sys.stderr.write(f"{CLEAR}{line}")
                sys.stderr.flush()
                drawn = True
            else:
                print_status(line)
            due = now + (REDRAW if terminal else PLAIN)
    finally:
        if drawn:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
