"""A server on this machine that speaks the Messages API from a script.

    with Loopback(says("Good morning.")) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)   # or: every pair of server.env
        ...
    assert server.requests[0].body["messages"] == [...]

Replies go out in order, one a request; a request beyond the script is refused
in a way that no client tries again.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal

EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"
MODEL = "claude-sonnet-5-5"


@dataclass(frozen=True)
class Scripted:
    """One response. `pause` is in seconds, before every part of it; `cut` breaks the connection after the last."""

    parts: tuple[str, ...]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    cut: Literal["", "reset", "close"] = ""


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Loopback:
    """The server: up within its `with` block. `requests` are those it got, oldest first."""

    def __init__(self, *script: Scripted) -> None:
        self.requests: list[Asked] = []
        self._script = list(script)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.loopback = self  # type: ignore[attr-defined]
        # polled often, so that a test does not wait half a second for the end
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """What ANTHROPIC_BASE_URL is set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def env(self) -> dict[str, str]:
        """The environment that points the SDK here, for os.environ or a subprocess."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "loopback-key",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    @property
    def left(self) -> int:
        """How many replies of the script nobody asked for."""
        return len(self._script)

    def then(self, *script: Scripted) -> None:
        """Go on with these replies after the ones that are left."""
        with self._lock:
            self._script += script

    def take(self, asked: Asked) -> Scripted:
        with self._lock:
            self.requests.append(asked)
            if self._script:
                return self._script.pop(0)
        return refuses(400, "invalid_request_error", "the script of the loopback server has ended")

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(size)
        asked = Asked(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(raw) if raw else None,
        )
        self._answer(self.server.loopback.take(asked))  # type: ignore[attr-defined]

    do_GET = do_POST

    def _answer(self, reply: Scripted) -> None:
        self.close_connection = True
        try:
            self.send_response(reply.status)
            headers = {"Content-Type": EVENT_STREAM, "request-id": "req_loopback", **reply.headers}
            for name, value in {**headers, "Transfer-Encoding": "chunked", "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            for part in reply.parts:
                if reply.pause:
                    time.sleep(reply.pause)
                data = part.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            if reply.cut == "reset":
                # no lingering: the client is told that the connection was reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            elif not reply.cut:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass  # the client has gone: it was stopped, or had heard enough

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the output belongs to the tests."""


# what it can be told to reply


def says(*texts: str, **how: Any) -> Scripted:
    """A reply in words, streamed; `how` as for streams()."""
    return streams([{"type": "text", "text": text} for text in texts], **how)


def calls(*asked: tuple[str, dict[str, Any]], text: str = "", **how: Any) -> Scripted:
    """An answer that calls tools: pairs of a name and its arguments."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    blocks += [
        {"type": "tool_use", "id": f"toolu_{number:02}", "name": name, "input": args}
        for number, (name, args) in enumerate(asked, 1)
    ]
    return streams(blocks, **how)


def streams(
    blocks: Sequence[Mapping[str, Any]],
    stop: str = "",
    *,
    pause: float = 0.0,
    model: str = MODEL,
    usage: Mapping[str, Any] | None = None,
) -> Scripted:
    """These blocks as an event stream; the stop reason follows from them where none is given."""
    return Scripted(tuple(events(blocks, stop, model=model, usage=usage)), pause=pause)


def whole(body: Mapping[str, Any], status: int = 200) -> Scripted:
    """A body in one piece of JSON."""
    return Scripted((json.dumps(body),), status, {"Content-Type": JSON})


def recorded(exchange: Mapping[str, Any]) -> Scripted:
    """A recorded exchange of {status, content_type, response}, as it was."""
    response = exchange["response"]
    text = response if isinstance(response, str) else json.dumps(response)
    return Scripted((text,), exchange["status"], {"Content-Type": exchange["content_type"]})


def refuses(status: int, kind: str, message: str, **headers: str) -> Scripted:
    """An error, in the shape of the API's; `retry_after="7"` becomes the header retry-after."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_loopback"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Scripted((json.dumps(body),), status, {"Content-Type": JSON, **named})


def breaks(after: Iterable[str], cut: Literal["", "reset", "close"] = "") -> Scripted:
    """A stream that stops after these events: in good order, or with the connection gone."""
    return Scripted(tuple(after), cut=cut)


# the event stream


def event(kind: str, **fields: Any) -> str:
    """One event of a stream, as on the wire."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n"


def events(
    blocks: Sequence[Mapping[str, Any]],
    stop: str = "",
    *,
    model: str = MODEL,
    usage: Mapping[str, Any] | None = None,
) -> list[str]:
    """The events in which the API would stream these blocks, each in two deltas or more."""
    counted = {"input_tokens": 12, "output_tokens": 34, **(usage or {})}
    if not stop:
        stop = "tool_use" if any(b["type"] == "tool_use" for b in blocks) else "end_turn"
    message = {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**counted, "output_tokens": 1},
    }
    sent = [event("message_start", message=message), event("ping")]
    for index, block in enumerate(blocks):
        start, deltas = _pieces(block)
        sent.append(event("content_block_start", index=index, content_block=start))
        sent += [event("content_block_delta", index=index, delta=delta) for delta in deltas]
        sent.append(event("content_block_stop", index=index))
    ended = {"stop_reason": stop, "stop_sequence": None}
    sent.append(event("message_delta", delta=ended, usage={"output_tokens": counted["output_tokens"]}))
    return [*sent, event("message_stop")]


def _pieces(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it starts, and the deltas that make the rest of it."""
    start = dict(block)
    if block["type"] == "text":
        deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": half} for half in _halves(block["text"])]
        return {**start, "text": ""}, deltas
    if block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": half} for half in _halves(block["thinking"])]
        if "signature" in block:
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            start["signature"] = ""
        return {**start, "thinking": ""}, deltas
    if block["type"] in ("tool_use", "server_tool_use", "mcp_tool_use"):
        given = block["input"]
        text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        halves = [""] if given == {} else _halves(text)
        return {**start, "input": {}}, [{"type": "input_json_delta", "partial_json": half} for half in halves]
    return start, []


def _halves(text: str) -> list[str]:
    middle = (len(text) + 1) // 2
    return [half for half in (text[:middle], text[middle:]) if half]
