"""The detail of a call shows the HTTP exchanges of its tool."""

from workbench.trace.events import Answer, HttpExchange, ToolResult
from workbench.trace.steps import group_steps
from workbench.tui.view.detail import action
from workbench.tui.view.extent import Excerpt
from workbench.tui.view.paragraphs import styled

CALL = Answer(
    turn=1, answer=1, blocks=[{"type": "tool_use", "id": "a", "name": "track", "input": {"parcel": "P-1"}}]
)
DONE = ToolResult(turn=1, answer=1, call=1, tool="track", value="in Ghent")


def shown(exchange, width):
    (turn,) = group_steps([CALL, exchange, DONE])
    return ["".join(bit.text for bit in line) for line in styled(action(turn.steps[0], Excerpt()), width)]


def exchange(status, got):
    asked = {
        "method": "POST",
        "url": "https://carrier.example/track?parcel=P-1",
        "request_body": {"parcel": "P-1"},
    }
    return HttpExchange(turn=1, answer=1, call=1, number=1, status=status, response_body=got, **asked)


def test_a_request_is_shown_with_its_response():
    lines = shown(exchange(200, {"place": "Ghent"}), 80)
    at = next(n for n, line in enumerate(lines) if "POST https://carrier.example/track?parcel=P-1" in line)
    assert "→ 200" in " ".join(lines[at : at + 2])
    assert any("Ghent" in line for line in lines[at:])


def test_a_request_without_an_answer_is_shown_with_a_sign():
    lines = shown(exchange(0, "ConnectError: refused\x1b[2J"), 40)
    assert any("✗ no answer" in line for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_no_line_is_wider_than_the_pane():
    assert all(len(line) <= 40 for line in shown(exchange(200, {"place": "x" * 500}), 40))
