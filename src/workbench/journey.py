"""Agent and Journey: what an engineer writes, as values the engine reads.

An agent lives in journeys/<agent>/agent.py, a journey in
journeys/<agent>/<journey>/journey.py. The decorators only collect; nothing runs
until a conversation does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, overload

import msgspec

from .errors import JourneyError
from .policy import Policy
from .source import caller, source_of
from .talk import Talk
from .tool import Condition, Tool, make_tool
from .trace.blobs import Span
from .trace.events import Stand

F = TypeVar("F", bound=Callable[..., Any])
ToolNames = Tool | str | Iterable["Tool | str"]


class Limits(msgspec.Struct, frozen=True):
    """Per turn: answers of the model, tokens it wrote, seconds of wall clock. Past one, the turn ends.

    `code` is how many seconds a tool, policy or import may block without
    waiting on anything: past it the worker counts as stuck and is ended.
    """

    answers: int = 12
    tokens: int = 20_000
    seconds: float = 120.0
    code: float = 10.0


class _Collects:
    """What Agent and Journey share: tools, policies, a folder, a place in the source.

    `kept` holds what others worked out of it once, since it never changes after it was loaded.
    """

    name: str

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder, self.file, line = caller(3)
        self.source = f"{self.file}:{line}"
        self.tools: dict[str, Tool] = {}
        self.policies: list[Policy] = []
        self.rehearsal: Any = None
        self.kept: dict[str, Any] = {}

    @property
    def _scope(self) -> str:
        return self.name

    @overload
    def tool(self, fn: Callable[..., Any], /) -> Tool: ...

    @overload
    def tool(
        self,
        *,
        writes: bool = False,
        recorded: bool = False,
        hands_off: bool = False,
        when: Condition | None = None,
        again: bool | None = None,
        unordered: bool | Sequence[str] = False,
    ) -> Callable[[Callable[..., Any]], Tool]: ...

    def tool(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        writes: bool = False,
        recorded: bool = False,
        hands_off: bool = False,
        when: Condition | None = None,
        again: bool | None = None,
        unordered: bool | Sequence[str] = False,
    ) -> Tool | Callable[[Callable[..., Any]], Tool]:
        """Declare a tool: `@journey.tool` or `@journey.tool(writes=True)`; gives back a Tool."""

        def declare(body: Callable[..., Any]) -> Tool:
            tool = make_tool(
                body, journey=self._scope, writes=writes, recorded=recorded, hands_off=hands_off, when=when,
                again=again, unordered=unordered if isinstance(unordered, bool) else tuple(unordered),
            )  # fmt: skip
            if tool.name in self.tools or tool.name in BUILT_IN:
                raise JourneyError(
                    f"a tool named {tool.name!r} is there already",
                    where=tool.source,
                    next="give one of them another name",
                )
            self.tools[tool.name] = tool
            return tool

        return declare if fn is None else declare(fn)

    def policy(
        self,
        *,
        before: ToolNames | None = None,
        after: ToolNames | None = None,
        before_reply: bool = False,
        on_message: bool = False,
        when: Condition | None = None,
    ) -> Callable[[F], Policy]:
        """Declare a policy at one stand: before or after tools, before a reply, on the customer's message."""
        stands: list[tuple[Stand, Any]] = []
        if before is not None:
            stands.append(("before", before))
        if after is not None:
            stands.append(("after", after))
        if before_reply:
            stands.append(("reply", ()))
        if on_message:
            stands.append(("message", ()))

        def declare(fn: F) -> Policy:
            if len(stands) != 1:
                raise JourneyError(
                    f"policy {fn.__name__} must stand at one place, not {len(stands)}",
                    where=source_of(fn),
                    next="say one of before=, after=, before_reply=True, on_message=True",
                )
            if any(p.name == fn.__name__ for p in self.policies):
                raise JourneyError(
                    f"a policy named {fn.__name__!r} is there already",
                    where=source_of(fn),
                    next="give one of them another name",
                )
            stand, tools = stands[0]
            policy = Policy(fn.__name__, fn, stand, _names(tools), self._scope, when, source_of(fn))
            self.policies.append(policy)
            return policy

        return declare


