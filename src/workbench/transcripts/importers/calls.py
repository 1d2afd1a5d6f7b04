"""Find the call that a result of a log belongs to, or say that there is none: a result is never guessed."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...trace.events import CallRequest


@dataclass
class LoggedCall:
    """One call of a log, at turn and answer; `answered` once its result was found."""

    turn: int
    answer: int
    request: CallRequest
    where: str
    answered: bool = False


@dataclass
class LoggedCalls:
    """The calls of a conversation: those of the latest answer, and earlier ones without a result."""

    latest: list[LoggedCall] = field(default_factory=list)
    earlier: list[LoggedCall] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    """Ids of calls that have a result."""

    def begin(self, calls: list[LoggedCall]) -> None:
        """Take the calls of the next answer."""
        self.earlier = self.unanswered
        self.latest = calls

    @property
    def unanswered(self) -> list[LoggedCall]:
        return [call for call in (*self.earlier, *self.latest) if not call.answered]

    def find(self, id: str, tool: str) -> LoggedCall | str:
        """Return the call of a result with this id and, if it names one, this tool; or the kind of loss.

        Ids may repeat in a conversation: then the latest answer counts, and its first open call.
        """
        if not id:
            return self._without_id(tool)
        here = [call for call in self.latest if call.request.id == id]
        found = [call for call in here if not call.answered]
        if not here:
            found = [call for call in reversed(self.earlier) if call.request.id == id and not call.answered]
        if found:
            return self._answer(next((call for call in found if call.request.tool == tool), found[0]))
        return "second-result" if here or id in self.answered else "unknown-result"

    def _without_id(self, tool: str) -> LoggedCall | str:
        """Return the only open call it can be of; the first one if the calls have no ids either."""
        found = [call for call in self.unanswered if not tool or call.request.tool == tool]
        found = [call for call in found if call in self.latest] or found
        if found and (len(found) == 1 or not any(call.request.id for call in found)):
            return self._answer(found[0])
        called = any(call.request.tool == tool for call in self.latest)
        return "second-result" if called and not found else "unknown-result"

    def _answer(self, call: LoggedCall) -> LoggedCall:
        call.answered = True
        self.answered.add(call.request.id)
        return call
