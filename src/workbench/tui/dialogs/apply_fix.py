"""A prepared change of the code: shown as a diff, applied on request."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Static

from ...errors import UsageError, WorkbenchError
from ...file_edits import FileEdit, perform
from ...workspace.tour import CodeFix
from ..view.diff import diff
from ..view.paragraphs import styled
from ..view.text import Line, Span
from ..widgets.pane import Pane
from .form import Form


class DiffPane(Pane, can_focus=False):
    """Shows the removed and the added lines."""

    def __init__(self, old: str, new: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.old, self.new = old, new
        self._lines: list[Line] = []

    @property
    def count(self) -> int:
        return len(self._lines)

    def line(self, index: int, width: int) -> Line:
        return self._lines[index] or (Span(""),)

    def rewrap(self) -> None:
        self._lines = styled(diff(self.old, self.new, context=3), self.cells)
        self.styles.height = max(self.count, 1)
        self.redraw()


class ApplyFixDialog(Form[FileEdit]):
    """Returns the edit that was made, or None. Raises UsageError if the file cannot be read."""

    TITLE_TEXT = "Prepared change of the code"
    KEYS = "enter apply · esc cancel"

    def __init__(self, change: CodeFix, path: Path) -> None:
        super().__init__()
        self.path = path
        try:
            self.old = path.read_bytes().decode()  # with its line ends
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {path}: {error}") from None
        self.new = change.apply(self.old)

    def fields(self) -> ComposeResult:
        yield Static(f"in {self.path}", classes="label", markup=False)
        yield DiffPane(self.old, self.new, id="diff")

    def done(self) -> None:
        edit = FileEdit(self.path, self.old.encode(), self.new.encode())
        try:
            perform([edit])
        except WorkbenchError as error:
            self.show_error(error)
        else:
            self.dismiss(edit)
