"""The reports that were asked for: where each goes, and writing them all, whatever becomes of one."""

from __future__ import annotations

from importlib import import_module

import msgspec

from ...errors import UsageError
from ...replay.exit_codes import Exit, worst
from ...replay.summary import Summary
from ..output import print_error
from .destination import check_destinations, write_report
from .text import print_report

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
        check_destinations(*(getattr(self, form) for form in FORMS if getattr(self, form)))

    def publish(self, tally: Summary) -> Exit:
        """Tell the tally to a person, then write what was asked for. A report that cannot be written is USAGE."""
        try:
            self._print_summary(tally)
        finally:  # also where nobody listens any more
            failed = [not self._write(form, tally) for form in FORMS if getattr(self, form)]
        if self.github and tally.part is None:
            failed.append(not self._summarize(tally))
        return worst({tally.code, Exit.USAGE_ERROR if any(failed) else Exit.OK})

    def _print_summary(self, tally: Summary) -> None:
        if not self.github:
            print_report(tally, self.quiet)
            return
        from . import github

        with github.workflow_commands_disabled():
            print_report(tally, self.quiet)
        if tally.part is None:  # a shard does not decide: the merge does, and makes the notes
            github.annotate(tally)

    def _write(self, form: str, tally: Summary) -> bool:
        text = import_module(f".{FORMS[form]}", __package__).render(tally)
        try:
            write_report(getattr(self, form), text.encode("utf-8", "replace"))
        except UsageError as error:
            print_error(error)
            return False
        return True

    def _summarize(self, tally: Summary) -> bool:
        from . import github

        try:
            github.summarize(tally)
        except OSError as error:
            where = "GITHUB_STEP_SUMMARY"
            print_error(UsageError(f"the report cannot be written: {error.strerror}", where=where))
            return False
        return True
