"""The HTTP clients of tools: live ones record each exchange, recorded ones return it again.

No header of a request is kept, and values that are named like secrets are not
either, in addresses and in JSON. A recorded client connects to nothing: a request
that its call did not make when it was recorded fails, and says how the nearest
recorded ones differ.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from ..replay.equivalence import ValueComparer
from ..trace.events import HttpExchange

MAX_BODY = 1_000_000  # bytes kept of one body
NEAREST = 3  # recorded requests named beside one that is not on the tape
HIDDEN = "(hidden)"
_SECRET = re.compile(r"(?i)(?:^|_|-)(api_?key|key|token|secret|password|passwd|authorization|signature|sig)$")

Handle = Callable[[httpx.Request], httpx.Response]


class RecordingHttp:
    """Clients that reach the network. Each exchange is kept, a failed one too."""

    def __init__(self) -> None:
        self.unmatched: list[str] = []
        self._made: list[HttpExchange] = []

    def client(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any:
        if kind.__name__ == "AsyncClient":
            return httpx.AsyncClient(transport=_AsyncRecorder(self, step_id))
        return httpx.Client(transport=_Recorder(self, step_id))

    def drain(self) -> list[HttpExchange]:
        made, self._made = self._made, []
        return made

    def expect(self, exchanges: Sequence[HttpExchange]) -> None:
        pass

    def record(self, step_id: tuple[int, int, int], request: httpx.Request, **came: Any) -> None:
        self._made.append(_exchange(step_id, len(self._made) + 1, request, **came))


class ReplayHttp:
    """Clients that answer from the record; see `world.Http`."""

    def __init__(self) -> None:
        self.unmatched: list[str] = []
        self._made: list[HttpExchange] = []
        self._left: list[HttpExchange] = []

    def client(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any:
        transport = httpx.MockTransport(lambda request: self._answer(step_id, request))
        return (
            httpx.AsyncClient(transport=transport)
            if kind.__name__ == "AsyncClient"
            else httpx.Client(transport=transport)
        )

    def drain(self) -> list[HttpExchange]:
        made, self._made = self._made, []
        return made

    def expect(self, exchanges: Sequence[HttpExchange]) -> None:
        self._left = list(exchanges)
        self.unmatched = []

    def _answer(self, step_id: tuple[int, int, int], request: httpx.Request) -> httpx.Response:
        asked = _exchange(step_id, len(self._made) + 1, request)
        reasons = []
        for index, recorded in enumerate(self._left):
            why = request_difference(recorded, asked)
            if not why:
                del self._left[index]
                self._made.append(recorded)
                return _response(recorded, request)
            reasons.append((why.count(";"), f"{recorded.method} {recorded.url}: {why}"))
        nearest = [text for _, text in sorted(reasons)[:NEAREST]] or [
            "no request of this call is left on the tape"
        ]
        message = f"the tape does not hold {asked.method} {asked.url}; " + "; ".join(nearest)
        self.unmatched.append(message)
        raise httpx.ConnectError(message, request=request)


def request_difference(recorded: HttpExchange, asked: HttpExchange) -> str:
    """Why a request is not the recorded one, all reasons joined by ";", or ""."""
    alike = ValueComparer()
    then, now = httpx.URL(recorded.url), httpx.URL(asked.url)
    found = [
        "" if recorded.method == asked.method else f"its method was {recorded.method}",
        "" if then.scheme == now.scheme else f"its scheme was {then.scheme}",
        "" if (then.host, then.port) == (now.host, now.port) else f"its host was {then.netloc.decode()}",
        "" if then.path == now.path else f"its path was {then.path}",
        alike.first_difference(_query(then), _query(now), path="query"),
        alike.first_difference(recorded.request_body, asked.request_body, path="body"),
    ]
    return "; ".join(filter(None, found))


def _query(url: httpx.URL) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for key, value in url.params.multi_items():
        found.setdefault(key, []).append(value)
    return dict(found)


class _Recorder(httpx.HTTPTransport):
    def __init__(self, http: RecordingHttp, step_id: tuple[int, int, int]) -> None:
        super().__init__()
        self._keep = (http, step_id)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        http, step_id = self._keep
        request.read()
        try:
            response = super().handle_request(request)
            response.read()
        except httpx.TransportError as error:
            http.record(step_id, request, error=error)
            raise
        http.record(step_id, request, response=response)
        return _again(response)


class _AsyncRecorder(httpx.AsyncHTTPTransport):
    def __init__(self, http: RecordingHttp, step_id: tuple[int, int, int]) -> None:
        super().__init__()
        self._keep = (http, step_id)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        http, step_id = self._keep
        await request.aread()
        try:
            response = await super().handle_async_request(request)
            await response.aread()
        except httpx.TransportError as error:
            http.record(step_id, request, error=error)
            raise
        http.record(step_id, request, response=response)
        return _again(response)


def _again(response: httpx.Response) -> httpx.Response:
    """A response that was read, for the client to read: its body is no longer compressed."""
    gone = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in gone]
    return httpx.Response(response.status_code, headers=headers, content=response.content)


def _exchange(
    step_id: tuple[int, int, int],
    number: int,
    request: httpx.Request,
    response: httpx.Response | None = None,
    error: httpx.TransportError | None = None,
) -> HttpExchange:
    turn, answer, call = step_id
    kind = response.headers.get("content-type", "") if response is not None else ""
    got = f"{type(error).__name__}: {error}" if error else None
    if response is not None:
        got = _body(response.content, kind)
    return HttpExchange(
        turn=turn, answer=answer, call=call, number=number,
        method=request.method, url=_address(request.url),
        request_body=_body(request.content, request.headers.get("content-type", "")),
        status=response.status_code if response is not None else 0, kind=kind, response_body=got,
    )  # fmt: skip


def _address(url: httpx.URL) -> str:
    hidden = [(k, HIDDEN if _SECRET.search(k) else v) for k, v in url.params.multi_items()]
    plain = url.copy_with(userinfo=b"") if url.userinfo else url
    return str(plain.copy_with(params=hidden) if hidden else plain)


def _body(content: bytes, kind: str) -> Any:
    """A body as it is kept; of what is too long for a record the hash is, and that it is not all."""
    if not content:
        return None
    if len(content) > MAX_BODY:
        return {
            "cut": f"{len(content):,} bytes; {MAX_BODY:,} are kept at most",
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    if "json" in kind:
        try:
            return _hide(msgspec.json.decode(content))
        except msgspec.DecodeError:
            pass
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    return _form(text) if "x-www-form-urlencoded" in kind else text


def _form(text: str) -> str:
    return str(
        httpx.QueryParams(
            [(k, HIDDEN if _SECRET.search(k) else v) for k, v in httpx.QueryParams(text).multi_items()]
        )
    )


def _hide(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: HIDDEN if _SECRET.search(k) and isinstance(v, str) else _hide(v) for k, v in value.items()}
    return [_hide(item) for item in value] if isinstance(value, list) else value


def _response(recorded: HttpExchange, request: httpx.Request) -> httpx.Response:
    if not recorded.status:
        raise httpx.ConnectError(str(recorded.response_body), request=request)
    got = recorded.response_body
    headers = {"content-type": recorded.kind} if recorded.kind else {}
    if got is None:
        content = b""
    elif isinstance(got, dict) and "base64" in got and "json" not in recorded.kind:
        content = base64.b64decode(got["base64"])
    elif isinstance(got, str) and "json" not in recorded.kind:
        content = got.encode()
    else:
        content = msgspec.json.encode(got)
    return httpx.Response(recorded.status, headers=headers, content=content, request=request)
