"""Write all requested reports to their destinations, even if one fails."""

from __future__ import annotations

from importlib import import_module

import msgspec

from ...errors import UsageError
from ...replay.exit_codes import Exit, worst
from ...replay.summary import Summary
from ..output import print_error
from .destination import check_destinations, write_report
from .text import print_report

FORMS = {"json": "json_report", "junit": "junit", "markdown": "markdown"}  # modules, imported on demand


class Reports(msgspec.Struct, frozen=True):
    """The destination of each format: a file, "-" for stdout, "" for none; `github`: annotations and summary.

    The text explains each cause of failures once, or with `every` each case.
    """

    json: str = ""
    junit: str = ""
    markdown: str = ""
    github: bool = False
    quiet: bool = False
    every: bool = False

    def check(self) -> None:
        """Check the destinations. Raises UsageError."""
        check_destinations(*(getattr(self, form) for form in FORMS if getattr(self, form)))

    def publish(self, summary: Summary) -> Exit:
        """Print the summary, then write the requested reports. Returns USAGE_ERROR if one cannot be written."""
        try:
            self._print_summary(summary)
        finally:  # also if the terminal is gone
            failed = [not self._write(form, summary) for form in FORMS if getattr(self, form)]
        if self.github and summary.part is None:
            failed.append(not self._summarize(summary))
        return worst({summary.code, Exit.USAGE_ERROR if any(failed) else Exit.OK})

    def _print_summary(self, summary: Summary) -> None:
        if not self.github:
            print_report(summary, self.quiet, self.every)
            return
        from . import github

        with github.workflow_commands_disabled():
            print_report(summary, self.quiet, self.every)
        if summary.part is None:  # a shard does not decide; the merge prints the annotations
            github.annotate(summary)

    def _write(self, form: str, summary: Summary) -> bool:
        text = import_module(f".{FORMS[form]}", __package__).render(summary)
        try:
            write_report(getattr(self, form), text.encode("utf-8", "replace"))
        except UsageError as error:
            print_error(error)
            return False
        return True

    def _summarize(self, summary: Summary) -> bool:
        from . import github

        try:
            github.summarize(summary)
        except OSError as error:
            where = "GITHUB_STEP_SUMMARY"
            print_error(UsageError(f"cannot write the report: {error.strerror}", where=where))
            return False
        return True
