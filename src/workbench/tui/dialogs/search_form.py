"""A dialog with a search line above a list: the keys of the list work while the user types."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType

from ..widgets.list import ListPane
from .form import Form

T = TypeVar("T")


class SearchForm(Form[T]):
    """A form whose only list is moved from its search line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "down", show=False, priority=True),
        Binding("up", "move(-1)", "up", show=False, priority=True),
        Binding("pagedown", "page(1)", "a page down", show=False, priority=True),
        Binding("pageup", "page(-1)", "a page up", show=False, priority=True),
        Binding("home", "go_to_end(False)", "first", show=False, priority=True),
        Binding("end", "go_to_end(True)", "last", show=False, priority=True),
    ]

    @property
    def listed(self) -> ListPane:
        return self.query_one(ListPane)

    def action_move(self, by: int) -> None:
        self.listed.move(self.listed.cursor + by)

    def action_page(self, pages: int) -> None:
        self.listed.page(pages)

    def action_go_to_end(self, last: bool) -> None:
        """Go to the last item of the list, or the first."""
        self.listed.move(self.listed.items - 1 if last else 0)
