"""The status line: the agent, the state of its code, the model, the cost."""

from __future__ import annotations

import time

from ...engine.ablation import DisabledPart
from ...trace.events import Answer, PartialAnswer, ToolResult, UserMessage
from ...trace.trace import Trace
from ...workspace.code_service import CodeStatus
from ...workspace.session import Session
from ..actions import key
from .text import Line, Span, cut, one_line, width, wrap

MODELS = {"rehearsal": "rehearsal (a script, no model)"}
BRIEFLY = {"rehearsal": "rehearsal (no model)"}  # if the line is short
SHORT = 100  # cells below which it is
SCREENS = ("Develop", "Review", "Compare")


class UsageCounter:
    """Counts tokens and dollars of a trace, one event at a time."""

    def __init__(self) -> None:
        self.tokens = 0
        self.dollars = 0.0
        self.priced = False
        self._seen = 0
        self._trace: Trace | None = None

    def read(self, trace: Trace) -> None:
        if trace is not self._trace or len(trace) < self._seen:
            self.__init__()  # type: ignore[misc]
            self._trace = trace
        for index in range(self._seen, len(trace)):
            event = trace[index]
            if isinstance(event, Answer | PartialAnswer) and event.usage is not None:
                m = event.usage
                self.tokens += m.tokens
                if m.cost is not None:
                    self.dollars += m.cost
                    self.priced = True
        self._seen = len(trace)

    @property
    def parts(self) -> list[str]:
        parts = []
        if self.tokens:
            parts.append(f"{self.tokens / 1000:.1f}k tok" if self.tokens >= 1000 else f"{self.tokens} tok")
        if self.priced:
            parts.append(f"${self.dollars:.3f}")
        return parts


def waiting_text(session: Session) -> str:
    """Describe the current activity of a turn, and its duration."""
    seconds = time.monotonic() - session.turn.last_event_at
    events = session.trace.events
    answer = next((event for event in reversed(events) if isinstance(event, Answer | UserMessage)), None)
    deciding = session.turn.answering.activity
    what = f"{one_line(deciding.rpartition('.')[2], 40)} decides" if deciding else "answering"
    if isinstance(answer, Answer) and not deciding:
        done = {
            event.call
            for event in events
            if isinstance(event, ToolResult) and event.step_id[:2] == answer.step_id[:2]
        }
        call = next((call for call in answer.calls if call.number not in done), None)
        what = f"{one_line(call.tool, 40)} runs" if call is not None else what
    return f"{what}… {seconds:.0f} s" if seconds >= 1 else f"{what}…"


def storage_problem(session: Session) -> str:
    """Explain why a conversation is not stored or cannot start; "" if neither."""
    if session.store.write_error:
        return f"not on disk: {session.store.write_error}; it is held in memory and written when possible"
    if session.log.locked_by:
        return f"{session.log.locked_by}: it can be read here, and {key('fork')} forks it"
    if session.corrupt_lines:
        return f"{session.corrupt_lines} lines of its file cannot be read: steps may be missing"
    if session.fixture_problem and not len(session.trace):
        return f"the fixture {session.setup.fixture} cannot be used: {session.fixture_problem}"
    return ""


def relative_time(at: float, now: float | None = None) -> str:
    """Return how long ago a time is."""
    seconds = max(0, int((now if now is not None else time.time()) - at))
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86_400} d ago" if seconds < 100 * 86_400 else time.strftime("%Y-%m", time.localtime(at))


def state(code: CodeStatus) -> Span:
    if code.state == "ready":
        return Span("● ready", "good")
    if code.state == "loading":
        return Span("◌ loading", "warn")
    if code.state == "not run":
        return Span("○ code not run", "warn")
    return Span("✗ broken", "bad")


def status(
    agent: str, model: str, code: CodeStatus, turns: int, cost: UsageCounter, busy: str, screen: str, cells: int,
    reloaded: bool = False, brief: bool = False, base: str = "",
    disabled: tuple[DisabledPart, ...] = (), disabled_ever: tuple[DisabledPart, ...] = (), open_count: int = 1,
    params: str = "",
) -> list[Line]:  # fmt: skip
    """Return the status in one line if it fits, else in more: errors are never cut.

    `brief`: the result of the last reload was read; it is shown only with room in the line.
    `base`: the title of the baseline. `params`: the parameters of a live model.
    """
    head = [Span(f" {one_line(agent, 60)} ", "title"), Span("  "), state(code), Span("   ")]
    if disabled:  # must not be overlooked
        head = [
            *head,
            Span(f" ⊘ WITHOUT {', '.join(one_line(o.name, 60) for o in disabled)} ", "disabled"),
            Span("  "),
        ]
    elif disabled_ever:
        gone = ", ".join(one_line(o.name, 40) for o in disabled_ever)
        head = [*head, Span(f"⊘ some turns ran without {gone}", "bad"), Span("  ")]
    known = {**MODELS, **BRIEFLY} if cells < SHORT else MODELS
    facts = [known.get(model) or " ".join(filter(None, [one_line(model, 80), params and f"({params})"]))]
    if turns:
        facts.append(f"turn {turns}")
    if open_count > 1:
        facts.append(f"{open_count} open")
    facts += cost.parts
    head.append(Span(" · ".join(facts)))
    if busy:
        head += [Span(" · "), Span(busy, "warn")]
    if base:
        head += [Span(" · "), Span(f"baseline: {_brief(base)}", "accent")]
    note = status_text(code, reloaded)
    screens = _screens(screen)
    if width(head) + width(screens) + 1 > cells:
        screens = (Span(f"{screen} ", "head"),)
    one = [*head, *([Span(" · "), *note] if note and code.state != "broken" else [])]
    if width(one) + width(screens) + 2 <= cells and (not note or code.state != "broken"):
        gap = cells - width(one) - width(screens) - 1
        return [(*one, Span(" " * gap), *screens)]
    if brief and code.state != "broken":
        note = []
    gap = cells - width(head) - width(screens) - 1
    first = (*head, Span(" " * gap), *screens) if gap >= 1 else tuple(head)
    return [*wrap(first, cells, 1), *(wrap([Span(" "), *note], cells, 1) if note else [])]


def _brief(title: str) -> str:
    """Shorten a title to its name, a path to its file."""
    return cut(one_line(title).split(" “")[0].rsplit("/", 1)[-1], 24)


def _screens(here: str) -> Line:
    """Return the names of all screens; a click on one goes there."""
    bits: list[Span] = []
    for name in SCREENS:
        bits += [Span(" | " if bits else "", "dim"), Span(name, "head" if name == here else "dim")]
    return (*bits, Span(" "))


def status_text(code: CodeStatus, reloaded: bool) -> list[Span]:
    """Return the result of the last reload."""
    if code.state == "broken":
        serves = "the last good code is in use" if code.usable else "no code is loaded"
        bits = [Span(f"{one_line(code.where, 200)} ", "source"), Span(one_line(code.error, 400), "bad")]
        bits.append(Span(f" · {serves}", "warn"))
        if code.hint:
            bits.append(Span(f" · {one_line(code.hint, 200)}", "dim"))
        return bits
    if code.state == "not run":
        return [Span("review runs no code of this folder: only what is recorded is shown", "warn"),
                Span(f" · {key('run_code')} runs it, and remembers that", "dim")]  # fmt: skip
    if code.state != "ready" or not (reloaded or code.note):
        return []
    said = [f"code reloaded {relative_time(code.at)}" if reloaded else "", one_line(code.note)]
    return [Span(": ".join(part for part in said if part), "warn" if "differ" in code.note else "")]
