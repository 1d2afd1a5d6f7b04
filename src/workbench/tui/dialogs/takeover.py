"""Answer in place of the model."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from ...json_schema import schema_problem
from ...plain import indented_json
from ...trace.step_id import StepId
from ...trace.steps import Step
from ...transcripts.transcript import CAUSES
from ...workspace.session import Session
from ..view.text import Line, Span, clean, fit, one_line
from ..widgets.choice import Choice
from ..widgets.list import ListPane
from .form import Form, FormLine

CALL, REPLY = "call", "reply"
NO_CAUSE = "nothing"
EXAMPLE = 'must be a JSON object such as {"order_number": "OL-1"}'


class ManualAnswer(NamedTuple):
    """A manual answer: its step id, its blocks, the same as text, and the cause to annotate or "" for none."""

    step_id: StepId
    blocks: list[dict[str, Any]]
    text: str
    cause: str = ""


class Tools(ListPane):
    """Lists the tools that were available at the step."""

    def __init__(self, tools: list[dict[str, Any]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tools = tools

    @property
    def count(self) -> int:
        return len(self.tools)

    def line(self, index: int, width: int) -> Line:
        tool = self.tools[index]
        dot = "(•) " if index == self.cursor else "( ) "
        about = one_line(str(tool.get("description", "")).split("\n")[0], 200)
        return fit(
            [Span(dot, "accent"), Span(one_line(tool["name"], 60), "tool"), Span(f"  {about}", "dim")], width
        )

    @property
    def chosen(self) -> dict[str, Any] | None:
        return self.tools[self.cursor] if self.tools else None


class TakeoverDialog(Form[ManualAnswer]):
    """Returns the manual answer, or None."""

    TITLE_TEXT = "Answer for the model, as it should have answered"
    KEYS = "enter next / send · ctrl+s send · esc cancel"

    def __init__(self, session: Session, step: Step) -> None:
        super().__init__(f"takeover {session.id} {step.step_id}")
        self.session = session
        self.step = step
        self._written: dict[str, str] = {}  # the arguments written for each tool
        self._tool = ""

    def fields(self) -> ComposeResult:
        yield Static(
            "The policies check it, and the agent continues from it in a fork; the original is kept.",
            classes="hint", markup=False,
        )  # fmt: skip
        yield self.field("answer", Choice([CALL, REPLY], CALL if self.step.call else REPLY, id="do"))
        yield Tools(available_tools(self.session, self.step.step_id), id="tools")
        yield self.field("arguments", FormLine(id="args", placeholder='{"order_number": "OL-1"}'))
        yield Static("", id="takes", classes="hint", markup=False)
        reply = FormLine(
            id="reply", placeholder="the expected reply to the customer (ctrl+j inserts a line break)"
        )
        draft = self.step.reply.text if self.step.reply else self.step.answer.text if self.step.answer else ""
        reply.text = str(draft)
        yield self.field("reply", reply)
        annotation = self.session.annotations.get(str(self.step.step_id))
        yield self.field(
            "annotate", Choice([NO_CAUSE, *CAUSES], annotation.cause if annotation else NO_CAUSE, id="cause")
        )
        yield Static("", id="cause-hint", classes="hint", markup=False)

    def on_mount(self) -> None:
        self.tools = self.query_one(Tools)
        self.tools.styles.height = min(max(self.tools.count, 1), 8)
        self.tools.redraw()
        if self.step.call is not None:
            names = [tool["name"] for tool in self.tools.tools]
            called = self.step.call.tool
            self._written[called] = _json(self.step.call.args)
            self.tools.move(names.index(called) if called in names else 0, by_user=False)
        self._show_tool()
        self._show_kind()
        self._show_cause()
        self.query_one("#do").focus()
        self.recall()

    @on(Choice.Changed, "#do")
    def _show_kind(self) -> None:
        call = self.kind == CALL
        for id in ("#tools", "#takes"):
            self.query_one(id).display = call
        self.field_of("args").display = call
        self.field_of("reply").display = not call

    @on(Choice.Changed, "#cause")
    def _show_cause(self) -> None:
        """Explain what is written to the original: an annotation only with a cause that the user chose."""
        annotated = str(self.step.step_id) in self.session.annotations
        hints = {
            True: "the original step gets no annotation" if not annotated else "its annotation stays as it is",
            False: "whose fault the original step is; its annotation gets your answer as the expected one",
        }
        self.query_one("#cause-hint", Static).update(hints[self.cause == ""])

    @on(ListPane.Moved, "#tools")
    def _show_tool(self) -> None:
        tool, line = self.tools.chosen, self.query_one("#args", FormLine)
        if tool is None or tool["name"] == self._tool:
            return
        if self._tool:
            self._written[self._tool] = line.text
        self._tool = tool["name"]
        line.text = self._written.get(self._tool) or _json(empty_arguments(tool.get("input_schema", {})))
        self.query_one("#takes", Static).update(signature_text(tool.get("input_schema", {})))
        self.check()

    @property
    def kind(self) -> str:
        return self.query_one("#do", Choice).value

    @property
    def cause(self) -> str:
        value = self.query_one("#cause", Choice).value
        return "" if value == NO_CAUSE else value

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the arguments. Raises msgspec.DecodeError if they are no JSON object."""
        written = self.query_one("#args", FormLine).text.strip() or "{}"
        return msgspec.json.decode(written, type=dict[str, Any])

    def problems(self) -> dict[str, str]:
        tool = self.tools.chosen
        if self.kind == REPLY or tool is None:
            return {}
        try:
            problem = schema_problem(self.arguments, tool.get("input_schema", {}))
        except msgspec.DecodeError as error:
            problem = f"{EXAMPLE}: {error}"
        return {"args": problem} if problem else {}

    def done(self) -> None:
        step_id, answer = self.step.step_id, self.step.answer
        if self.kind == REPLY:
            text = self.query_one("#reply", FormLine).text.strip()
            if not text:
                self.notify_user("write the reply", bad=True)
                return
            blocks = [{"type": "text", "text": text}]
            at = StepId(step_id.turn, step_id.answer)
            self.dismiss(ManualAnswer(at, blocks, f"reply: {text}", self.cause))
            return
        tool = self.tools.chosen
        if tool is None:
            self.notify_user("no tool was available here: write a reply", bad=True)
            return
        args = self.arguments
        number = max(step_id.call, 1)
        before = [b for b in answer.blocks if b.get("type") == "tool_use"][: number - 1] if answer else []
        id = f"manual_{step_id.turn}_{step_id.answer}_{number}"
        block = {"type": "tool_use", "id": id, "name": tool["name"], "input": args}
        said = ", ".join(f"{name}={value!r}" for name, value in args.items())
        words = f"call {tool['name']}({said})"
        at = StepId(step_id.turn, step_id.answer, number)
        self.dismiss(ManualAnswer(at, [*before, block], words, self.cause))


