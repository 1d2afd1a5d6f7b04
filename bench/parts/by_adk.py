"""Recorded conversations on Google ADK, with no recording of its own: the agent beside this plays them.

Runs in a Python that has google-adk, which is not the one of Workbench. The
quickest ADK can be: no file of recordings is read.
"""

from __future__ import annotations

import asyncio
from typing import Any

from adk_agent import CONVERSATIONS, SESSIONS, root_agent
from google.adk.runners import InMemoryRunner  # type: ignore[import-not-found]
from google.genai import types  # type: ignore[import-not-found]


async def replay(case: int) -> None:
    runner = InMemoryRunner(root_agent, app_name="bench")
    session = await runner.session_service.create_session(
        app_name="bench", user_id="customer", state={"case": f"{case:02}"}
    )
    did: list[Any] = []
    for turn in SESSIONS[case]:
        if not turn["answers"]:
            continue
        words = types.Content(role="user", parts=[types.Part(text=turn["text"])])
        async for event in runner.run_async(user_id="customer", session_id=session.id, new_message=words):
            did += [part for part in (event.content.parts if event.content else []) if not part.function_response]
    recorded = [part for answer in CONVERSATIONS[case].answers for part in answer]
    assert [_told(part) for part in did] == [_told(part) for part in recorded]


def _told(part: Any) -> Any:
    call = part.function_call
    return (call.name, call.args) if call else part.text


async def main() -> None:
    broken = []
    for case in range(len(SESSIONS)):
        try:
            await replay(case)
        except Exception as error:
            broken.append(f"{case}: {type(error).__name__}: {str(error)[:200]}")
    if broken:
        raise SystemExit(f"{len(broken)} did not replay, the first: {broken[0]}")


if __name__ == "__main__":
    asyncio.run(main())
