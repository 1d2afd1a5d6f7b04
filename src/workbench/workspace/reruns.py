"""Runs a conversation again on the code that is loaded now, and compares it with the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..engine.ablation import Off
from ..errors import JourneyError, UsageError, WorkerDied
from ..runtime.protocol import Failed, Reran, RunAgain
from ..trace.events import AnyStep
from ..trace.setup import Setup
from ..trace.step_id import Place
from ..trace.steps import moves
from .turns import middle_of

if TYPE_CHECKING:
    from .session import Session


class Reruns:
    """Holds the last re-run of a session: `rerun`, and `note`, one line that says what it found."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rerun: Reran | None = None
        self.note = ""
        self.ran_on = ""  # the hash of the code that the session last ran on

    async def catch_up(self) -> None:
        """Run the conversation again if the code has changed since it last ran."""
        card = self.session.card
        if card is not None and len(self.session.trace) and self.ran_on not in ("", card.code):
            await self.run_again()

    async def run_again(self) -> None:
        """Run the record again on the loaded code, without what is off: sets `rerun` and `note`."""
        session = self.session
        off = session.off
        try:
            found, code = await self.rerun_of(session.setup, list(session.trace.steps), off)
        except (UsageError, JourneyError) as error:
            self.note = f"the re-run failed: {error.message}"
        except WorkerDied as error:
            self.note = f"the re-run was stopped: {error.message} {error.where}".strip()
            await session.serving.revive()
        else:
            if session.off != off or (session.card is not None and code != session.card.code):
                return  # a later save, or another switch, has taken its place
            self.ran_on = code
            self.rerun = found
            self.note = rerun_note(found, session.model, session.off)
        session.tell("rerun")

    async def rerun_of(self, setup: Setup, steps: list[AnyStep], off: tuple[Off, ...] = ()) -> tuple[Reran, str]:
        """Run a record again on the loaded code; returns that code's hash too. Raises WorkbenchError."""
        async with self.session.serving.worker() as worker:
            async for event in worker.ask(RunAgain(setup, steps, list(off))):
                if isinstance(event, Reran):
                    return event, worker.card.code
                if isinstance(event, Failed):
                    raise JourneyError(event.message, where=event.where, next=event.next)
        raise UsageError("the worker gave no answer")

    async def switch_off(self, off: Iterable[Off]) -> None:
        """Go on without these parts of the agent (none: with all of them), and run the record again so."""
        session = self.session
        session.off = tuple(dict.fromkeys(off))
        self.clear()
        session.tell("off")
        if session.off and len(session.trace):
            await self.run_again()

    def keep(self) -> Session:
        """Make the re-run a conversation of its own; the session stays as it was.

        It forks at the first difference: `turn.go_on()` runs that turn on from there, if it has a `middle`.
        """
        if self.rerun is None:
            raise UsageError("there is no re-run to keep", next="save a change of the journey first")
        session, found, steps = self.session, self.rerun.differences, self.rerun.steps
        if found:  # it ended in the middle of a turn: what it did there runs on, its tools too
            place = Place.parse(found[0].place)
            until = Place(place.turn, place.answer, max(place.call, 1) if place.answer else 0)
            kept = session.branch(steps=[step for step in steps if step.turn < place.turn])
            kept.turn.middle = middle_of(session.trace, until)
        else:
            kept = session.branch(steps=steps)
        if session.off:
            kept.lacked |= {turn.turn: session.off for turn in kept.turns()}
        kept.keep(session.store)
        return kept

    def drop(self) -> None:
        """Forget the re-run."""
        self.clear()
        self.session.tell("rerun")

    def clear(self) -> None:
        """Forget the re-run without telling the listeners."""
        self.rerun, self.note = None, ""


def rerun_note(rerun: Reran, model: str, off: tuple[Off, ...] = ()) -> str:
    """Describe what a re-run found, in one line."""
    if off:
        return f"without {', '.join(map(str, off))}: {rerun_note(rerun, model)}"
    if rerun.fault:
        return f"the re-run stopped: {rerun.fault}"
    deeds = f"deeds differ at move {_move_number(rerun)}" if rerun.differences else "deeds same"
    if not rerun.prompt_changed_from:
        return deeds
    asked = "on the rehearsal, edits of a manual have no effect" if model == "rehearsal" else "model not asked"
    return f"{deeds}; prompt changed from move {rerun.prompt_changed_from}, {asked}"


def _move_number(rerun: Reran) -> int:
    """Count the moves up to the first difference as the screen does: its siblings come after it."""
    place = Place.parse(rerun.differences[0].place)
    return sum(1 for t in moves(rerun.steps) for m in t.moves if m.message is None and m.place <= place)
