"""A session: one live conversation, whichever worker serves it.

It owns the record, the marks and what the screens need to know of the code.
It holds no journey code and touches neither files nor processes: a `Host`
gives it workers, a `Store` keeps what happens, listeners hear of changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from .errors import JourneyError, UsageError, WorkerDied
from .expectation import Expectation
from .host import Host, Store, Worker
from .redact import Redactor, redact
from .saving import Saved as Saved
from .saving import compose
from .steps import Answer, AnyStep, Fault, HandOff, Place, Setup, TurnEnd, UserMessage, writable
from .trace import Move, Trace, TurnMoves, moves
from .transcript import Mark, Transcript, encode, slug
from .wire import (
    AgentCard,
    Done,
    Exhibited,
    Failed,
    Judge,
    Judged,
    Open,
    Ready,
    Request,
    Reran,
    RunAgain,
    Say,
    Stepped,
    Streamed,
)


@dataclass(frozen=True)
class Code:
    """The state of the code behind the screen.

    `ready`: what is on disk serves. `loading`: a save is being loaded.
    `broken`: what is on disk does not load; the last good code goes on
    serving (`serving` False: nothing serves). `note` says what a re-run found.
    """

    state: Literal["loading", "ready", "broken"] = "loading"
    error: str = ""
    where: str = ""
    next: str = ""
    serving: bool = False
    seconds: float = 0.0
    at: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Changed:
    """Something to show anew. `what`: step | delta | turn | code | rerun | marks | setup."""

    what: str
    step: AnyStep | None = None
    delta: Streamed | None = None


Listener = Callable[[Changed], None]


class Session:
    """One live conversation. Every method that fails raises a WorkbenchError fit to show."""

    def __init__(self, host: Host, store: Store, agent: str, model: str, *, id: str = "") -> None:
        self.host = host
        self.store = store
        self.agent = agent
        self.model = model
        self.id = id or new_id(agent)
        self.setup = Setup(agent=agent)
        self.trace = Trace()
        self.marks: dict[str, Mark] = {}
        self.code = Code()
        self.card: AgentCard | None = None
        self.rerun: Reran | None = None
        self.busy = False
        self.listeners: list[Listener] = []
        self._worker: Worker | None = None
        self._waiting: Worker | None = None  # serves as soon as the turn in progress has ended
        self._begun = False
        self._opened = False
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._loads = 0

    # telling

    def _tell(self, what: str, step: AnyStep | None = None, delta: Streamed | None = None) -> None:
        for listener in list(self.listeners):
            listener(Changed(what, step, delta))

    def turns(self) -> list[TurnMoves]:
        return moves(self.trace)

    def move_at(self, place: Place) -> Move | None:
        return next((m for t in self.turns() for m in t.moves if m.place == place), None)

    @property
    def handed_off(self) -> bool:
        return any(isinstance(step, HandOff) for step in self.trace)

    # code

    async def reload(self) -> None:
        """Load what is on disk now, in a new worker; run the conversation again on it; let it serve.

        A load that is overtaken by a later one is thrown away.
        """
        self._loads += 1
        number, began = self._loads, time.monotonic()
        self.code = replace(self.code, state="loading", note="")
        self._tell("code")
        try:
            worker = await self.host.start(self.agent, self.model)
        except (JourneyError, WorkerDied) as error:
            if number == self._loads:
                self.code = Code(
                    "broken", error.message, error.where, error.next, self._worker is not None, at=time.time()
                )
                self._tell("code")
            return
        if number != self._loads:
            worker.close()
            return
        seconds = time.monotonic() - began
        first = self.card is None
        changed = not first and worker.card.code != self.card.code  # type: ignore[union-attr]
        self.card = worker.card
        if first and not self._begun and not len(self.trace):
            self._first_setup()
        self._serve(worker)
        self.code = Code("ready", serving=True, seconds=seconds, at=time.time())
        self._tell("code")
        if changed and len(self.trace):
            await self._run_again(worker)

    def _serve(self, worker: Worker) -> None:
        """Let `worker` take the place of another: at once, or when the turn in progress has ended."""
        if self.busy:
            old, self._waiting = self._waiting, worker
        else:
            old, self._worker = self._worker, worker
            self._opened = False
        if old is not None and old is not worker:
            old.close()

    def _gone(self, worker: Worker) -> None:
        worker.close()
        if self._worker is worker:
            self._worker = None
        if self._waiting is worker:
            self._waiting = None

    def _first_setup(self) -> None:
        assert self.card is not None
        if self.card.fixtures:
            names = [f.name for f in self.card.fixtures]
            wanted = self.setup.fixture if self.setup.fixture in names else names[0]
            chosen = next(f for f in self.card.fixtures if f.name == wanted)
            self.setup = chosen.setup
            self._tell("setup")

    async def _run_again(self, worker: Worker) -> None:
        request = RunAgain(self.setup, list(self.trace.steps))
        try:
            async for event in worker.ask(request):
                if worker not in (self._worker, self._waiting):
                    return  # a later save has taken its place
                if isinstance(event, Reran):
                    self.rerun = event
                    self.code = replace(self.code, note=rerun_note(event, self.model))
                    self._tell("rerun")
                elif isinstance(event, Failed):
                    self.code = replace(self.code, note=f"the re-run failed: {event.message}")
                    self._tell("code")
        except WorkerDied as error:
            if worker in (self._worker, self._waiting):
                self._gone(worker)
                self.code = replace(
                    self.code, note=f"the re-run was stopped: {error.message} {error.where}".strip()
                )
                self._tell("code")
                await self._revive()

    # the conversation

    def want_fixture(self, name: str) -> None:
        """Start from the fixture `name` once the code has loaded."""
        self.setup = Setup(agent=self.agent, fixture=name)

    def choose(self, setup: Setup) -> None:
        """Start from another setup. Raises UsageError once the conversation has begun."""
        if len(self.trace):
            raise UsageError("the conversation has begun", next="start a new one to choose another setup")
        self.setup = setup
        self._opened = False
        self._tell("setup")

    async def say(self, text: str) -> None:
        """One turn. Raises UsageError where there is no code to answer or a turn is running."""
        if self.busy:
            raise UsageError("the agent is still answering", next="wait, or interrupt it")
        if self._worker is None:
            await self._revive()
            if self.busy:
                raise UsageError("the agent is still answering", next="wait, or interrupt it")
        worker, text = self._worker, writable(text)
        if worker is None:
            raise UsageError(
                f"no code serves: {self.code.error}", where=self.code.where, next=self.code.next or "mend and save"
            )
        if self.handed_off:
            raise UsageError(
                "a person has this conversation now", next="start a new one, or fork before the hand-off"
            )
        self._begin()
        self.busy = True
        self._tell("turn")
        try:
            if not self._opened:
                await self._hear(worker, Open(self.setup, list(self.trace.steps), self.trace.exhibits))
                self._opened = True
            await self._hear(worker, Say(text))
        except WorkerDied as error:
            self._gone(worker)
            self._bury(text, error)
        finally:
            self.busy = False
            if self._waiting is not None:
                waiting, self._waiting = self._waiting, None
                self._serve(waiting)
            self._tell("turn")
        if self._worker is None:
            await self._revive()

    async def _hear(self, worker: Worker, request: Request) -> None:
        async for event in worker.ask(request):
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
                case Done() | Ready():
                    pass
                case _:
                    pass

    def _record(self, step: AnyStep) -> None:
        self.store.append(self.id, {"step": step})
        self.trace.append(step)
        self._tell("step", step=step)

    def _bury(self, text: str, error: WorkerDied) -> None:
        """The worker is gone: what it was doing ends as steps, and the conversation goes on."""
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

    async def _revive(self) -> None:
        """Start a new worker for the code on disk, after one died; a load that began later goes before."""
        number = self._loads
        try:
            worker = await self.host.start(self.agent, self.model)
            if number != self._loads and self._worker is not None:
                worker.close()
                return
            self._serve(worker)
            self.card = worker.card
            self.code = replace(self.code, state="ready", serving=True, error="", where="", next="")
        except (JourneyError, WorkerDied) as error:
            self.code = Code("broken", error.message, error.where, error.next, False, at=time.time())
        self._tell("code")

    def interrupt(self) -> None:
        """Stop the turn in progress."""
        if self.busy and self._worker is not None:
            self._worker.stop_turn()

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self.store.begin(self.id, {"session": self.id, "setup": self.setup, "model": self.model})
            for key, value in self.trace.exhibits.items():
                self.store.append(self.id, {"exhibit": key, "value": value})
            for step in self.trace:
                self.store.append(self.id, {"step": step})
            for mark in self.marks.values():
                self.store.append(self.id, {"mark": mark})

    def take_over(self, setup: Setup, trace: Trace, marks: list[Mark], *, begun: bool) -> None:
        """Continue a record: a past session (`begun`), or a copy of one that is its own from here on."""
        self.setup = setup
        self.trace = trace
        self.marks = {m.at: m for m in marks}
        self._begun = begun
        self._opened = False
        self.rerun = None
        self._tell("setup")

    def branch(self, upto: Place | None = None, steps: list[AnyStep] | None = None) -> Session:
        """A new session that shares the record up to (not including) the turn of `upto`; this one stays.

        `steps` instead takes a whole other record, such as that of a re-run.
        """
        self.interrupt()  # one worker serves both: a turn left running would hold up the other
        other = Session(self.host, self.store, self.agent, self.model)
        kept = steps if steps is not None else [s for s in self.trace if upto is None or s.turn < upto.turn]
        places = {str(s.place) for s in kept}
        exhibits = {**self.trace.exhibits, **(self.rerun.exhibits if self.rerun else {})}
        other.take_over(
            self.setup, Trace(kept, exhibits), [m for m in self.marks.values() if m.at in places], begun=False
        )
        other.listeners = self.listeners
        other.share(self)
        self._loads += 1  # a load under way would close the worker that both have now
        return other

    def elsewhere(self, agent: str) -> Session:
        """A new conversation with another agent of the project; its code is not loaded yet."""
        other = Session(self.host, self.store, agent, self.model)
        other.listeners = self.listeners
        return other

    def share(self, other: Session) -> None:
        """Let the worker that serves `other` serve this one too."""
        self.card, self.code = other.card, replace(other.code, note="")  # the note is of the other's re-run
        self._worker, self._opened = other._waiting or other._worker, False

    def keep_rerun(self) -> Session:
        """The re-run becomes a conversation of its own; this one stays as it was."""
        if self.rerun is None:
            raise UsageError("there is no re-run to keep", next="save a change of the journey first")
        kept = self.branch(steps=self.rerun.steps)
        kept._begin()  # it was chosen: it is kept even if nothing more is said
        return kept

    def drop_rerun(self) -> None:
        self.rerun = None
        self.code = replace(self.code, note="")
        self._tell("rerun")

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
        if not self._undo:
            raise UsageError("nothing to undo")
        what, back = self._undo.pop()
        back()
        return what

    async def save(
        self, kind: Literal["mistake", "guard"], title: str, expectation: Expectation | None = None
    ) -> Saved:
        """Save the conversation as a transcript, redacted, after replaying it once.

        Raises UsageError or TranscriptError, and then nothing is written.
        """
        if not len(self.trace):
            raise UsageError("there is no conversation to save yet")
        if self._worker is None:
            await self._revive()
        if self._worker is None:
            raise UsageError("no code serves to check the transcript with", next="mend the journey and save it")
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
        self._undo.append((f"save of {path}", lambda: self.store.remove(path)))
        return Saved(path, clean, after.verdict, after.why, redactor.replaced)

    def transcript(
        self, kind: Literal["mistake", "guard"], title: str, expectation: Expectation | None
    ) -> Transcript:
        made = compose(kind, title, expectation, self.setup, self.trace, list(self.marks.values()))
        code = dict(self.card.files) if self.card else {}
        return msgspec.structs.replace(made, source={"model": self.model}, code=code)

    async def judge(self, transcript: Transcript) -> Judged:
        """Replay a transcript on the code that serves now."""
        worker = self._worker
        if worker is None:
            raise UsageError("no code serves")
        try:
            async for event in worker.ask(Judge(encode(transcript))):
                if isinstance(event, Judged):
                    return event
                if isinstance(event, Failed):
                    raise JourneyError(event.message, where=event.where, next=event.next)
        except WorkerDied:
            self._gone(worker)
            raise
        raise UsageError("the worker gave no verdict")

    def close(self) -> None:
        for worker in (self._worker, self._waiting):
            if worker is not None:
                worker.close()
        self._worker = self._waiting = None


def rerun_note(rerun: Reran, model: str) -> str:
    """What a re-run found, in one honest line."""
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
