"""The setup of a conversation. It is stored with the conversation and fixed in replays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from ...plain import indented_json
from ...runtime.protocol import AgentInfo, FixtureInfo
from ...trace.setup import Setup
from ..view.text import Line, Span, fit, one_line
from ..widgets.choice import Choice
from ..widgets.list import ListPane
from .form import Form, FormLine

CHANNELS = ["chat", "email", "voice"]


class Fixtures(ListPane):
    def __init__(self, fixtures: list[FixtureInfo], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fixtures = fixtures

    @property
    def count(self) -> int:
        return len(self.fixtures)

    def line(self, index: int, width: int) -> Line:
        f = self.fixtures[index]
        dot = "(•) " if index == self.cursor else "( ) "
        return fit(
            [Span(dot, "accent"), Span(one_line(f.name, 40)), Span(f"  {one_line(f.description, 300)}", "dim")],
            width,
        )


class SetupScreen(Form[Setup]):
    """Returns the setup, or None."""

    TITLE_TEXT = "Setup of the conversation"

    def __init__(self, agent_info: AgentInfo, setup: Setup, begun: bool, draft: str = "") -> None:
        super().__init__(draft)
        self.agent_info = agent_info
        self.setup = setup
        self.begun = begun

    def fields(self) -> ComposeResult:
        hint = "The conversation has begun: this starts a new one; the current one is kept." if self.begun else (
            "Stored with the conversation, and the same in every replay."
        )  # fmt: skip
        yield Static(hint, classes="hint", markup=False)
        if len(self.agent_info.agents) > 1:
            yield self.field("agent", Choice(self.agent_info.agents, self.agent_info.name, id="agent"))
        yield Static("fixture: the initial world (↑ ↓ select)", classes="label", markup=False)
        yield Fixtures(self.agent_info.fixtures, id="fixtures")
        customer = FormLine(
            id="customer", placeholder='what is known about the customer, as JSON: {"name": "Ada"}'
        )
        yield self.field("customer", customer)
        channels = list(dict.fromkeys([self.setup.channel, *CHANNELS]))
        yield self.field("channel", Choice(channels, self.setup.channel, id="channel"))
        yield self.field("clock", FormLine(id="clock", placeholder="2026-01-05T10:00:00+00:00"))
        yield Static("the current time, as tools and policies see it", classes="hint", markup=False)
        yield self.field("seed", FormLine(id="seed", placeholder="1"))
        yield Static("the random seed for tools", classes="hint", markup=False)

    def on_mount(self) -> None:
        fixtures = self.query_one(Fixtures)
        names = [f.name for f in self.agent_info.fixtures]
        fixtures.styles.height = min(max(len(names), 1), 8)
        fixtures.redraw()
        fixtures.move(names.index(self.setup.fixture) if self.setup.fixture in names else 0)
        self._fill(self.setup)
        fixtures.focus()
        self.recall()

    def _fill(self, setup: Setup) -> None:
        # with blanks, so that lines wrap between words
        customer = indented_json(setup.customer, indent=0).decode() if setup.customer else ""
        self.query_one("#customer", FormLine).text = customer
        self.query_one("#clock", FormLine).text = setup.clock
        self.query_one("#seed", FormLine).text = str(setup.seed)
        self.query_one("#channel", Choice).choose(setup.channel)

    @on(ListPane.Moved, "#fixtures")
    def _moved(self, event: ListPane.Moved) -> None:
        """Fill in the customer, channel and clock of the selected fixture."""
        if event.by_user and self.agent_info.fixtures:
            chosen = self.agent_info.fixtures[self.query_one(Fixtures).cursor].setup
            self._fill(self.setup if chosen.fixture == self.setup.fixture else chosen)

    @on(Choice.Changed, "#agent")
    def _agent(self, event: Choice.Changed) -> None:
        """Disable the fields for another agent: its fixtures are known once it is loaded."""
        here = event.value == self.agent_info.name
        for id in ("#fixtures", "#customer", "#channel", "#clock", "#seed"):
            self.query_one(id).disabled = not here
        self.notify_user("" if here else f"starts a new conversation with {event.value}, on its own first fixture")

    def _text(self, id: str) -> str:
        return self.query_one(f"#{id}", FormLine).text.strip()

    @property
    def agent(self) -> str:
        return next((c.value for c in self.query(Choice) if c.id == "agent"), self.agent_info.name)

    def problems(self) -> dict[str, str]:
        if self.agent != self.agent_info.name:
            return {}
        found: dict[str, str] = {}
        for id, read in READERS.items():
            try:
                read(self._text(id))
            except ValueError as error:
                found[id] = str(error)
        return found

    def done(self) -> None:
        agent = self.agent
        if agent != self.agent_info.name:
            self.dismiss(Setup(agent=agent))
            return
        fixtures = self.query_one(Fixtures)
        base = self.agent_info.fixtures[fixtures.cursor].setup if self.agent_info.fixtures else self.setup
        channel = self.query_one("#channel", Choice).value
        values = {id: read(self._text(id)) for id, read in READERS.items()}
        self.dismiss(msgspec.structs.replace(base, channel=channel, **values))


def _customer(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object]) if text else {}
    except msgspec.DecodeError as error:
        raise ValueError(f'must be a JSON object such as {{"name": "Ada"}}: {error}') from None


def _clock(text: str) -> str:
    try:
        if datetime.fromisoformat(text).tzinfo is None:
            raise ValueError("it has no UTC offset")
    except ValueError as error:
        raise ValueError(f"must be a time such as 2026-01-05T10:00:00+00:00: {error}") from None
    return text


def _seed(text: str) -> int:
    try:
        return int(text or "1")
    except ValueError:
        raise ValueError("must be a whole number") from None


READERS: dict[str, Callable[[str], object]] = {"customer": _customer, "clock": _clock, "seed": _seed}
