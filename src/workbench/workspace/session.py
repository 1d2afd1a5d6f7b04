"""A session: one conversation that goes on, whoever serves its code.

It owns the record and the marks. It holds no journey code and touches neither
files nor processes: a `Serving` lends it workers, a `Store` keeps what happens,
listeners hear of changes. Its parts run turns (`turn`), run the record again on
new code (`reruns`), save transcripts (`saving`) and write the record (`log`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..engine.ablation import Off
from ..errors import UsageError
from ..runtime.protocol import AgentCard, Reran, Streamed
from ..trace.events import AnyStep, HandOff
from ..trace.setup import Setup
from ..trace.step_id import Place
from ..trace.steps import Move, TurnMoves, moves
from ..trace.trace import Trace
from ..transcripts.transcript import Mark
from .code_service import Code, Serving
from .log import Log
from .ports import Store
from .reruns import Reruns
from .saving import Saving
from .turns import TurnRunner, middle_of


@dataclass(frozen=True)
class Changed:
    """Something to show anew. `what`: step | delta | turn | code | rerun | marks | setup | off | saved."""

    what: str
    step: AnyStep | None = None
    delta: Streamed | None = None


Listener = Callable[[Changed], None]
Lacked = Mapping[int, Iterable[Off]]  # what was switched off, by turn
Undo = tuple[str, Callable[[], object]]  # what was done, and what takes it back


class Session:
    """One live conversation. Every method that fails raises a WorkbenchError fit to show."""

    def __init__(
        self, serving: Serving, store: Store, *, id: str = "", fixture: str = "", undos: list[Undo] | None = None
    ) -> None:
        self.serving = serving
        self.store = store
        self.id = id or new_id(serving.agent)
        self.setup = Setup(agent=serving.agent, fixture=fixture)
        self.trace = Trace()
        self.marks: dict[str, Mark] = {}
        self.off: tuple[Off, ...] = ()
        self.lacked: dict[int, tuple[Off, ...]] = {}  # what was off, by turn; at 0: in one that is not known
        self.torn = 0  # lines of its file that cannot be read
        self.listeners: list[Listener] = []
        self.undos: list[Undo] = [] if undos is None else undos  # given one, sessions share it
        self.log = Log(self)
        self.turn = TurnRunner(self)
        self.reruns = Reruns(self)
        self.saving = Saving(self)
        self._set_up = False
        serving.hears.add(self)
        self.code_changed()

    # who serves it

    @property
    def agent(self) -> str:
        return self.serving.agent

    @property
    def model(self) -> str:
        return self.serving.model

    @property
    def card(self) -> AgentCard | None:
        return self.serving.card

    @property
    def code(self) -> Code:
        return replace(self.serving.code, note=self.reruns.note)

    # what it holds

    @property
    def busy(self) -> bool:
        """Whether a turn is running."""
        return self.turn.busy

    @property
    def rerun(self) -> Reran | None:
        """The last re-run, or None."""
        return self.reruns.rerun

    @property
    def without(self) -> tuple[Off, ...]:
        """What was off in any of its turns."""
        return tuple(dict.fromkeys(off for turn in self.lacked.values() for off in turn))

    @property
    def handed_off(self) -> bool:
        return any(isinstance(step, HandOff) for step in self.trace)

    def turns(self) -> list[TurnMoves]:
        return moves(self.trace)

    def move_at(self, place: Place) -> Move | None:
        return next((m for t in self.turns() for m in t.moves if m.place == place), None)

    def tell(self, what: str, step: AnyStep | None = None, delta: Streamed | None = None) -> None:
        """Tell the listeners of a change."""
        for listener in list(self.listeners):
            listener(Changed(what, step, delta))

    # code

    def code_changed(self) -> None:
        """The code behind it is another, or in another state."""
        if self.serving.code.state == "loading":
            self.reruns.note = ""
        if self.card is not None:
            self.reruns.ran_on = self.reruns.ran_on or self.card.code
            if not self._set_up:
                self._set_up = True
                if fixtures := self.card.fixtures:
                    self.setup = next((f for f in fixtures if f.name == self.setup.fixture), fixtures[0]).setup
                    self.tell("setup")
        self.tell("code")

    async def reload(self) -> None:
        """Load what is on disk now, and run the conversation again on it where it is other code."""
        await self.serving.reload()
        await self.reruns.catch_up()

    # the conversation

    def choose(self, setup: Setup) -> None:
        """Start from another setup. Raises UsageError once the conversation has begun."""
        if len(self.trace):
            raise UsageError("the conversation has begun", next="start a new one to choose another setup")
        self.setup = setup
        self._set_up = True
        self.tell("setup")

    async def say(self, text: str) -> None:
        """Run one turn: see TurnRunner."""
        await self.turn.say(text)

    def take_over(
        self, setup: Setup, trace: Trace, marks: Iterable[Mark], *, begun: bool, lacked: Lacked | None = None
    ) -> None:
        """Continue a record: a past session (`begun`), or a copy of one that is its own from here on."""
        self.setup = setup
        self.trace = trace
        self.marks = {m.at: m for m in marks}
        self.lacked = {turn: tuple(off) for turn, off in (lacked or {}).items()}
        self.log = Log(self, begun=begun)
        self._set_up = True
        self.reruns.rerun = None
        self.tell("setup")

    def keep(self, store: Store) -> None:
        """Write it to `store` from here on: it was chosen, and is kept even if nothing more is said."""
        self.store, self.log = store, Log(self)
        self.log.begin()

    # forks

    def branch(self, upto: Place | None = None, steps: list[AnyStep] | None = None) -> Session:
        """A new session that shares the record up to (not including) the turn of `upto`; this one stays.

        `steps` instead takes a whole other record, such as that of a re-run.
        """
        other = Session(self.serving, self.store)
        kept = steps if steps is not None else [s for s in self.trace if upto is None or s.turn < upto.turn]
        places = {str(s.place) for s in kept}
        exhibits = {**self.trace.exhibits, **(self.rerun.exhibits if self.rerun else {})}
        marks = [m for m in self.marks.values() if m.at in places]
        last = kept[-1].turn if kept else -1
        lacked = {turn: off for turn, off in self.lacked.items() if turn <= last}
        other.take_over(self.setup, Trace(kept, exhibits), marks, begun=False, lacked=lacked)
        other.saving.saved = dict(self.saving.saved) if kept else {}
        other.off = self.off
        other.reruns.ran_on = self.reruns.ran_on
        other.listeners = self.listeners
        return other

    def take(self, place: Place, blocks: list[dict[str, Any]] | None = None) -> Session:
        """A new session in the middle of the turn of `place`: `turn.go_on()` runs the rest, this one stays.

        What came before `place` is held fixed; there stand `blocks`, an answer by
        hand; without them the model is asked again for the whole answer.
        """
        other = self.branch(upto=place)
        until = place if blocks is not None else Place(place.turn, place.answer)
        other.turn.middle = middle_of(self.trace, until, blocks)
        return other

    # marks

    def mark(self, mark: Mark) -> None:
        """Take a mark; one a place, a second replaces the first. Can be undone."""
        before = self.marks.get(mark.at)
        self._set_mark(mark.at, mark)
        self.undos.append((f"mark at {mark.at}", lambda: self._set_mark(mark.at, before)))

    def unmark(self, at: str) -> None:
        before = self.marks.get(at)
        if before is not None:
            self._set_mark(at, None)
            self.undos.append((f"unmark at {at}", lambda: self._set_mark(at, before)))

    def _set_mark(self, at: str, mark: Mark | None) -> None:
        self.log.begin()
        if mark is None:
            self.marks.pop(at, None)
            self.log.append({"unmark": at})
        else:
            self.marks[at] = mark
            self.log.append({"mark": mark})
        self.tell("marks")

    def undo(self) -> str:
        """Take back the last mark or save; returns what was undone. Raises UsageError where nothing is left."""
        return take_back(self.undos)


def take_back(undos: list[Undo]) -> str:
    """Take back the last deed; returns what it was. What cannot be taken back now stays to be undone."""
    if not undos:
        raise UsageError("nothing to undo")
    what, back = undos[-1]
    back()
    undos.pop()
    return what


def new_id(agent: str) -> str:
    """An id that sorts by time: support-20260105-101500-1a2b."""
    import secrets

    return f"{agent}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
