"""Sizes of panes: by key, and by dragging a border with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ...workspace.settings import PaneSizes
from ..view import layout
from .group import ActionGroup

if TYPE_CHECKING:
    from ..screens.conversation import ConversationScreen

Edge = Literal["", "chat", "steps", "column"]  # a border: below the chat, below the steps, right of the chat


class SizesGroup(ActionGroup):
    """Lays out chat, steps and detail."""

    screen: ConversationScreen

    def __init__(self, screen: ConversationScreen) -> None:
        super().__init__(screen)
        self._dragged: Edge = ""
        self.held = False  # whether a button of the mouse is down

    @property
    def sizes(self) -> PaneSizes:
        return self.app.pane_sizes.get(self.screen.where)

    def _set(self, sizes: PaneSizes) -> None:
        self.app.pane_sizes.set(self.screen.where, sizes)
        self.apply()

    @property
    def _wide(self) -> bool:
        return self.screen.has_class("wide")

    @property
    def focused_pane(self) -> str:
        """Return the id of the pane that has the focus; the input belongs to the chat."""
        return self.screen.home(self.screen.focused) or "steps"

    def apply(self) -> None:
        """Lay out the panes by their sizes, their focus and what they show."""
        screen = self.screen
        if not screen.is_mounted or screen.small or (self.held and not self._dragged):
            return
        conversation, right = screen.query_one("#conversation"), screen.query_one("#right")
        if screen.zoomer.zoomed:
            for widget in (conversation, right, screen.steps, screen.detail):
                for rule in ("width", "max_width", "height"):
                    widget.styles.inline.clear_rule(rule)
                widget.refresh(layout=True)
        elif self._wide:
            width = layout.chat_width(screen.size.width, self.sizes)
            share = self.sizes.steps_height or layout.STEPS_HEIGHT
            conversation.styles.height = right.styles.height = "100%"
            if width is not None:
                conversation.styles.width, conversation.styles.max_width = width, width
            screen.steps.styles.height, screen.detail.styles.height = (
                f"{share * 100:.0f}fr",
                f"{100 - share * 100:.0f}fr",
            )
        else:
            for rule in ("width", "max_width"):
                conversation.styles.inline.clear_rule(rule)
            heights = self._heights()
            conversation.styles.height = heights["chat"]
            right.styles.height = heights["steps"] + heights["detail"]
            screen.steps.styles.height, screen.detail.styles.height = heights["steps"], heights["detail"]

    def _heights(self) -> dict[str, int]:
        """Return the heights of stacked panes."""
        screen = self.screen
        total = screen.query_one("#panes").size.height
        return layout.stacked_heights(total, self.focused_pane, screen.chat_rows, self.sizes)

    # keys

    def do_grow(self) -> None:
        self._set(layout.resized(self.sizes, self.focused_pane, True, self._wide))

    def do_shrink(self) -> None:
        self._set(layout.resized(self.sizes, self.focused_pane, False, self._wide))

    def do_reset_sizes(self) -> None:
        self._set(PaneSizes())
        self.screen.notify_user("the panes have their default sizes again")

    def why_not(self, id: str) -> str:
        return "the pane has the whole screen already" if self.screen.zoomer.zoomed else ""

    # the mouse

    def edge_at(self, x: int, y: int) -> Edge:
        """Return the border between two panes at a cell of the screen."""
        screen = self.screen
        if screen.zoomer.zoomed or screen.small:
            return ""
        chat, steps, detail = (screen.query_one(f"#{id}").region for id in ("conversation", "steps", "detail"))
        if self._wide:
            if chat.y <= y < chat.bottom and x in (chat.right - 1, chat.right):
                return "column"
        elif y == steps.y:
            return "chat"
        return "steps" if y == detail.y and detail.x <= x < detail.right else ""

    def begin_drag(self, x: int, y: int) -> bool:
        """Begin to move the border at a cell. Returns False if there is none."""
        self._dragged = self.edge_at(x, y)
        return bool(self._dragged)

    @property
    def dragging(self) -> bool:
        return bool(self._dragged)

    def drag(self, x: int, y: int) -> None:
        """Move the border to a cell."""
        screen = self.screen
        panes, right = screen.query_one("#panes").region, screen.query_one("#right").region
        if self._dragged == "column":
            self._set(layout.with_chat_width(self.sizes, (x - panes.x + 1) / panes.width))
        elif self._dragged and self._wide:
            self._set(layout.with_steps_height(self.sizes, (y - right.y) / right.height))
        elif self._dragged:
            heights = {"chat": screen.query_one("#conversation").size.height + 1}
            heights |= {"steps": screen.steps.region.height, "detail": screen.detail.region.height}
            above, below = ("chat", "steps") if self._dragged == "chat" else ("steps", "detail")
            top = panes.y if above == "chat" else screen.steps.region.y
            both = heights[above] + heights[below]
            heights[above] = min(max(y - top, layout.LEAST[above]), both - layout.LEAST[below])
            heights[below] = both - heights[above]
            self._set(layout.with_heights(self.sizes, heights, self.focused_pane))

    def end_drag(self) -> None:
        self._dragged = ""
