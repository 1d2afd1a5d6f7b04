"""The seam behind which transcripts are replayed: plain work and paths go in, cases come out.

A pool may be the processes of this machine or an engine over many: what it is
handed is plain data, and `share.do` does a share of it wherever the files are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from ..replay.case import Case
from .crew import PATIENCE, Files, run
from .elsewhere import RUNS, Twice
from .share import Share, Work


class Pool(Protocol):
    def cases(self, work: Work, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        """(index, case) of every path, in any order, each once.

        A path whose process goes away or hangs has an ERROR for a case (`share.lost`): none is left out.
        """
        ...


class Crew(NamedTuple):
    """Processes forked from this one, so many (0: one a core). One silent for `patience` seconds hangs."""

    jobs: int = 0
    patience: float = PATIENCE

    def cases(self, work: Work, paths: Sequence[str]) -> Iterator[tuple[int, Case]]:
        one, patience = Share(work).case, self.patience
        if work.options.twice:
            one, patience = Twice(work, patience).case, patience * (RUNS + 1)
        task = Files(one, list(paths))
        return run(task, len(paths), Path(work.journeys), jobs=self.jobs, patience=patience)


def pool(jobs: int = 0, patience: float = PATIENCE) -> Pool:
    """The pool that `workbench replay` uses: the one place where another is put."""
    return Crew(jobs, patience)
