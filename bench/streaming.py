"""Streaming: what 100 tokens a second cost the screen, with 5,000 of them shown in the end.

A server of this file's own, on this machine only, speaks the Messages API; the
real program asks it in a pseudo-terminal. Target: 35% of a core at most, over
the last ten seconds; only the process of the screen counts.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from parts.figures import say
from parts.program import Program
from parts.projects import sample

TOKENS = int(sys.argv[1]) if sys.argv[1:] else 5_000
RATE = 100  # tokens a second
LAST = 10.0  # seconds over which the CPU is taken
MODEL = "claude-sonnet-5-5"
WORDS = (
    "order",
    "refund",
    "the",
    "a",
    "is",
    "on",
    "its",
    "way",
    "to",
    "your",
    "card",
    "within",
    "fourteen",
    "days",
)


def tokens() -> Iterator[str]:
    """Words with a blank each, in paragraphs of some sixty."""
    chance = random.Random(1)
    for number in range(1, TOKENS + 1):
        yield chance.choice(WORDS) + ("\n\n" if number % 60 == 0 else " ")


def events() -> Iterator[tuple[float, str]]:
    """The events of one answer, each with the second at which it is due."""

    def event(kind: str, **fields: Any) -> str:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"

    usage = {"input_tokens": 1, "output_tokens": 1}
    head = {"id": "msg_bench", "type": "message", "role": "assistant", "model": MODEL, "content": []}
    yield 0, event("message_start", message={**head, "stop_reason": None, "stop_sequence": None, "usage": usage})
    yield 0, event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for number, token in enumerate(tokens(), 1):
        delta = {"type": "text_delta", "text": token}
        yield number / RATE, event("content_block_delta", index=0, delta=delta)
    end = TOKENS / RATE
    yield end, event("content_block_stop", index=0)
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    yield end, event("message_delta", delta=ended, usage={"output_tokens": TOKENS})
    yield end, event("message_stop")


class Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        began = time.monotonic()
        try:
            for due, text in events():
                time.sleep(max(0.0, began + due - time.monotonic()))
                self.wfile.write(text.encode())
        except OSError:
            pass  # the program has ended

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the output belongs to the figures."""


def measure(folder: Path, url: str, size: tuple[int, int]) -> None:
    env = {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "none",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    with Program(folder, "dev", "--model", "claude", size=size, env=env) as program:
        program.wait_for("Chat")
        program.settle(3.0, 10.0)
        before = program.memory()
        program.press("Hello")
        program.press("\r")
        program.wait_for("draft", 30)
        began = time.monotonic()
        painted = len(program.read_for(TOKENS / RATE - LAST - 2))
        cpu, then = program.cpu(), time.monotonic()
        painted += len(program.read_for(LAST))
        share = (program.cpu() - cpu) / (time.monotonic() - then)
        seconds = time.monotonic() - began
        program.settle(1.0, 15.0)
        where = f"{size[0]}x{size[1]}, {TOKENS:,} tokens"
        say(f"CPU of the screen, {where}", f"{share:.0%} of a core, {painted / seconds / 1e3:.0f} kB/s", "35%")
        say("  memory of its process", f"{program.memory():.0f} MB, {before:.0f} MB before")


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for size in ((160, 48), (80, 24)):
        with tempfile.TemporaryDirectory() as name:
            sample(Path(name))
            measure(Path(name), f"http://127.0.0.1:{server.server_address[1]}", size)
    server.shutdown()


if __name__ == "__main__":
    main()
