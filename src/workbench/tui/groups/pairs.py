"""Compare: move in the pairs of steps, swap the sides, and go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...trace.step_id import StepId
from ..actions import key
from ..view.text import plain
from .group import ActionGroup
from .moving import JumpGroup

if TYPE_CHECKING:
    from ..screens.compare import Compare


class PairsGroup(JumpGroup):
    """Moves in the pairs of steps."""

    screen: Compare

    def jump(self, what: str, forward: bool) -> bool:
        return self.screen.pairs.jump(what, forward)

    def do_next_difference(self) -> None:
        pairs = self.screen.pairs
        if self.jump("difference", True):
            return
        here = pairs.cursor
        pairs.cursor = -1
        if self.jump("difference", True):
            self.screen.notify_user("no more below; continued at the first")
        else:
            pairs.cursor = here
            self.screen.notify_user("the runs do not differ", "good")

    def do_pane_steps(self) -> None:
        self.screen.zoomer.go(self.screen.pairs)

    def do_pane_causes(self) -> None:
        self.screen.zoomer.go(self.screen.causes)

    def do_pane_difference(self) -> None:
        self.screen.zoomer.go(self.screen.difference)


class SidesGroup(ActionGroup):
    """Swaps the sides, goes to a step in its conversation, copies, edits and goes back."""

    screen: Compare

    def do_swap(self) -> None:
        if self.screen.sides is not None:
            left, right = self.screen.sides
            self.app.navigation.compared = (right, left)
            self.screen.show(right, left)

    def do_go_there(self) -> None:
        """Go to the step of the cursor, in the run that the screen before shows."""
        found = self.screen.comparison
        if found is None:
            return
        pair = found.pairs[self.screen.pairs.cursor]
        sides = ((found.right, pair.right), (found.left, pair.left))
        self.app.navigation.go_to(
            {side.id: step.step_id if step is not None else StepId(pair.turn) for side, step in sides}
        )

    def do_edit(self) -> None:
        self.app.edit(self.screen.source())

    def do_copy(self) -> None:
        screen = self.screen
        if screen.focused is screen.difference:
            text = screen.difference.text
        else:
            listed = screen.causes if screen.focused is screen.causes else screen.pairs
            text = plain(listed.line(listed.cursor, 400)).rstrip()
        self.app.copy(text)

    def do_interrupt(self) -> None:
        text = self.screen.get_selected_text()
        if text:
            self.app.copy(text)
        else:
            self.screen.notify_user(f"nothing is running here · {key('back')} goes back")

    def do_back(self) -> None:
        screen = self.screen
        if screen.zoomer.zoomed:
            screen.zoomer.zoom("")
            screen.pairs.focus()
        elif screen.focused is not screen.pairs:
            screen.pairs.focus()
        else:
            self.app.navigation.leave_compare()
