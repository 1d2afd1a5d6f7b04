"""A session: one conversation that goes on, whoever serves its code.

It owns the record and the marks. It holds no journey code and touches neither
files nor processes: a `Serving` lends it workers, a `Store` keeps what happens,
listeners hear of changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from ..engine.ablation import Off
from ..errors import JourneyError, UsageError, WorkerDied
from ..plain import writable
from ..runtime.protocol import (
    AgentCard,
    Exhibited,
    Failed,
    Judge,
    Judged,
    Reran,
    RunAgain,
    Stepped,
    Streamed,
    TakeTurn,
    Worker,
)
from ..text import slug
from ..trace.events import Answer, AnyStep, Fault, HandOff, TurnEnd, UserMessage
from ..trace.setup import Setup
from ..trace.step_id import Place
from ..trace.steps import Move, TurnMoves, moves
from ..trace.trace import Trace
from ..transcripts.builder import compose
from ..transcripts.codec import encode
from ..transcripts.expectation import Expectation
from ..transcripts.redaction import Redactor, redact
from ..transcripts.transcript import Mark, Transcript
from .code_service import Code as Code
from .code_service import Serving
from .ports import Store
from .saving import Saved as Saved


@dataclass(frozen=True)
class Changed:
    """Something to show anew. `what`: step | delta | turn | code | rerun | marks | setup | off | saved."""

    what: str
    step: AnyStep | None = None
    delta: Streamed | None = None


@dataclass(frozen=True)
class Middle:
    """A turn that is to be run again from its middle: what TakeTurn holds fixed of it."""

    text: str
    taped: list[AnyStep]
    until: Place
    blocks: list[dict[str, Any]] | None = None


Listener = Callable[[Changed], None]
Lacked = Mapping[int, Iterable[Off]]  # what was switched off, by turn
Undo = tuple[str, Callable[[], object]]  # what was done, and what takes it back


class Session:
    """One live conversation. Every method that fails raises a WorkbenchError fit to show."""

    def __init__(self, serving: Serving, store: Store, *, id: str = "", undos: list[Undo] | None = None) -> None:
        self.serving = serving
        self.store = store
        self.id = id or new_id(serving.agent)
        self.setup = Setup(agent=serving.agent)
        self.trace = Trace()
        self.marks: dict[str, Mark] = {}
        self.saved: dict[str, Saved] = {}  # what was saved of it in this sitting, by path
        self.rerun: Reran | None = None
        self.note = ""  # what the last re-run found
        self.off: tuple[Off, ...] = ()
        self.lacked: dict[int, tuple[Off, ...]] = {}  # what was off, by turn; at 0: in one that is not known
        self.busy = False
        self.sending = ""  # words that are not on record yet
        self.heard = 0.0  # when the turn in progress was last heard of
        self.ran_on = ""  # the code that it was last run on
        self.middle: Middle | None = None
        self.torn = 0  # lines of its file that cannot be read
        self.held = ""  # why it cannot be gone on with: another workbench has it
        self.listeners: list[Listener] = []
        self._worker: Worker | None = None  # while a turn runs on it
        self._stopped = False  # whether the turn was interrupted
        self._begun = False
        self._ours = False  # whether no other workbench can write to it
        self._set_up = False
        self._undo: list[Undo] = [] if undos is None else undos  # given one, sessions share it
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
        return replace(self.serving.code, note=self.note)

    # telling

    def _tell(self, what: str, step: AnyStep | None = None, delta: Streamed | None = None) -> None:
        for listener in list(self.listeners):
            listener(Changed(what, step, delta))

    def turns(self) -> list[TurnMoves]:
        return moves(self.trace)

    def move_at(self, place: Place) -> Move | None:
        return next((m for t in self.turns() for m in t.moves if m.place == place), None)

    @property
    def without(self) -> tuple[Off, ...]:
        """What was off in any of its turns."""
        return tuple(dict.fromkeys(off for turn in self.lacked.values() for off in turn))

    @property
    def handed_off(self) -> bool:
        return any(isinstance(step, HandOff) for step in self.trace)

    # code

    def code_changed(self) -> None:
        """The code behind it is another, or in another state."""
        if self.serving.code.state == "loading":
            self.note = ""
        if self.card is not None:
            self.ran_on = self.ran_on or self.card.code
            if not self._set_up:
                self._first_setup(self.card)
        self._tell("code")

    async def reload(self) -> None:
        """Load what is on disk now, and run the conversation again on it where it is other code."""
        await self.serving.reload()
        await self.catch_up()

    async def catch_up(self) -> None:
        """Run the conversation again where the code is another than it last ran on."""
        card = self.card
        if card is not None and len(self.trace) and self.ran_on not in ("", card.code):
            await self.run_again()

    def _first_setup(self, card: AgentCard) -> None:
        self._set_up = True
        if card.fixtures:
            wanted = next((f for f in card.fixtures if f.name == self.setup.fixture), card.fixtures[0])
            self.setup = wanted.setup
            self._tell("setup")

    async def run_again(self) -> None:
        """Run the record again on the code that serves, without what is off: see `rerun` and `note`."""
        off = self.off
        try:
            found, code = await self.rerun_of(self.setup, list(self.trace.steps), off)
        except (UsageError, JourneyError) as error:
            self.note = f"the re-run failed: {error.message}"
        except WorkerDied as error:
            self.note = f"the re-run was stopped: {error.message} {error.where}".strip()
            await self.serving.revive()
        else:
            if self.off != off or (self.card is not None and code != self.card.code):
                return  # a later save, or another switch, has taken its place
            self.ran_on = code
            self.rerun = found
            self.note = rerun_note(found, self.model, self.off)
        self._tell("rerun")

    async def rerun_of(self, setup: Setup, steps: list[AnyStep], off: tuple[Off, ...] = ()) -> tuple[Reran, str]:
        """A record, run again on the code that serves; and the hash of that code. Raises WorkbenchError."""
        async with self.serving.worker() as worker:
            async for event in worker.ask(RunAgain(setup, steps, list(off))):
                if isinstance(event, Reran):
                    return event, worker.card.code
                if isinstance(event, Failed):
                    raise JourneyError(event.message, where=event.where, next=event.next)
        raise UsageError("the worker gave no answer")

    # the conversation

    def want_fixture(self, name: str) -> None:
        """Start from the fixture `name` once the code has loaded."""
        self.setup = Setup(agent=self.agent, fixture=name)

    def choose(self, setup: Setup) -> None:
        """Start from another setup. Raises UsageError once the conversation has begun."""
        if len(self.trace):
            raise UsageError("the conversation has begun", next="start a new one to choose another setup")
        self.setup = setup
        self._set_up = True
        self._tell("setup")

    async def say(self, text: str) -> None:
        """One turn. Raises UsageError where there is no code to answer or a turn is running."""
        if self.handed_off:
            raise UsageError(
                "a person has this conversation now", next="start a new one, or fork before the hand-off"
            )
        self.middle = None
        await self._turn(Middle(writable(text), [], Place(0)))

    async def go_on(self) -> None:
        """Run the turn in whose middle `take()` left this session. Raises UsageError as say() does."""
        if self.middle is None:
            raise UsageError("there is no turn to go on with")
        middle, self.middle = self.middle, None
        size = len(self.trace)
        try:
            await self._turn(middle)
        except UsageError:
            self.middle = middle if len(self.trace) == size else None  # it did not begin: it may be tried again
            raise

    async def _turn(self, turn: Middle) -> None:
        if self.busy:
            raise UsageError("the agent is still answering", next="wait, or interrupt it")
        self.busy, self.heard, self.sending = True, time.monotonic(), turn.text
        self._stopped = False
        self._tell("turn")
        died = False
        try:
            async with self.serving.worker() as worker:
                if self._stopped:
                    raise UsageError("interrupted before it began", next="say it again")
                self._worker = worker
                self._begin()
                self._note_off()
                self._tell("turn")
                await self._hear(worker, turn)
        except WorkerDied as error:
            died = True
            self._bury(turn.text, error)
        except JourneyError as error:
            if len(self.trace) and not isinstance(self.trace[-1], TurnEnd):
                self._bury(turn.text, error)
            raise
        finally:
            self.busy, self._worker, self.sending = False, None, ""
            self._tell("turn")
        if died:
            await self.serving.revive()

    async def _hear(self, worker: Worker, turn: Middle) -> None:
        until = str(turn.until) if turn.until.turn else ""
        request = TakeTurn(
            self.setup, list(self.trace.steps), self.trace.exhibits,
            turn.text, turn.taped, until, turn.blocks, list(self.off),
        )  # fmt: skip
        async for event in worker.ask(request):
            self.heard = time.monotonic()
            match event:
                case Stepped(step):
                    self._record(step)
                case Exhibited(key, value):
                    self.trace.exhibits[key] = value
                    self.store.append(self.id, {"exhibit": key, "value": value})
                case Streamed():
                    self._tell("delta", delta=event)
                case Failed(message, where, hint):
                    raise JourneyError(message, where=where, next=hint)
                case _:
                    pass

    def _record(self, step: AnyStep) -> None:
        self.store.append(self.id, {"step": step})
        self.trace.append(step)
        self.sending = ""
        self._tell("step", step=step)

    def _bury(self, text: str, error: WorkerDied | JourneyError) -> None:
        """The worker is gone, or gave up: what it was doing ends as steps, and the conversation goes on."""
        turn = self.trace[-1].turn if len(self.trace) else 0
        if not len(self.trace) or isinstance(self.trace[-1], TurnEnd):
            turn += 1
            self._record(UserMessage(turn=turn, text=text))
        last = next((s for s in reversed(self.trace.steps) if isinstance(s, Answer) and s.turn == turn), None)
        answer = last.answer if last else 0
        self._record(
            Fault(
                turn=turn, answer=answer, origin="worker", name="worker",
                message=error.message, where=error.where,
            )
        )  # fmt: skip
        self._record(TurnEnd(turn=turn, reason="killed", detail=error.message))

    def interrupt(self) -> None:
        """Stop the turn in progress."""
        self._stopped = True
        if self._worker is not None:
            self._worker.stop_turn()

    def claim(self) -> None:
        """Make a past session ours to go on with; `held` says why it is not. A turn it broke off in ends here."""
        if not self._begun or self._ours:
            return
        self.held = self.store.claim(self.id)
        self._ours = not self.held
        if self._ours and len(self.trace) and not isinstance(self.trace[-1], TurnEnd):
            turn = self.trace[-1].turn
            self._record(
                TurnEnd(turn=turn, reason="killed", detail="the workbench ended in the middle of this turn")
            )

    def _begin(self) -> None:
        """See to it that what happens is kept. Raises UsageError where it cannot be."""
        self.claim()
        if self.held:
            raise UsageError(self.held, next="close it there, or fork it: a fork is yours")
        if not self._begun:
            code = self.card.code if self.card else ""
            self.store.begin(self.id, {"session": self.id, "setup": self.setup, "model": self.model, "code": code})
            for key, value in self.trace.exhibits.items():
                self.store.append(self.id, {"exhibit": key, "value": value})
            for step in self.trace:
                self.store.append(self.id, {"step": step})
            for mark in self.marks.values():
                self.store.append(self.id, {"mark": mark})
            for turn, off in self.lacked.items():
                self.store.append(self.id, {"off": list(off), "turn": turn})
            self._begun = self._ours = True

    def take_over(
        self, setup: Setup, trace: Trace, marks: Iterable[Mark], *, begun: bool, lacked: Lacked | None = None
    ) -> None:
        """Continue a record: a past session (`begun`), or a copy of one that is its own from here on."""
        self.setup = setup
        self.trace = trace
        self.marks = {m.at: m for m in marks}
        self.lacked = {turn: tuple(off) for turn, off in (lacked or {}).items()}
        self._begun, self._ours = begun, False
        self._set_up = True
        self.rerun = None
        self._tell("setup")

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
        other.saved = dict(self.saved) if kept else {}
        other.off = self.off
        other.ran_on = self.ran_on
        other.listeners = self.listeners
        return other

    def take(self, place: Place, blocks: list[dict[str, Any]] | None = None) -> Session:
        """A new session in the middle of the turn of `place`: `go_on()` runs the rest of it, this one stays.

        What came before `place` is held fixed; there stand `blocks`, an answer by
        hand; without them the model is asked anew for the whole answer.
        """
        other = self.branch(upto=place)
        other.middle = self._middle(place if blocks is not None else Place(place.turn, place.answer), blocks)
        return other

    def _middle(self, until: Place, blocks: list[dict[str, Any]] | None = None) -> Middle:
        turn = [step for step in self.trace if step.turn == until.turn]
        said = next((str(step.text) for step in turn if isinstance(step, UserMessage)), None)
        if said is None:
            raise UsageError("the agent spoke here before the customer did", next="choose a step after that")
        return Middle(said, turn, until, blocks)

    def elsewhere(self, agent: str) -> Session:
        """A new conversation with another agent of the project; its code is not loaded yet."""
        other = Session(Serving(self.serving.host, agent, self.model), self.store)
        other.listeners = self.listeners
        return other

    def keep_rerun(self) -> Session:
        """The re-run becomes a conversation of its own; this one stays as it was.

        It forks at the first difference: `go_on()` runs that turn on from there, where it has a `middle`.
        """
        if self.rerun is None:
            raise UsageError("there is no re-run to keep", next="save a change of the journey first")
        found, steps = self.rerun.differences, self.rerun.steps
        if found:  # it ended in the middle of a turn: what it did there runs on, its tools too
            place = Place.parse(found[0].place)
            until = Place(place.turn, place.answer, max(place.call, 1) if place.answer else 0)
            kept = self.branch(steps=[step for step in steps if step.turn < place.turn])
            kept.middle = self._middle(until)
        else:
            kept = self.branch(steps=steps)
        if self.off:
            kept.lacked |= {turn.turn: self.off for turn in kept.turns()}
        kept.keep(self.store)
        return kept

    def keep(self, store: Store) -> None:
        """Write it to `store` from here on: it was chosen, and is kept even if nothing more is said."""
        self.store, self._begun = store, False
        self._begin()

    def drop_rerun(self) -> None:
        self.rerun = None
        self.note = ""
        self._tell("rerun")

    # switching parts off

    async def switch_off(self, off: Iterable[Off]) -> None:
        """Go on without these parts of the agent (all of them on: none), and run the record again so."""
        self.off = tuple(dict.fromkeys(off))
        self.rerun, self.note = None, ""
        self._tell("off")
        if self.off and len(self.trace):
            await self.run_again()

    def _note_off(self) -> None:
        """What is off during a turn stays written down with the conversation."""
        if self.off:
            turn = self.trace[-1].turn + 1 if len(self.trace) else 1
            self.lacked[turn] = self.off
            self.store.append(self.id, {"off": list(self.off), "turn": turn})

    # marks and transcripts

    def mark(self, mark: Mark) -> None:
        """Take a mark; one a place, a second replaces the first. Can be undone."""
        before = self.marks.get(mark.at)
        self._set_mark(mark.at, mark)
        self._undo.append((f"mark at {mark.at}", lambda: self._set_mark(mark.at, before)))

    def unmark(self, at: str) -> None:
        before = self.marks.get(at)
        if before is not None:
            self._set_mark(at, None)
            self._undo.append((f"unmark at {at}", lambda: self._set_mark(at, before)))

    def _set_mark(self, at: str, mark: Mark | None) -> None:
        self._begin()
        if mark is None:
            self.marks.pop(at, None)
            self.store.append(self.id, {"unmark": at})
        else:
            self.marks[at] = mark
            self.store.append(self.id, {"mark": mark})
        self._tell("marks")

    def undo(self) -> str:
        """Take back the last mark or save; returns what was undone. Raises UsageError where nothing is left."""
        return take_back(self._undo)

    async def save(
        self, kind: Literal["mistake", "guard"], title: str, expectation: Expectation | None = None
    ) -> Saved:
        """Save the conversation as a transcript, redacted, after replaying it once.

        Raises UsageError or TranscriptError, and then nothing is written.
        """
        if not len(self.trace):
            raise UsageError("there is no conversation to save yet")
        if self.without:
            raise UsageError(
                f"parts of it ran without {', '.join(map(str, self.without))}: a transcript would not say so",
                next="fork before that turn, and say it again with everything on",
            )
        transcript = self.transcript(kind, title, expectation)
        redactor = Redactor()
        clean = redact(transcript, redactor)
        clean = msgspec.structs.replace(clean, id=slug(clean.title))  # what is replaced is not in its name either
        before, after = await self.judge(transcript), await self.judge(clean)
        if before.verdict != after.verdict:
            raise UsageError(
                f"with personal data replaced the verdict changes from {before.verdict} to {after.verdict}; "
                "nothing was written",
                next="take the personal data out of what the policies decide on",
            )
        if after.verdict == "ERROR":
            raise UsageError(
                f"{after.why}; nothing was written", next="choose another expectation or another place"
            )
        path = self.store.save(clean)
        self._undo.append((f"save of {path}", lambda: self._unsave(path)))
        self.saved[path] = Saved(path, clean, after.verdict, after.why, redactor.replaced)
        self._tell("saved")
        return self.saved[path]

    def _unsave(self, path: str) -> None:
        self.store.remove(path)
        self.saved.pop(path, None)
        self._tell("saved")

    async def replay_saved(self) -> list[Saved]:
        """What was saved of it in this sitting, as it was saved, replayed on the code that serves now."""
        for path, saved in list(self.saved.items()):
            found = await self.judge(saved.transcript)
            self.saved[path] = replace(saved, verdict=found.verdict, why=found.why)
        self._tell("saved")
        return list(self.saved.values())

    def transcript(
        self, kind: Literal["mistake", "guard"], title: str, expectation: Expectation | None
    ) -> Transcript:
        made = compose(kind, title, expectation, self.setup, self.trace, list(self.marks.values()))
        code = dict(self.card.files) if self.card else {}
        return msgspec.structs.replace(made, source={"model": self.model}, code=code)

    async def judge(self, transcript: Transcript) -> Judged:
        """Replay a transcript on the code that serves now. Raises WorkbenchError where it cannot be."""
        async with self.serving.worker() as worker:
            async for event in worker.ask(Judge(encode(transcript))):
                if isinstance(event, Judged):
                    return event
                if isinstance(event, Failed):
                    raise JourneyError(event.message, where=event.where, next=event.next)
        raise UsageError("the worker gave no verdict")


def take_back(undos: list[Undo]) -> str:
    """Take back the last deed; returns what it was. What cannot be taken back now stays to be undone."""
    if not undos:
        raise UsageError("nothing to undo")
    what, back = undos[-1]
    back()
    undos.pop()
    return what


def rerun_note(rerun: Reran, model: str, off: tuple[Off, ...] = ()) -> str:
    """What a re-run found, in one honest line."""
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
    """Which move the first difference is at, counted as the screen counts: its siblings come after it."""
    place = Place.parse(rerun.differences[0].place)
    return sum(1 for t in moves(rerun.steps) for m in t.moves if m.message is None and m.place <= place)


def new_id(agent: str) -> str:
    """An id that sorts by time: support-20260105-101500-1a2b."""
    import secrets

    return f"{agent}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
