"""Replay against asking again: the same fifty conversations pushed through the Anthropic SDK.

Every recorded answer comes back at once from a mock transport, so nothing is
measured but the client: building the request, HTTP in memory, validating the
answer. A real call adds the network and the model on top.
"""

from __future__ import annotations

import gc
import json
from typing import Any

import anthropic
import httpx2

from replay_50 import airline, files, seconds
from workbench.replay.judge import replay
from workbench.trace.events import Answer
from workbench.trace.setup import Setup
from workbench.trace.state import ConversationState
from workbench.transcripts.codec import decode
from workbench.transcripts.transcript import Transcript

MODEL = "claude-haiku-5-5"


def requests(transcript: Transcript) -> list[tuple[list[dict[str, Any]], bytes]]:
    """For each answer: the messages before it, and the answer as the server would send it."""
    state = ConversationState(Setup(agent="airline"))
    found = []
    for event in transcript.events:
        if isinstance(event, Answer):
            body = {
                "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL,
                "content": event.blocks, "stop_reason": event.stop, "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }  # fmt: skip
            messages = [{"role": m["role"], "content": list(m["content"])} for m in state.messages]
            found.append((messages, json.dumps(body).encode()))
        state.apply(event)
    return found


def main() -> None:
    gc.set_threshold(100_000, 20, 20)  # as the command does, for both
    blobs, agent = files(), airline(True)
    journey = next(iter(agent.journeys.values()))
    system = "\n\n".join(section.text for section in (*agent.persona_sections, *journey.sections))
    tools = [tool.schema for tool in agent.all_tools()]
    work = [requests(decode(blob)) for blob in blobs]
    answers = [body for asked in work for _, body in asked]
    waiting: list[bytes] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=waiting.pop(0), headers={"content-type": "application/json"})

    client = anthropic.Anthropic(
        api_key="none",
        base_url="http://mock",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(handler)),
    )

    def ask_all() -> None:
        waiting[:] = answers
        for asked in work:
            for messages, _ in asked:
                client.messages.create(
                    model=MODEL,
                    max_tokens=1024,
                    system=system,
                    tools=tools,  # type: ignore[arg-type]
                    messages=messages,  # type: ignore[arg-type]
                )

    sdk = seconds(ask_all, rounds=3)
    print(f"{len(answers)} answers of {len(blobs)} conversations")
    print(f"through the SDK         {sdk / len(blobs) * 1e3:6.2f} ms a conversation")
    for policies in (True, False):
        agent = airline(policies)
        ours = seconds(lambda agent=agent: [replay(decode(blob), agent) for blob in blobs])
        name = "replay, all policies" if policies else "replay, no policies"
        print(f"{name:23} {ours / len(blobs) * 1e3:6.2f} ms a conversation: {sdk / ours:.0f} x faster   target 20")


if __name__ == "__main__":
    main()
