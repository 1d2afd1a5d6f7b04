"""The model that answers, its parameters, and the agent."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static, TextArea

from ...engine.model_params import ModelParams, invalid_params
from ...workspace.model_catalog import ModelCatalog
from ...workspace.session import Session
from ..widgets.choice import Choice
from .form import Form, FormLine

FIELDS = {  # of the parameters: what an empty field means
    "temperature": "0 to 1; empty: the default of the server",
    "max_tokens": "of one answer, with its thinking; empty: 16000",
    "thinking": "adaptive, off or a number of tokens; empty: adaptive, or off with a temperature",
}


@dataclass(frozen=True)
class ModelChoice:
    """An agent and a model with its parameters."""

    agent: str
    model: str
    params: ModelParams


class ModelDialog(Form[ModelChoice]):
    """Returns what was chosen, or None."""

    TITLE_TEXT = "Model and agent"

    def __init__(self, session: Session, catalog: ModelCatalog) -> None:
        super().__init__(f"model {session.id}")
        self.session = session
        self.catalog = catalog
        agents = session.agent_info.agents if session.agent_info is not None else []
        self.agents = agents if session.agent in agents else [session.agent]

    def fields(self) -> ComposeResult:
        params = self.session.code_service.params
        if len(self.agents) > 1:
            yield self.field("agent", Choice(self.agents, self.session.agent, id="agent"))
        yield self.field("model", _line("model", self.session.model, "the id of a model"))
        yield Static(f"known: {', '.join(self.catalog.names)}", classes="hint", markup=False)
        for name, hint in FIELDS.items():
            value = getattr(params, name)
            yield self.field(name, _line(name, "" if value is None else f"{value}", hint))
        yield Static("", id="note", classes="hint", markup=False)
        yield Static(
            "It answers from the next message on; another agent begins a new conversation. "
            "To keep it for the project, set [model] in workbench.toml.",
            classes="hint", markup=False,
        )  # fmt: skip

    def on_mount(self) -> None:
        self.query_one("#model", FormLine).focus()
        self._note()
        self.recall()

    @on(TextArea.Changed, "#model")
    def _note(self) -> None:
        """Show what the model is, and where it is asked."""
        self.query_one("#note", Static).update(self.catalog.note(self._text("model")))

    def _text(self, id: str) -> str:
        return self.query_one(f"#{id}", FormLine).text.strip()

    @property
    def _params(self) -> dict[str, object]:
        return {name: _value(self._text(name)) for name in FIELDS}

    def problems(self) -> dict[str, str]:
        model = self._text("model")
        problem = self.catalog.problem(model) if model else "give the id of a model"
        return ({"model": problem} if problem else {}) | invalid_params(self._params)

    def done(self) -> None:
        agent = next((choice.value for choice in self.query(Choice)), self.session.agent)
        self.dismiss(ModelChoice(agent, self._text("model"), msgspec.convert(self._params, ModelParams)))


def _line(id: str, text: str, hint: str) -> FormLine:
    line = FormLine(id=id, placeholder=hint)
    line.text = text
    return line


def _value(text: str) -> str | float | int | None:
    """Return the value of a field: a number if it is one, None if it is empty."""
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text or None
