"""The tour: one small mistake, from the first message until it is fixed.

It is a table of steps. A step is done when the conversation shows it, no matter how
it was reached; it then stays done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..errors import UsageError
from ..trace.step_id import StepId
from ..trace.steps import Step
from .session import Session


@dataclass(frozen=True)
class CodeFix:
    """A change of one file, by its path relative to journeys/: replaces `before` by `after`."""

    file: str
    before: str
    after: str

    def apply(self, text: str) -> str:
        """Return the text with the change. Raises UsageError if it is already made or does not fit."""
        if text.count(self.before) != 1:
            raise UsageError(f"{self.file} has changed: the fix was already made, or the file was edited")
        return text.replace(self.before, self.after)


CHANGE = CodeFix("helper/repairs/journey.py", "if days < 0:", "if days < 1:")
WORDS = "Book a repair for Tuesday"


class TourStep(NamedTuple):
    """A step of the tour; in `words`, {id} stands for the key of an action; `say` is a suggested message."""

    name: str
    words: str
    done: Callable[[Session, StepId | None], bool]
    say: str = ""


def find_mistake(session: Session) -> Step | None:
    """Return the booking for today, or None."""
    return next(
        (m for t in session.turns() for m in t.steps if m.executed and m.args.get("time") == "TUE-16"), None
    )


def _is_selected(session: Session, step_id: StepId | None) -> bool:
    mistake = find_mistake(session)
    return mistake is not None and mistake.step_id == step_id


def _annotated(session: Session, step_id: StepId | None) -> bool:
    mistake = find_mistake(session)
    return mistake is not None and str(mistake.step_id) in session.annotations


def _verdict(session: Session, verdict: str) -> bool:
    return any(s.transcript.kind == "mistake" and s.verdict == verdict for s in session.saving.saved.values())


STEPS = (
    TourStep(
        "chat",
        "The agent of a bicycle workshop, in a temporary folder: your files are not changed. "
        "It is Tuesday there. enter writes a message, enter again sends it.",
        lambda session, step_id: find_mistake(session) is not None,
        WORDS,
    ),
    TourStep(
        "inspect",
        "It booked a repair for today, which the workshop does not do. {back}, then {previous_step} goes to "
        "that step: the policy a_day_ahead allowed it.",
        _is_selected,
    ),
    TourStep("annotate", "{annotate} annotates this step: write what went wrong, ctrl+s stores it.", _annotated),
    TourStep(
        "save",
        "{save} saves the conversation as a mistake: a few words for a title, ctrl+s. It is replayed at once, "
        "and must FAIL: the code is still wrong.",
        lambda session, step_id: _verdict(session, "FAIL"),
    ),
    TourStep(
        "fix",
        "Now the code. {apply_fix} shows a prepared change, enter applies it; or {edit} opens the file in your "
        "editor: days < 0 lets today pass. Saving it reruns the conversation.",
        lambda session, step_id: session.rerun is not None and bool(session.rerun.differences),
    ),
    TourStep(
        "pass",
        "The policy blocks it now; the detail shows the recording next to the new run. "
        "{replay_saved} replays the transcript on the new code.",
        lambda session, step_id: _verdict(session, "PASS"),
    ),
)
FAREWELL = (
    "PASS: the mistake is fixed. `workbench replay` does this for all transcripts, also in CI; "
    "`workbench init` creates a project. {quit} ends the tour."
)


@dataclass(frozen=True)
class Tour:
    """The progress of the tour: the number of completed steps."""

    at: int = 0
    change: CodeFix = CHANGE

    @property
    def step(self) -> TourStep | None:
        """Return the current step; None at the end."""
        return STEPS[self.at] if self.at < len(STEPS) else None

    @property
    def words(self) -> str:
        return self.step.words if self.step is not None else FAREWELL

    def advance(self, session: Session, step_id: StepId | None) -> Tour:
        """Return the tour with all steps completed that this conversation and cursor position show."""
        tour = self
        while tour.step is not None and tour.step.done(session, step_id):
            tour = replace(tour, at=tour.at + 1)
        return tour
