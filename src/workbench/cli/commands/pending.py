"""`workbench pending`: what was recorded anew, shown beside what it would replace; a person accepts or rejects."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import TranscriptError, UsageError
from ...replay.exit_codes import Exit
from ...store.project import project_for
from ...text import clean
from ...trace.describe import sides, tell
from ...transcripts import pending
from ...transcripts.codec import read
from ...transcripts.transcript import Transcript
from ...workspace.comparison import Comparison, Side, compare
from ..output import out, say

WORDS = ("list", "show", "accept", "reject")


def decide(word: str, files: list[Path], every: bool) -> Exit:
    if word not in WORDS:
        raise UsageError(f"there is no `pending {word}`", next=f"one of: {', '.join(WORDS)}")
    project = project_for(files[0] if files else None)
    there = [Path(os.path.relpath(p)) for p in pending.waiting(project.transcripts)]
    if word == "list":
        for path in there:
            out(str(path))
        say(f"{len(there) or 'nothing'} pending")
        return Exit.OK
    if not files and not every and word != "show":
        raise UsageError(f"say which to {word}", next=f"workbench pending {word} FILE, or --all")
    chosen = [pending.named(path) for path in files] if files else there
    if not chosen:
        say("nothing is pending")
        return Exit.NOTHING
    if word != "show" and os.environ.get("CI"):
        raise UsageError(f"{word} is a person's word and is refused in CI", next="run it on your own machine")
    for path in chosen:
        if word != "reject":
            _show(path)
        if word == "accept":
            pending.accept(path)
            say(f"{path}: accepted; review the change and commit it")
        elif word == "reject":
            pending.reject(path)
            say(f"{path}: rejected; the record stays as it was")
    return Exit.OK


def _show(path: Path) -> None:
    made = pending.read_pending(path)
    say(f"{path}  {clean(made.title)[:80]}")
    try:
        show_difference(read(path), made)
    except TranscriptError as error:
        say(f"  no record to compare with: {clean(error.message)}")


def show_difference(before: Transcript, after: Transcript) -> None:
    """The deeds of both runs where they differ; what follows from the first difference is dim in words too."""
    try:
        found = compare(
            Side("record", "the record", "the record", before.setup, before.trace),
            Side("pending", "the new run", "the new run", after.setup, after.trace),
        )
    except UsageError as error:
        say(f"  {error.message}")
        return
    for line in difference(found):
        out(clean(line))
    if found.first < 0:
        say("  the same deeds and words in both runs")


def difference(found: Comparison) -> list[str]:
    """The rows in which two runs part, as text; what only one of them has is one line."""
    lines = []
    for index, pair in enumerate(found.pairs):
        if not pair.parts:
            continue
        if found.follows(index) and "  what follows from that:" not in lines:
            lines.append("  what follows from that:")
        if pair.left is not None and pair.right is not None:
            one, other = sides(pair.left, pair.right)
            lines += [f"    - {pair.left.place}  {one}", f"    + {pair.right.place}  {other}"]
        else:
            lines += [f"    - {m.place}  {tell(m)}" for m in (pair.left,) if m is not None]
            lines += [f"    + {m.place}  {tell(m)}" for m in (pair.right,) if m is not None]
    return lines
