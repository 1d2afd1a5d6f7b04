"""Review at scale: how long the list, a filter and a search take over 100,000 conversations.

They are made from the fifty airline ones, each with other ids, words, journeys,
tags and ends, and put into a project of their own that is removed in the end.

    python bench/library.py                 20,000 conversations: two minutes
    python bench/library.py --count 100000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from parts.figures import say, spread
from parts.projects import HERE, RUNS, conversations, sample
from workbench.errors import UsageError
from workbench.store.import_archive import ImportArchive
from workbench.store.indexer import Indexer
from workbench.store.library import IndexedLibrary
from workbench.store.session_log import SessionLogs
from workbench.transcripts.query import Query

TYPED = (
    "gift card", "reservation cancel", '"travel insurance"', "the", "a", "flight to new york", "certificate",
    "tag:refund", "journey:cancellation outcome:limit", "is:marked mark:critical", "in:imports tool:book",
    "tag:angry refund -outcome:replied", "sort:suspicious", "sample:50", "sample:50 sort:suspicious",
    "zzz nothing has this", "-is:reviewed journey:booking",
)  # fmt: skip


def ms(work: Any, *given: Any) -> float:
    began = time.perf_counter()
    work(*given)
    return (time.perf_counter() - began) * 1000


def keys(library: IndexedLibrary) -> tuple[list[float], list[float]]:
    """Milliseconds for each key of what is typed, with the rows in sight: filters, and full text."""
    filters: list[float] = []
    words: list[float] = []
    for typed in TYPED:
        for length in range(1, len(typed) + 1):
            try:
                query = Query.parse(typed[:length])
            except UsageError:
                continue

            def look(query: Query = query) -> None:
                library.page(library.search(query).numbers[:50])

            (words if any(not t.filter for t in query.terms) else filters).append(ms(look))
    return filters, words


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    count = parser.parse_args().count
    if not RUNS.is_file():
        print(f"skipped: it needs {RUNS.relative_to(HERE.parent)}, beside the repository")
        return
    with tempfile.TemporaryDirectory() as name:
        project = sample(Path(name), "airline")
        took = ms(ImportArchive(project.state / "archive.db").add, conversations(count)) / 1000
        say("making and importing", f"{took:.0f} s, {took / count * 1e3:.2f} ms each")
        indexing = Indexer(project.state, project.transcripts)
        took = ms(indexing.refresh) / 1000
        say("building the index", f"{took:.0f} s, {count / took:,.0f} a second")
        say("looking again, nothing changed", f"{ms(indexing.refresh):.0f} ms")
        indexing.close()
        sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(project.state.glob("*.db"))}
        say("on disk", ", ".join(f"{file} {size:.0f} MB" for file, size in sizes.items()))
        library = IndexedLibrary(project, SessionLogs(project.state, project.transcripts))
        say(
            "the list, from a closed file",
            f"{ms(lambda: library.page(library.search(Query()).numbers[:50])):.0f} ms",
            "100 ms",
        )
        filters, words = keys(library)
        say(f"a filter, {len(filters)} keys", spread(filters), "100 ms a key")
        say(f"full text, {len(words)} keys", spread(words), "100 ms a key")
        library.close()


if __name__ == "__main__":
    main()
