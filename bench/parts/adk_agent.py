"""An agent of Google ADK that says and does what recorded conversations hold: copied to where ADK loads agents.

Which conversation, stands in the state of the session (`case`). ADK records it
through this; its replay then asks neither the model nor the tools for anything.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from google.adk.agents import Agent  # type: ignore[import-not-found]
from google.adk.models import BaseLlm, LlmRequest, LlmResponse  # type: ignore[import-not-found]
from google.adk.tools import BaseTool, ToolContext  # type: ignore[import-not-found]
from google.genai import types  # type: ignore[import-not-found]

OVER = "(the record of this turn ends with a call)"  # ADK asks the model again after every call


class Conversation:
    """What the model answers, one after the other, and what each call gives, by the id it gets here."""

    def __init__(self, turns: list[dict[str, Any]]) -> None:
        self.answers: list[list[types.Part]] = []
        self.results: dict[str, Any] = {}
        for turn in turns:
            calls = 0
            for answer in turn["answers"]:
                calls = 0
                parts = []
                for block in answer["blocks"]:
                    if block["type"] == "tool_use":
                        calls += 1
                        id = f"{len(self.answers)}.{calls}"
                        self.results[id] = answer["results"].get(str(calls))
                        call = types.FunctionCall(id=id, name=block["name"], args=block["input"])
                        parts.append(types.Part(function_call=call))
                    else:
                        parts.append(types.Part(text=block.get("text") or " "))
                self.answers.append(parts)
            if calls:
                self.answers.append([types.Part(text=OVER)])


class Recorded(BaseLlm):  # type: ignore[misc]
    async def generate_content_async(
        self, request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        case = re.findall(r"case (\d+)", str(request.config.system_instruction))[0]
        given = sum(content.role == "model" for content in request.contents)
        yield LlmResponse(content=types.Content(role="model", parts=CONVERSATIONS[int(case)].answers[given]))


class Taped(BaseTool):  # type: ignore[misc]
    def _get_declaration(self) -> types.FunctionDeclaration:
        return types.FunctionDeclaration(name=self.name, description=self.description)

    async def run_async(self, *, args: dict[str, Any], tool_context: ToolContext) -> dict[str, Any]:
        return {"result": CONVERSATIONS[int(tool_context.state["case"])].results[tool_context.function_call_id]}


SESSIONS = json.loads(Path(os.environ["SESSIONS"]).read_text())
CONVERSATIONS = [Conversation(turns) for turns in SESSIONS]
NAMES = sorted(
    {b["name"] for s in SESSIONS for t in s for a in t["answers"] for b in a["blocks"] if b["type"] == "tool_use"}
)
root_agent = Agent(
    name="airline",
    model=Recorded(model="recorded"),
    instruction="Serve the customer of case {case}.",
    tools=[Taped(name=name, description=name) for name in NAMES],
)
