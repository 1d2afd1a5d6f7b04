"""Disable parts of the agent in one conversation, to measure their effect (ablation)."""

from __future__ import annotations

from typing import NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.widgets import Static, TextArea

from ...engine.ablation import DisabledPart
from ...runtime.protocol import AgentInfo
from ...workspace.session import Session
from ..view.text import Line, Span, fit, one_line
from ..widgets.list import ListPane
from .form import FormLine
from .search_form import SearchForm


class Part(NamedTuple):
    """A part that can be disabled, with its description and source."""

    part: DisabledPart
    about: str
    source: str


def parts(agent_info: AgentInfo) -> list[Part]:
    """Return all parts of an agent that can be disabled: policies, tools, paragraphs."""
    return [
        *(Part(DisabledPart("policy", p.name), p.rule, p.source) for p in agent_info.policies),
        *(Part(DisabledPart("tool", t.name), t.description, t.source) for t in agent_info.tools),
        *(Part(DisabledPart("text", p.name), p.text, p.source) for p in agent_info.paragraphs),
    ]


class Parts(ListPane):
    """Lists parts, and shows which are disabled."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown: list[Part] = []
        self.disabled_parts: set[DisabledPart] = set()

    @property
    def count(self) -> int:
        return max(len(self.shown), 1)

    def line(self, index: int, width: int) -> Line:
        if not self.shown:
            return (Span("No part matches.", "dim"),)
        part = self.shown[index]
        disabled = part.part in self.disabled_parts
        box = Span("⊘ off " if disabled else "✓ on  ", "bad" if disabled else "good")
        name = 30 if width >= 80 else 24
        return (
            box,
            *fit([Span(f"{part.part.kind:<7}", "label"), Span(one_line(part.part.name, 80), "bold")], 8 + name),
            *fit([Span(one_line(part.about, 300), "dim")], max(width - 14 - name, 1)),
        )

    @property
    def part(self) -> Part | None:
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None


class DisableDialog(SearchForm[list[DisabledPart]]):
    """Returns all parts to disable, or None."""

    TITLE_TEXT = "Disable parts of the agent, in this conversation only"
    KEYS = "↑ ↓ select · enter toggle · ctrl+s run · esc cancel"

    def __init__(self, session: Session, near: str = "") -> None:
        super().__init__()
        self.session = session
        self.near = near
        assert session.agent_info is not None
        self.all = parts(session.agent_info)

    def fields(self) -> ComposeResult:
        yield Static(
            "The conversation is rerun without them (the model is not called), and new turns run without them. "
            "Your files do not change. A conversation with such a turn cannot be saved as a transcript.",
            classes="hint", markup=False,
        )  # fmt: skip
        yield FormLine(id="search", placeholder="search, for example: policy, window, manual")
        yield Parts(id="parts")

    def on_mount(self) -> None:
        self.parts = self.query_one(Parts)
        self.parts.can_focus = False
        self.parts.disabled_parts = set(self.session.disabled)
        self.on_resize()
        self._search("")
        names = [part.part.name for part in self.all]
        if self.near in names:
            self.parts.move(names.index(self.near))
        self.query_one("#search").focus()

    def on_resize(self) -> None:
        self.query_one(Parts).styles.height = max(min(len(self.all), self.app.size.height - 11), 3)

    @on(TextArea.Changed, "#search")
    def _changed(self, event: TextArea.Changed) -> None:
        self._search(event.text_area.text)

    def _search(self, words: str) -> None:
        asked = words.lower().split()
        self.parts.shown = [
            part
            for part in self.all
            if all(w in f"{part.part.kind} {part.part.name} {part.about} {part.source}".lower() for w in asked)
        ]
        self.parts.cursor = 0
        self.parts.redraw()
        self._describe()

    @on(ListPane.Moved)
    def _describe(self) -> None:
        part = self.parts.part
        names = ", ".join(sorted(one.name for one in self.parts.disabled_parts))
        disabled = f"{len(self.parts.disabled_parts)} disabled: {names}\n" if names else ""
        self.notify_user(disabled + (f"{part.source}  {one_line(part.about, 400)}" if part else ""))

    @on(ListPane.Opened)
    def action_next(self) -> None:
        """Toggle the part of the cursor, on enter or a click."""
        part = self.parts.part
        if part is not None:
            self.parts.disabled_parts ^= {part.part}
            self.parts.redraw()
            self._describe()

    def done(self) -> None:
        self.dismiss([part.part for part in self.all if part.part in self.parts.disabled_parts])
