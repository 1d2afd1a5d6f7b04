"""A session: one live conversation.

It owns the trace and the annotations. It runs no journey code and uses neither
files nor processes: it borrows workers from a `CodeService`, a `SessionStore` stores what
happens, listeners receive changes. Its parts run turns (`turn`), rerun the
recording on new code (`reruns`), save transcripts (`saving`), change annotations
(`annotating`) and write the log (`log`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..engine.ablation import DisabledPart
from ..errors import UsageError
from ..runtime.protocol import AgentInfo, DeltaStreamed, RerunDone
from ..trace.events import AnyEvent, HandedOff, UserMessage
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..trace.steps import Step, Turn, group_steps
from ..trace.trace import Trace
from ..transcripts.transcript import Annotation
from .annotating import Annotating
from .code_service import CodeService, CodeStatus
from .history import History
from .library import StoredConversation
from .log import LogWriter
from .origin import Origin
from .ports import SessionStore
from .reruns import Reruns
from .saving import Saving
from .turns import TurnRunner, partial_turn_until


@dataclass(frozen=True)
class SessionEvent:
    """A change to display.

    `what`: event | delta | turn | code | rerun | annotations | setup | setup_checked | disabled | saved | name.
    """

    what: str
    event: AnyEvent | None = None
    delta: DeltaStreamed | None = None


Listener = Callable[[SessionEvent], None]
DisabledByTurn = Mapping[int, Iterable[DisabledPart]]  # disabled parts by turn


class Session:
    """One live conversation. Methods that fail raise a WorkbenchError that can be displayed."""

    def __init__(
        self,
        code_service: CodeService,
        store: SessionStore,
        *,
        id: str = "",
        fixture: str = "",
        history: History | None = None,
    ) -> None:
        self.code_service = code_service
        self.store = store
        self.id = id or new_id(code_service.agent)
        self.name = ""
        self.origin = Origin(at=time.time())
        self.setup = Setup(agent=code_service.agent, fixture=fixture)
        self.trace = Trace()
        self.annotations: dict[str, Annotation] = {}
        self.disabled: tuple[DisabledPart, ...] = ()
        self.disabled_by_turn: dict[
            int, tuple[DisabledPart, ...]
        ] = {}  # disabled parts by turn; 0: in an unknown turn
        self.fixture_problem = ""  # why a conversation cannot start from its fixture
        self.corrupt_lines = 0  # lines of its file that cannot be read
        self.listeners: list[Listener] = []
        self.history = history or History()  # several sessions may share one
        self.log = LogWriter(self)
        self.turn = TurnRunner(self)
        self.reruns = Reruns(self)
        self.saving = Saving(self)
        self.annotating = Annotating(self)
        self._set_up = False
        code_service.listeners.add(self)
        self.code_changed()

    # code

    @property
    def agent(self) -> str:
        return self.code_service.agent

    @property
    def model(self) -> str:
        return self.code_service.model

    @property
    def agent_info(self) -> AgentInfo | None:
        return self.code_service.agent_info

    @property
    def code(self) -> CodeStatus:
        return replace(self.code_service.code, note=self.reruns.note)

    # content

    @property
    def busy(self) -> bool:
        """Return whether a turn is running."""
        return self.turn.busy

    @property
    def rerun(self) -> RerunDone | None:
        """Return the last rerun, or None."""
        return self.reruns.rerun

    @property
    def disabled_ever(self) -> tuple[DisabledPart, ...]:
        """Return the parts that were disabled in any of its turns."""
        return tuple(dict.fromkeys(off for turn in self.disabled_by_turn.values() for off in turn))

    @property
    def handed_off(self) -> bool:
        return any(isinstance(event, HandedOff) for event in self.trace)

    @property
    def title(self) -> str:
        """Return its name, else the first message of the customer."""
        return self.name or self.first_words() or "(empty)"

    def first_words(self, turn: int = 0) -> str:
        """Return the first message of the customer from a turn on, or ""."""
        said = (str(e.text) for e in self.trace if isinstance(e, UserMessage) and e.turn >= turn)
        return " ".join(next(said, "").split())[:200]

    def turns(self) -> list[Turn]:
        return group_steps(self.trace)

    def step_at(self, step_id: StepId) -> Step | None:
        return next((m for t in self.turns() for m in t.steps if m.step_id == step_id), None)

    def notify(self, what: str, event: AnyEvent | None = None, delta: DeltaStreamed | None = None) -> None:
        """Notify the listeners of a change."""
        for listener in list(self.listeners):
            listener(SessionEvent(what, event, delta))

    # code

    def code_changed(self) -> None:
        """React to a change of the agent's code or its load state."""
        if self.code_service.code.state == "loading":
            self.reruns.note = ""
        if self.agent_info is not None:
            if self.reruns.last_code not in ("", self.agent_info.code):
                self.reruns.clear()  # it ran on other code: "now" would not be true any more
            self.reruns.last_code = self.reruns.last_code or self.agent_info.code
            if not self._set_up:
                self._set_up = True
                if fixtures := self.agent_info.fixtures:
                    self.setup = next((f for f in fixtures if f.name == self.setup.fixture), fixtures[0]).setup
                    self.notify("setup")
        self.notify("code")

    async def reload(self) -> None:
        """Load the code on disk, and rerun the conversation if it has changed."""
        await self.code_service.reload()
        await self.reruns.rerun_if_code_changed()

    # the conversation

    def set_setup(self, setup: Setup) -> None:
        """Set another setup. Raises UsageError after the conversation has started."""
        if len(self.trace):
            raise UsageError(
                "the conversation has already started", hint="start a new one to choose another setup"
            )
        self.setup = setup
        self._set_up = True
        self.notify("setup")

    async def send(self, text: str) -> None:
        """Run one turn: see TurnRunner."""
        await self.turn.send(text)

    def load_stored(self, stored: StoredConversation, *, begun: bool = True) -> None:
        """Load a stored conversation: see `load`. A past session also has its name and disabled parts again."""
        self.load(
            stored.setup, stored.trace, stored.annotations, begun=begun, disabled_by_turn=stored.disabled_by_turn
        )
        self.corrupt_lines = stored.torn
        if begun:
            self.name, self.origin, self.disabled = stored.name, stored.origin, tuple(stored.disabled)

    def load(
        self,
        setup: Setup,
        trace: Trace,
        annotations: Iterable[Annotation],
        *,
        begun: bool,
        disabled_by_turn: DisabledByTurn | None = None,
    ) -> None:
        """Load a recording: a past session (`begun`), or a copy that is separate from now on."""
        self.setup = setup
        self.trace = trace
        self.annotations = {m.step: m for m in annotations}
        self.disabled_by_turn = {turn: tuple(off) for turn, off in (disabled_by_turn or {}).items()}
        self.log = LogWriter(self, begun=begun)
        self._set_up = True
        self.reruns.rerun = None
        self.notify("setup")

    def persist(self, store: SessionStore) -> None:
        """Write it to `store` from now on, even if no further turn follows."""
        self.store, self.log = store, LogWriter(self)
        self.log.begin()

    # forks

    def fork(
        self, upto: StepId | None = None, events: list[AnyEvent] | None = None, at: StepId | None = None
    ) -> Session:
        """Return a new session with the recording up to (not including) the turn of `upto`.

        `events` uses another recording instead, such as that of a rerun. `at` is the step to
        name in its origin instead of `upto`. This session is unchanged.
        """
        other = Session(self.code_service, self.store)
        recorded = events if events is not None else [s for s in self.trace if upto is None or s.turn < upto.turn]
        step_ids = {str(s.step_id) for s in recorded}
        blobs = {**self.trace.blobs, **(self.rerun.blobs if self.rerun else {})}
        annotations = [m for m in self.annotations.values() if m.step in step_ids]
        last = recorded[-1].turn if recorded else -1
        disabled_by_turn = {turn: off for turn, off in self.disabled_by_turn.items() if turn <= last}
        other.load(self.setup, Trace(recorded, blobs), annotations, begun=False, disabled_by_turn=disabled_by_turn)
        other.saving.saved = dict(self.saving.saved) if recorded else {}
        other.disabled = self.disabled
        if at is not None or upto is not None:
            other.origin = Origin(time.time(), self.id, str(at or upto))
        other.reruns.last_code = self.reruns.last_code
        other.listeners = self.listeners
        return other

    def fork_mid_turn(self, step_id: StepId, blocks: list[dict[str, Any]] | None = None) -> Session:
        """Return a new session within the turn of `step_id`; `turn.resume()` runs the rest.

        What precedes `step_id` is fixed. At the step there is the manual answer `blocks`; without
        it the model is called again for the whole answer. This session is unchanged.
        """
        other = self.fork(upto=step_id, at=step_id)
        until = step_id if blocks is not None else StepId(step_id.turn, step_id.answer)
        other.turn.partial_turn = partial_turn_until(self.trace, until, blocks)
        return other

    # annotations

    def annotate(self, annotation: Annotation) -> None:
        """Set an annotation, replacing one at the same step. Can be undone."""
        self.annotating.change("annotation", annotation.step, annotation)

    def remove_annotation(self, at: str) -> None:
        """Remove the annotation at a step, if there is one. Can be undone."""
        if at in self.annotations:
            self.annotating.change("removed annotation", at, None)


def new_id(agent: str) -> str:
    """Return an id that sorts by time: support-20260105-101500-1a2b."""
    import secrets

    return f"{agent}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
