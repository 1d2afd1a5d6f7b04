"""`workbench fmt`: write transcripts in canonical form, and check them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from ...check.blob_format import blob_findings, check_blob, references, rewrite_blobs, unreferenced
from ...check.transcript_format import TranscriptFormat, committed_pending, duplicate_ids
from ...findings import Finding
from ...replay.exit_codes import Exit
from ...store.project import project_for
from ...store.selection import select_names
from ...text import pluralize
from ...transcripts.blob_store import FOLDER, blob_files, is_blob
from ...transcripts.files import LIVE_RESULT, find, write
from ...transcripts.query import Query
from ..output import print_status, write_line
from ..selection import print_not_collected


def fmt(paths: list[Path], query: Query, check: bool, upgrade: bool, diff: bool) -> Exit:
    """Write transcripts in canonical form, or check them: FAILED for findings. Raises UsageError."""
    project = project_for(paths[0] if paths else None)
    left: list[str] = []
    rest = None if paths else left
    every = [_from_here(p) for p in find([project.transcripts], rest)] if project.transcripts.is_dir() else []
    blobs = [path for path in paths if is_blob(path)]
    named = [path for path in paths if path not in blobs]
    found = find(named, left) if paths else every
    chosen = [path for path in found if not path.name.endswith(LIVE_RESULT)]
    print_not_collected(left)
    if paths and not chosen and not blobs:
        print_status("nothing to check: a live result has no canonical form")
        return Exit.OK
    chosen = [Path(name) for name in select_names([str(path) for path in chosen], query)]
    if not chosen and not blobs:
        print_status("nothing to do: no transcript was selected")
        return Exit.NO_TESTS
    forms = [TranscriptFormat(path) for path in chosen]
    if diff:
        for form in forms:
            _show(form)
    folders = [] if query else [path for path in paths or [_from_here(project.transcripts)] if path.is_dir()]
    if check:
        more = [*duplicate_ids(chosen, every), *committed_pending(_from_here(project.transcripts), chosen)]
        more += [finding for path in blobs for finding in check_blob(path)]
        for folder in folders:
            more += blob_findings(folder, references(folder, forms))
        return _check(forms, more)
    if diff:
        return Exit.OK
    code = _write(forms, upgrade)
    rewrite_blobs(blobs)
    for folder in folders:
        _tidy_blobs(folder, forms)
    return code


def _tidy_blobs(folder: Path, forms: list[TranscriptFormat]) -> None:
    """Write the blobs of a transcripts folder in canonical form, and remove those that nothing refers to."""
    found = references(folder, forms)
    if found.unreadable is not None:
        print_status(f"no blob was removed: {found.unreadable} cannot be read")
    removed = unreferenced(folder, found)
    for path in removed:
        path.unlink(missing_ok=True)
    written = rewrite_blobs(blob_files(folder / FOLDER))
    if removed or written:
        print_status(f"{pluralize(len(removed), 'blob')} removed, {len(written)} written")


def _from_here(path: Path) -> Path:
    return Path(os.path.relpath(path))


def _check(forms: list[TranscriptFormat], more: Iterable[Finding]) -> Exit:
    """Print every finding as one line, in a format for editors and hooks."""
    findings = [*(finding for form in forms for finding in form.findings()), *more]
    for f in findings:
        write_line(f"{f.file}:{f.line or 1}: {f.rule}: {f.message}" + (f" (next: {f.hint})" if f.hint else ""))
    wrong = len({f.file for f in findings})
    print_status(
        f"{pluralize(len(forms), 'transcript')}: {'all in order' if not wrong else f'{wrong} with findings'}"
    )
    return Exit.FAILED if findings else Exit.OK


def _show(form: TranscriptFormat) -> None:
    """Print what writing would change, as a unified diff."""
    if form.canonical is None or form.is_canonical:
        return
    before, after = (d.decode("utf-8", "replace").splitlines() for d in (form.data, form.canonical))
    for line in difflib.unified_diff(before, after, form.name, f"{form.name} (canonical)", lineterm=""):
        write_line(line)


def _write(forms: list[TranscriptFormat], upgrade: bool) -> Exit:
    """Write the files that are not canonical; unreadable ones are not changed."""
    code, written, left = Exit.OK, 0, 0
    for form in forms:
        if form.problem is not None:
            print_status(f"error {form.problem}")
            code = Exit.USAGE_ERROR
        elif form.is_old_format and not upgrade:
            print_status(f"{form.name}: older format, not changed\n  next: workbench fmt --upgrade {form.name}")
            left += 1
        elif form.transcript is not None and not form.is_canonical:
            write(form.path, form.transcript)
            print_status(f"{form.name}: written" + (" in the current format" if form.is_old_format else ""))
            written += 1
    rest = f", {left} of an older format" if left else ""
    print_status(f"{pluralize(len(forms), 'transcript')}: {written or 'none'} written{rest}")
    return code