def _names(tools: Any) -> tuple[str, ...]:
    if isinstance(tools, Tool | str):
        tools = (tools,)
    return tuple(t.name if isinstance(t, Tool) else str(t) for t in tools)


ENTER, HAND_OFF, LOOK_UP = "enter_journey", "hand_off", "look_up"
BUILT_IN = (ENTER, HAND_OFF, LOOK_UP)


class Journey(_Collects):
    """One goal a customer may have: its manual, tools and policies.

    `manual` is a Markdown file beside the code; `when` a condition
    `(talk) -> bool` under which the journey is on offer.
    """

    def __init__(self, name: str, *, goal: str, manual: str = "manual.md", when: Condition | None = None) -> None:
        super().__init__(name)
        self.goal = goal
        self.manual = manual
        self.when = when

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The manual, a span a section."""
        return tuple(_sections(Path(self.folder, self.manual), self.file, self.source, f"{self.name} manual"))


class Agent(_Collects):
    """Persona and voice, journeys, the policies that hold everywhere, the world its tools act on.

    `persona` is a Markdown file beside the code; `knowledge` a folder of
    Markdown files the agent may look up and quote; `fixtures` a folder of JSON
    files a conversation's world can start from, `fixture` the one it starts
    from unless another is chosen. `hands_off` offers the model
    the built-in hand_off tool; `hand_off_text` is what the customer then reads.
    """

    def __init__(
        self,
        name: str,
        *,
        journeys: Iterable[Journey] = (),
        persona: str = "persona.md",
        knowledge: str = "",
        fixtures: str = "fixtures",
        fixture: str = "",
        hands_off: bool = True,
        hand_off_text: str = "I am handing you over to a colleague, who will read this conversation first.",
        limits: Limits | None = None,
    ) -> None:
        super().__init__(name)
        self.hands_off = hands_off
        self.hand_off_text = hand_off_text
        self.journeys: dict[str, Journey] = {}
        for journey in journeys:
            if journey.name in self.journeys:
                raise JourneyError(f"two journeys are named {journey.name!r}", where=self.source)
            self.journeys[journey.name] = journey
        self.persona = persona
        self.knowledge = knowledge
        self.fixtures = fixtures
        self.fixture = fixture
        self.limits = limits or Limits()

    @property
    def _scope(self) -> str:
        return ""

    @cached_property
    def persona_spans(self) -> tuple[Span, ...]:
        return tuple(_sections(Path(self.folder, self.persona), self.file, self.source, "persona"))

    @cached_property
    def sections(self) -> tuple[Span, ...]:
        """The knowledge, a span a section, sources included."""
        if not self.knowledge:
            return ()
        folder = Path(self.folder, self.knowledge)
        if not folder.is_dir():
            raise JourneyError(
                f"the knowledge folder {self.knowledge!r} is not there",
                where=self.source,
                next="make the folder, or take knowledge= away",
            )
        found: list[Span] = []
        for path in sorted(folder.glob("**/*.md")):
            found += _sections(path, self.file, self.source, path.stem)
        return tuple(found)

    def look_up(self, question: str) -> list[dict[str, Any]]:
        """The two sections that share the most telling words with `question`, best first."""
        return _best(self.sections, question)

    def all_tools(self) -> list[Tool]:
        return [*self.tools.values(), *(t for j in self.journeys.values() for t in j.tools.values())]

    def world_classes(self) -> dict[str, type[Any]]:
        """The classes of the world that tools are handed, by name; tools whose types cannot be read have none."""
        found: dict[str, type[Any]] = {}
        for tool in self.all_tools():
            with contextlib.suppress(JourneyError):
                found |= {k.__name__: k for k in tool.handed_in.values() if hasattr(k, "__workbench_world__")}
        return found

    def all_policies(self) -> list[Policy]:
        return [*self.policies, *(p for j in self.journeys.values() for p in j.policies)]


class Offer(msgspec.Struct, frozen=True, dict=True):
    """What the model is offered in one state, and what a condition hid from it.

    `conditional`: a condition was asked, so another moment may offer something else.
    """

    journeys: tuple[Journey, ...] = ()
    tools: dict[str, Tool] = {}
    policies: tuple[Policy, ...] = ()
    hidden: tuple[tuple[str, str, str, str], ...] = ()
    conditional: bool = False

    def standing(self, stand: Stand, tool: Tool | None = None) -> list[Policy]:
        """The policies that stand there, in order; found once."""
        found = self._standing.get((stand, tool))
        if found is None:
            found = [p for p in self.policies if p.stand == stand and (tool is None or p.stands_at(tool))]
            self._standing[stand, tool] = found
        return found

    @cached_property
    def _standing(self) -> dict[tuple[Stand, Tool | None], list[Policy]]:
        return _STANDING.setdefault(self.policies, {})


_STANDING: dict[tuple[Policy, ...], dict[tuple[Stand, Tool | None], list[Policy]]] = {}  # the same in every talk


def offer(agent: Agent, current: str, talk: Talk, holds: Callable[[Any, Condition, Talk], bool]) -> Offer:
    """What is on offer while in journey `current`.

    `holds` asks a condition and says False where it raises; it is the engine's,
    which records the fault. A hidden thing is (kind, name, condition, source).
    """
    hidden: list[tuple[str, str, str, str]] = []
    conditional = False

    def on_offer(thing: Any, kind: str) -> bool:
        nonlocal conditional
        if thing.when is None:
            return True
        conditional = True
        if holds(thing, thing.when, talk):
            return True
        name = getattr(thing, "full_name", None) or thing.name
        hidden.append((kind, name, getattr(thing.when, "__name__", "condition"), source_of(thing.when)))
        return False

    journeys = tuple(j for j in agent.journeys.values() if on_offer(j, "journey"))
    here = agent.journeys.get(current)
    tools = [*agent.tools.values(), *(here.tools.values() if here else ())]
    policies = [*agent.policies, *(here.policies if here else ())]
    return Offer(
        journeys,
        {t.name: t for t in tools if on_offer(t, "tool")},
        tuple(p for p in policies if on_offer(p, "policy")),
        tuple(hidden),
        conditional,
    )


def _sections(path: Path, file: str, where: str, title: str) -> Iterable[Span]:
    """Split Markdown at its headings, so that a change of one touches one span."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise JourneyError(
            f"{title}: {path.name} {reason}", where=where, next=f"write {path.name} beside the code"
        ) from None
    below = len(Path(file).parts) - 1
    home = Path(*path.resolve().parts[-below - 1 :]) if below else Path(path.name)
    for root in path.resolve().parents:
        if root.name == "journeys":
            home = path.resolve().relative_to(root)
            break
    lines = text.splitlines()
    start, heading, fenced = 0, title, False
    for number in range(len(lines) + 1):
        line = lines[number] if number < len(lines) else "#"
        if line.startswith("```"):
            fenced = not fenced
        if (line.startswith("#") and not fenced) or number == len(lines):
            body = "\n".join(lines[start:number]).strip()
            if body:
                yield Span(heading, body, f"{home.as_posix()}:{start + 1}")
            start, heading = number, f"{title}: {line.lstrip('# ').strip()}"


def _words(text: str) -> set[str]:
    letters = "".join(c.lower() if c.isalnum() else " " for c in text)
    return {w[:-1] if len(w) > 3 and w.endswith("s") else w for w in letters.split() if len(w) > 2}


def _best(sections: Iterable[Span], question: str) -> list[dict[str, Any]]:
    asked = _words(question)
    sections = list(sections)
    rarity: dict[str, int] = {}
    bags = [(_words(s.title), _words(s.text)) for s in sections]
    for _, bag in bags:
        for word in bag:
            rarity[word] = rarity.get(word, 0) + 1
    scored = []
    for section, (title, bag) in zip(sections, bags, strict=True):
        score = sum((2.0 if w in title else 1.0) / rarity[w] for w in asked & bag)
        if score > 0:
            scored.append((-score, section.source, section))
    scored.sort()
    return [{"title": s.title, "text": s.text, "source": s.source} for _, _, s in scored[:2]]
