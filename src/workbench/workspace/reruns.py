"""Rerun a conversation on the code that is loaded now, and compare it with the recording."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..engine.ablation import DisabledPart
from ..errors import JourneyError, UsageError, WorkerCrashed
from ..runtime.protocol import RerunConversation, RerunDone, request
from ..text import pluralize
from ..trace.events import AnyEvent, PolicyDecision, Prompt
from ..trace.setup import Setup
from ..trace.step_id import StepId
from ..trace.steps import group_steps
from .turns import partial_turn_until

if TYPE_CHECKING:
    from .session import Session


class Reruns:
    """The last rerun of a session: `rerun`, and `note`, one line that describes it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rerun: RerunDone | None = None
        self.note = ""
        self.last_code = ""  # the code hash of the last turn

    async def rerun_if_code_changed(self) -> None:
        """Rerun the conversation if the code has changed since its last turn."""
        agent_info = self.session.agent_info
        if agent_info is not None and len(self.session.trace) and self.last_code not in ("", agent_info.code):
            await self.rerun_record()

    async def rerun_record(self) -> None:
        """Rerun the recording on the loaded code without disabled parts; sets `rerun` and `note`."""
        session = self.session
        off = session.disabled
        try:
            found, code = await self.rerun_events(session.setup, list(session.trace.events), off)
        except (UsageError, JourneyError) as error:
            self.note = f"the rerun failed: {error.message}"
        except WorkerCrashed as error:
            self.note = f"the rerun was stopped: {error.message} {error.where}".strip()
            await session.code_service.ensure_worker()
        else:
            if session.disabled != off or (session.agent_info is not None and code != session.agent_info.code):
                return  # replaced by a later save or switch
            self.last_code = code
            self.rerun = found
            self.note = describe_rerun(found, session.model, session.disabled, session.trace)
        session.notify("rerun")

    async def rerun_events(
        self, setup: Setup, events: list[AnyEvent], off: tuple[DisabledPart, ...] = ()
    ) -> tuple[RerunDone, str]:
        """Rerun recorded events on the loaded code; returns the code hash too. Raises WorkbenchError."""
        async with self.session.code_service.borrow_worker() as worker:
            done = await request(worker, RerunConversation(setup, events, list(off)), RerunDone)
            return done, worker.agent_info.code

    async def disable(self, off: Iterable[DisabledPart]) -> None:
        """Disable these parts of the agent (none: enable all), and rerun the recording."""
        session = self.session
        session.disabled = tuple(dict.fromkeys(off))
        session.log.disabled_from_now()
        self.clear()
        session.notify("disabled")
        if session.disabled and len(session.trace):
            await self.rerun_record()

    def adopt(self) -> Session:
        """Continue the rerun as a new conversation; the session itself is unchanged.

        It forks at the first difference: `turn.resume()` completes that turn if it has a `partial_turn`.
        """
        if self.rerun is None:
            raise UsageError("there is no rerun to adopt", hint="save a change of the journey first")
        session, found, events = self.session, self.rerun.differences, self.rerun.events
        if found:  # it ended within a turn: continue it there, tools included
            step_id = StepId.parse(found[0].step_id)
            until = StepId(step_id.turn, step_id.answer, max(step_id.call, 1) if step_id.answer else 0)
            adopted = session.fork(events=[event for event in events if event.turn < step_id.turn], at=until)
            adopted.turn.partial_turn = partial_turn_until(session.trace, until)
        else:
            adopted = session.fork(events=events, at=StepId(1))
        if session.disabled:
            adopted.disabled_by_turn |= {turn.turn: session.disabled for turn in adopted.turns()}
        adopted.persist(session.store)
        return adopted

    def dismiss(self) -> None:
        """Discard the rerun."""
        self.clear()
        self.session.notify("rerun")

    def clear(self) -> None:
        """Discard the rerun without notifying listeners."""
        self.rerun, self.note = None, ""


def describe_rerun(
    rerun: RerunDone, model: str, off: tuple[DisabledPart, ...] = (), recorded: Iterable[AnyEvent] = ()
) -> str:
    """Describe the result of a rerun of the `recorded` events in one line."""
    if off:
        return f"without {', '.join(map(str, off))}: {describe_rerun(rerun, model, recorded=recorded)}"
    if rerun.fault:
        return f"the rerun stopped: {rerun.fault}"
    actions = f"actions differ at step {rerun.differences[0].step_id}" if rerun.differences else "same actions"
    actions += _new_policies(rerun, recorded)
    if not rerun.prompt_changed_from:
        return actions
    asked = "the rehearsal does not read it" if model == "rehearsal" else "the model was not called"
    return f"{actions}; the prompt differs from step {_changed_from(rerun)} on; {asked}"


def _changed_from(rerun: RerunDone) -> StepId | str:
    """Return the id of the first step with a changed prompt."""
    steps = [step.step_id for turn in group_steps(rerun.events) for step in turn.steps if step.message is None]
    return steps[rerun.prompt_changed_from - 1] if rerun.prompt_changed_from <= len(steps) else "?"


def _new_policies(rerun: RerunDone, recorded: Iterable[AnyEvent]) -> str:
    """Report the policies that decided in the rerun and did not exist in the recording."""
    known: set[str] = set()
    for event in recorded:
        if isinstance(event, Prompt):
            known |= {*event.policies, *(hidden.name for hidden in event.hidden if hidden.kind == "policy")}
        elif isinstance(event, PolicyDecision):
            known.add(event.policy)
    effects: dict[str, set[str]] = {}
    for event in rerun.events:
        if isinstance(event, PolicyDecision) and event.policy not in known:
            effects.setdefault(event.policy, set()).add(event.effect)
    passed = sum(found == {"allow"} for found in effects.values())
    if not passed:
        return ""
    were = "was" if passed == 1 else "were"
    return f"; {pluralize(passed, 'new policy', 'new policies')} {were} asked, and let it pass"
