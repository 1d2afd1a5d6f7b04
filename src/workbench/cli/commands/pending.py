"""`workbench pending`: list, show, accept or reject re-recordings."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import TranscriptError, UsageError
from ...replay.exit_codes import Exit
from ...store.project import project_for
from ...text import pluralize
from ...trace.describe import describe_pair, describe_step
from ...transcripts import pending
from ...transcripts.codec import read
from ...transcripts.transcript import Transcript
from ...workspace.comparison import Comparison, Side, compare
from ..output import print_status, write_line


def list_pending() -> Exit:
    """Print the transcripts with a pending re-recording."""
    there = _waiting([])
    for path in there:
        write_line(str(path))
    print_status(pluralize(len(there), "pending re-recording") if there else "no pending re-recordings")
    return Exit.OK


def show_pending(files: list[Path]) -> Exit:
    """Show the given re-recordings, or all."""
    chosen = _named(files) or _waiting(files)
    for path in chosen:
        _show(path)
    return _ended(chosen)


def accept_pending(files: list[Path], all_: bool) -> Exit:
    """Replace transcripts by their pending re-recordings. Raises UsageError or TranscriptError."""
    chosen = _decidable("accept", files, all_)
    for path in chosen:
        _show(path)
        pending.accept(path)
        print_status(f"{path}: accepted; review the change and commit it")
    return _ended(chosen)


def reject_pending(files: list[Path], all_: bool) -> Exit:
    """Delete pending re-recordings. Raises UsageError or TranscriptError."""
    chosen = _decidable("reject", files, all_)
    for path in chosen:
        pending.reject(path)
        print_status(f"{path}: rejected; the transcript stays as it was")
    return _ended(chosen)


def _decidable(word: str, files: list[Path], all_: bool) -> list[Path]:
    """Return the files to accept or reject. Raises UsageError if none is named, and in CI."""
    if not files and not all_:
        raise UsageError(f"name the transcripts to {word}", hint=f"workbench pending {word} FILE, or --all")
    chosen = _named(files) or _waiting(files)
    if chosen and os.environ.get("CI"):
        raise UsageError(
            f"pending {word} needs a human decision and does not run in CI", hint="run it on your own machine"
        )
    return chosen


def _named(files: list[Path]) -> list[Path]:
    return [pending.resolve_pending(path) for path in files]


def _waiting(files: list[Path]) -> list[Path]:
    project = project_for(files[0] if files else None)
    return [Path(os.path.relpath(path)) for path in pending.list_pending(project.transcripts)]


def _ended(chosen: list[Path]) -> Exit:
    if not chosen:
        print_status("no pending re-recordings")
    return Exit.OK if chosen else Exit.NO_TESTS


def _show(path: Path) -> None:
    made = pending.read_pending(path)
    print_status(f"{path}  {made.title[:80]}")
    try:
        show_difference(read(path), made)
    except TranscriptError as error:
        print_status(f"  cannot compare with the transcript: {error.message}")


def show_difference(before: Transcript, after: Transcript) -> None:
    """Print the actions of both runs where they differ, and the consequences of the first difference."""
    try:
        found = compare(
            Side("record", "the recording", "the recording", before.setup, before.trace),
            Side("pending", "the re-recording", "the re-recording", after.setup, after.trace),
        )
    except UsageError as error:
        print_status(f"  {error.message}")
        return
    for line in difference(found):
        write_line(line)
    if found.first < 0:
        print_status("  same actions and texts in both runs")


def difference(found: Comparison) -> list[str]:
    """Return the differing rows of a comparison as text."""
    lines = []
    for index, pair in enumerate(found.pairs):
        if not pair.differs:
            continue
        if found.is_consequence(index) and "  consequences:" not in lines:
            lines.append("  consequences:")
        if pair.left is not None and pair.right is not None:
            one, other = describe_pair(pair.left, pair.right)
            lines += [f"    - {pair.left.step_id}  {one}", f"    + {pair.right.step_id}  {other}"]
        else:
            lines += [f"    - {m.step_id}  {describe_step(m)}" for m in (pair.left,) if m is not None]
            lines += [f"    + {m.step_id}  {describe_step(m)}" for m in (pair.right,) if m is not None]
    return lines
