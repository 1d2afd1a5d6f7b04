"""Recorded conversations as pytest tests: recorded HTTP under the Anthropic SDK, policies as plain functions."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from workbench.authoring.views import Conversation, ToolCall
from workbench.runtime.loader import load_agent
from workbench.trace.events import Answer
from workbench.trace.state import ConversationState
from workbench.transcripts.codec import read

AGENT = load_agent(Path(os.environ["PROJECT"], "journeys"), "airline")
PATHS = sorted(Path(os.environ["TRANSCRIPTS"]).glob("*.json"))
TOOLS: Any = [tool.schema for tool in AGENT.all_tools()]
NAMED = {tool.name: tool for tool in AGENT.all_tools()}
SYSTEM = "\n\n".join(
    section.text
    for section in (*AGENT.persona_sections, *(s for j in AGENT.journeys.values() for s in j.sections))
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_conversation(path: Path) -> None:
    transcript = read(path)
    waiting: list[bytes] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=waiting.pop(), headers={"content-type": "application/json"})

    client = anthropic.Anthropic(
        api_key="none",
        base_url="http://recorded",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(handler)),
    )
    state = ConversationState(transcript.setup)
    objections = []
    for event in transcript.events:
        if isinstance(event, Answer):
            waiting.append(_body(event))
            messages: Any = [{"role": m["role"], "content": list(m["content"])} for m in state.messages]
            said = client.messages.create(
                model="recorded", max_tokens=1024, system=SYSTEM, tools=TOOLS, messages=messages
            )
            assert [block.type for block in said.content] == [block["type"] for block in event.blocks]
            objections += [found for call in event.calls for found in _policies(call.tool, call.args, state)]
        state.apply(event)
    assert not objections


def _policies(name: str, args: dict[str, Any], state: ConversationState) -> list[str]:
    tool = NAMED[name]
    standing = [p for p in AGENT.all_policies() if p.hook == "before_tool" and p.applies_to(tool)]
    said = [policy.fn(ToolCall(name, args), Conversation(state)) for policy in standing]
    return [returned.reason for returned in said if returned is not None and returned.verdict != "allow"]


def _body(event: Answer) -> bytes:
    body = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "recorded", "content": event.blocks,
        "stop_reason": event.stop, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    return json.dumps(body).encode()