def available_tools(session: Session, step_id: StepId) -> list[dict[str, Any]]:
    """Return the tool schemas that the model received at a step."""
    prompt = session.trace.prompt_at(step_id)
    found = [session.trace.blobs.get(key) for key in prompt.tools] if prompt else []
    return [tool for tool in found if isinstance(tool, dict) and tool.get("name")]


def empty_arguments(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the required arguments, empty, to start writing from."""
    kinds: dict[Any, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}
    found = fields_of(schema)
    return {
        name: next(iter(found[name].get("enum", [])), kinds.get(found[name].get("type"), ""))
        for name in schema.get("required", [])
        if name in found
    }


def fields_of(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of a schema, with references resolved."""
    defined = schema.get("$defs", {})
    found = schema.get("properties", {})
    return {n: defined.get(str(about.get("$ref", "")).rpartition("/")[2], about) for n, about in found.items()}


def signature_text(schema: dict[str, Any]) -> str:
    """Return the arguments of a tool in one line, the optional ones with a question mark."""
    needed = schema.get("required", [])
    parts = []
    for name, about in fields_of(schema).items():
        kind = " | ".join(map(str, about["enum"])) if "enum" in about else str(about.get("type", "see its schema"))
        parts.append(f"{name}{'' if name in needed else '?'}: {kind}")
    return clean("takes " + ", ".join(parts) if parts else "takes no arguments", 600)


def _json(args: dict[str, Any]) -> str:
    return indented_json(args, indent=0).decode()
