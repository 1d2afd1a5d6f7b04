"""Recorded conversations on Google ADK: model and tools are played from the record.

Runs in a Python that has google-adk, which is not the one of Workbench.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from google.adk.agents import Agent  # type: ignore[import-not-found]
from google.adk.models import BaseLlm, LlmRequest, LlmResponse  # type: ignore[import-not-found]
from google.adk.runners import InMemoryRunner  # type: ignore[import-not-found]
from google.adk.tools import BaseTool, ToolContext  # type: ignore[import-not-found]
from google.genai import types  # type: ignore[import-not-found]

OVER = "(the record of this turn ends with a call)"  # ADK asks the model again after every call


class Recorded(BaseLlm):  # type: ignore[misc]
    waiting: list[Any] = []  # noqa: RUF012 (pydantic copies it)

    async def generate_content_async(
        self, request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        parts = (
            [_part(block) for block in self.waiting.pop(0)["blocks"]] if self.waiting else [types.Part(text=OVER)]
        )
        yield LlmResponse(content=types.Content(role="model", parts=parts))


def _part(block: dict[str, Any]) -> types.Part:
    if block["type"] == "tool_use":
        return types.Part(function_call=types.FunctionCall(name=block["name"], args=block["input"]))
    return types.Part(text=block.get("text") or " ")


def _tool(name: str) -> Any:
    def call(**args: Any) -> dict[str, Any]:
        raise AssertionError("its result comes from the record")

    call.__name__, call.__doc__ = name, name
    return call


async def replay(turns: list[dict[str, Any]]) -> None:
    answers = [answer for turn in turns for answer in turn["answers"]]
    blocks = [block for answer in answers for block in answer["blocks"]]
    names = {block["name"] for block in blocks if block["type"] == "tool_use"}
    results = [value for answer in answers for value in answer["results"].values()]
    called: list[tuple[str, Any]] = []

    def played(tool: BaseTool, args: dict[str, Any], tool_context: ToolContext) -> dict[str, Any]:
        called.append((tool.name, args))
        return {"result": results.pop(0) if results else None}

    model = Recorded(model="recorded")
    agent = Agent(
        name="airline",
        model=model,
        instruction="Serve the customer.",
        tools=[_tool(name) for name in sorted(names)],
        before_tool_callback=played,
    )
    runner = InMemoryRunner(agent, app_name="bench")
    session = await runner.session_service.create_session(app_name="bench", user_id="customer")
    said = []
    for turn in turns:
        if not turn["answers"]:
            continue
        model.waiting = list(turn["answers"])
        words = types.Content(role="user", parts=[types.Part(text=turn["text"])])
        async for event in runner.run_async(user_id="customer", session_id=session.id, new_message=words):
            said += [
                part.text
                for part in (event.content.parts if event.content else [])
                if part.text and part.text != OVER
            ]
    assert called == [(b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"]
    assert said == [b.get("text") or " " for b in blocks if b["type"] == "text"]


async def main(sessions: list[Any]) -> None:
    broken = []
    for number, turns in enumerate(sessions):
        try:
            await replay(turns)
        except Exception as error:
            broken.append(f"{number}: {type(error).__name__}: {str(error)[:200]}")
    if broken:
        raise SystemExit(f"{len(broken)} did not replay, the first: {broken[0]}")


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(os.environ["SESSIONS"]).read_text())))
