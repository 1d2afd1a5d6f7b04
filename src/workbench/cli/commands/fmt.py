"""`workbench fmt`: transcripts in canonical form, and what may not stand in one."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from ...check.transcript_format import Form, committed, doubles
from ...findings import Finding
from ...replay.exit_codes import Exit
from ...store.project import project_for
from ...store.selection import select_names
from ...text import clean, count
from ...transcripts.codec import decode
from ...transcripts.files import RECEIPT, find, write
from ...transcripts.query import Query
from ..output import out, say


def fmt(paths: list[Path], query: Query, check: bool, upgrade: bool, diff: bool) -> Exit:
    project = project_for(paths[0] if paths else None)
    every = [_from_here(p) for p in find([project.transcripts])] if project.transcripts.is_dir() else []
    chosen = [path for path in find(paths) if not path.name.endswith(RECEIPT)] if paths else every
    if paths and not chosen:
        say("nothing to look at: a receipt has no form of its own")
        return Exit.OK
    chosen = [Path(name) for name in select_names([str(path) for path in chosen], query)]
    if not chosen:
        say("nothing to look at: no transcript is selected")
        return Exit.NOTHING
    forms = [Form(path) for path in chosen]
    if diff:
        for form in forms:
            _show(form)
    if check:
        return _check(forms, [*doubles(chosen, every), *committed(_from_here(project.transcripts), chosen)])
    return Exit.OK if diff else _write(forms, upgrade)


def _from_here(path: Path) -> Path:
    return Path(os.path.relpath(path))


def _check(forms: list[Form], more: Iterable[Finding]) -> Exit:
    """Every finding on a line of stdout, as an editor or a hook reads it."""
    findings = [*(finding for form in forms for finding in form.findings()), *more]
    for f in findings:
        out(clean(f"{f.file}:{f.line or 1}: {f.rule}: {f.message}" + (f" (next: {f.next})" if f.next else "")))
    wrong = len({f.file for f in findings})
    say(f"{count(len(forms), 'transcript')}: {'all in order' if not wrong else f'{wrong} not in order'}")
    return Exit.RED if findings else Exit.OK


def _show(form: Form) -> None:
    """What writing it would change, as a unified diff on stdout."""
    if form.fresh is None or form.tidy:
        return
    before, after = (d.decode("utf-8", "replace").splitlines() for d in (form.data, form.fresh))
    for line in difflib.unified_diff(before, after, form.name, f"{form.name} (canonical)", lineterm=""):
        out(clean(line))


def _write(forms: list[Form], upgrade: bool) -> Exit:
    """Write those that are not as they should be. What cannot be read stays as it is."""
    code, written, left = Exit.OK, 0, 0
    for form in forms:
        if form.problem is not None:
            say(f"error {form.problem}")
            code = Exit.USAGE
        elif form.older and not upgrade:
            say(f"{form.name}: of an older format, left as it is\n  next: workbench fmt --upgrade {form.name}")
            left += 1
        elif not form.tidy:
            write(form.path, decode(form.data, form.name))
            say(f"{form.name}: written" + (" in today's format" if form.older else ""))
            written += 1
    rest = f", {left} of an older format" if left else ""
    say(f"{count(len(forms), 'transcript')}: {written or 'none'} written{rest}")
    return code
