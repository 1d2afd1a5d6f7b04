"""The reports that were asked for: where each goes, and writing them all, whatever becomes of one."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import msgspec

from ..errors import UsageError
from .report import Exit, complain, worst
from .report_text import tell
from .tally import Tally

FORMS = ("json", "junit", "markdown")  # each has a module report_FORM, imported when it is asked for
STDOUT = "-"


class Reports(msgspec.Struct, frozen=True):
    """A file for each form, "-" for stdout, "" for none. `github`: also as notes and a summary there."""

    json: str = ""
    junit: str = ""
    markdown: str = ""
    github: bool = False
    quiet: bool = False

    def check(self) -> None:
        """Raises UsageError where two would be written to one place."""
        asked = [getattr(self, form) for form in FORMS if getattr(self, form)]
        if len(set(asked)) < len(asked):
            raise UsageError("two reports cannot go to one place", next="give each a file of its own")

    def publish(self, tally: Tally) -> Exit:
        """Tell the tally to a person, then write what was asked for. A report that cannot be written is USAGE."""
        if self.github:
            from . import github

            with github.hushed():
                tell(tally, self.quiet)
            github.annotate(tally)
        else:
            tell(tally, self.quiet)
        failed = [not self._write(form, tally) for form in FORMS if getattr(self, form)]
        if self.github:
            failed.append(not self._summarize(tally))
        return worst({tally.code, Exit.USAGE if any(failed) else Exit.OK})

    def _write(self, form: str, tally: Tally) -> bool:
        target = getattr(self, form)
        data: bytes = import_module(f".report_{form}", __package__).render(tally).encode("utf-8", "replace")
        if target == STDOUT:
            sys.stdout.write(data.decode())
            sys.stdout.flush()
            return True
        try:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(target).write_bytes(data)
        except OSError as error:
            return _not_written(target, error)
        return True

    def _summarize(self, tally: Tally) -> bool:
        from . import github

        try:
            github.summarize(tally)
        except OSError as error:
            return _not_written("GITHUB_STEP_SUMMARY", error)
        return True


def _not_written(where: str, error: OSError) -> bool:
    complain(UsageError(f"the report cannot be written: {error.strerror}", where=where))
    return False
