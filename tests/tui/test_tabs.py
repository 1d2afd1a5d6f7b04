"""The tabs of the detail pane: the prompt, availability, changes of the world; missing data is not invented."""

from __future__ import annotations

from support.kit import ScriptedModel, converse, shop, use
from workbench.testing import text
from workbench.trace.events import Answer, Prompt, Reply, ToolResult, UserMessage
from workbench.trace.setup import Setup
from workbench.trace.trace import Trace
from workbench.tui.view.rows import RowModel
from workbench.tui.view.tabs import tab_lines
from workbench.tui.view.text import plain
from workbench.tui.view.view import View

FIRST = {"title": "goals", "text": ["return shoes"], "source": "a.py:1"}
SECOND = {"title": "goals", "text": ["return boots"], "source": "a.py:1"}


def tab(name: str, trace: Trace, place: str) -> str:
    """Return the text of a tab for a step."""
    book = RowModel(True)
    book.read(trace)
    row = next(row for row in book.rows if str(row.step_id) == place)
    return "\n".join(
        plain(line).rstrip()
        for line in tab_lines(name, View(trace, Setup("shop", imported=trace is IMPORTED), {}), row, 100)
    )


def asked(turn: int, answer: int) -> Answer:
    return Answer(turn=turn, answer=answer, blocks=[use("find_order", order_number="OL-1")])


def two_prompts() -> Trace:
    """Return three answers: the second has another prompt than the first, the third the same as the second."""
    steps = [
        UserMessage(turn=1, text="hello"),
        Prompt(turn=1, answer=1, sections=["a"], tools=["t"], model="m", policies=["p"]),
        asked(1, 1),
        Prompt(turn=1, answer=2, sections=["b"], tools=["u"], model="m", policies=["p"]),
        asked(1, 2),
        asked(1, 3),
    ]
    tool = {"name": "find_order"}
    return Trace(steps, {"a": FIRST, "b": SECOND, "t": tool, "u": tool | {"description": "other"}})


def test_a_section_with_a_changed_text_is_a_single_change():
    shown = tab("prompt", two_prompts(), "1.2.1")
    assert "≠ goals; tools ≠ find_order" in shown
    assert "≠ goals" in shown.splitlines()[3]


def test_an_unchanged_prompt_names_the_earlier_step_with_the_same_prompt():
    shown = tab("prompt", two_prompts(), "1.3.1")
    assert "as at 1.2" in shown
    assert "changed  " not in shown
    assert "# goals" in shown


def test_the_first_prompt_is_not_compared_with_an_earlier_one():
    shown = tab("prompt", two_prompts(), "1.1.1")
    assert "same" not in shown
    assert "changed" not in shown


IMPORTED = Trace(
    [
        UserMessage(turn=1, text="hello"),
        Prompt(turn=1, answer=1, sections=[], tools=[]),
        asked(1, 1),
        ToolResult(turn=1, answer=1, call=1, tool="find_order", value="here"),
        Answer(turn=1, answer=2, blocks=[text("it is here")]),
        Reply(turn=1, answer=2, text="it is here"),
    ]
)


def labels(name: str) -> dict[str, str]:
    """Return the labels of a tab of the imported log with their texts."""
    return dict(line.split(maxsplit=1) for line in tab(name, IMPORTED, "1.1.1").splitlines() if line)


def test_data_missing_from_an_imported_log_is_shown_as_not_recorded():
    assert labels("prompt")["model"] == labels("prompt")["prompt"] == "not recorded"
    assert labels("options") == dict.fromkeys(("journeys", "policies", "tools"), "not recorded")
    assert "not recorded" in tab("world", IMPORTED, "1.1.1")
    assert "changed nothing" not in tab("world", IMPORTED, "1.1.1")


def test_data_missing_from_a_recorded_conversation_is_shown_as_none(tmp_path):
    conversation = converse(
        shop(tmp_path), ScriptedModel([use("find_order", order_number="OL-1")], "Here."), "where is it?"
    )
    assert ["policies", "none"] in [
        line.split() for line in tab("options", conversation.trace, "1.1.1").splitlines()
    ]
    assert "changed nothing" in tab("world", conversation.trace, "1.1.1")
