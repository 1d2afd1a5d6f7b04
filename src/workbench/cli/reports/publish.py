"""The reports that were asked for: where each goes, and writing them all, whatever becomes of one."""

from __future__ import annotations

from importlib import import_module

import msgspec

from ...errors import UsageError
from ...replay.exit_codes import Exit, worst
from ...replay.summary import Tally
from ..output import complain
from .destination import check, deliver
from .text import tell

FORMS = {"json": "json_report", "junit": "junit", "markdown": "markdown"}  # modules, imported when asked for


class Reports(msgspec.Struct, frozen=True):
    """A file for each form, "-" for stdout, "" for none. `github`: also as notes and a summary there."""

    json: str = ""
    junit: str = ""
    markdown: str = ""
    github: bool = False
    quiet: bool = False

    def check(self) -> None:
        """Raises UsageError for a place that no report can go to, or where two would."""
        check(*(getattr(self, form) for form in FORMS if getattr(self, form)))

    def publish(self, tally: Tally) -> Exit:
        """Tell the tally to a person, then write what was asked for. A report that cannot be written is USAGE."""
        try:
            self._tell(tally)
        finally:  # also where nobody listens any more
            failed = [not self._write(form, tally) for form in FORMS if getattr(self, form)]
        if self.github and tally.part is None:
            failed.append(not self._summarize(tally))
        return worst({tally.code, Exit.USAGE if any(failed) else Exit.OK})

    def _tell(self, tally: Tally) -> None:
        if not self.github:
            tell(tally, self.quiet)
            return
        from . import github

        with github.hushed():
            tell(tally, self.quiet)
        if tally.part is None:  # a shard does not decide: the merge does, and makes the notes
            github.annotate(tally)

    def _write(self, form: str, tally: Tally) -> bool:
        text = import_module(f".{FORMS[form]}", __package__).render(tally)
        try:
            deliver(getattr(self, form), text.encode("utf-8", "replace"))
        except UsageError as error:
            complain(error)
            return False
        return True

    def _summarize(self, tally: Tally) -> bool:
        from . import github

        try:
            github.summarize(tally)
        except OSError as error:
            where = "GITHUB_STEP_SUMMARY"
            complain(UsageError(f"the report cannot be written: {error.strerror}", where=where))
            return False
        return True
