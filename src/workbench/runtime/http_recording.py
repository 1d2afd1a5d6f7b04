"""The HTTP clients of tools: live ones record each exchange, replaying ones return the recorded response.

Request headers are not recorded, nor are values with names of secrets in URLs,
response headers and JSON. A failed request is recorded and replayed by its class in
httpx. A replaying client connects to nothing: a request without a recorded exchange
fails, and the message describes the nearest recorded ones.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from ..engine.world import Translation
from ..replay.equivalence import ValueComparer
from ..trace.events import HttpExchange
from ..transcripts.secrets import HIDDEN, hide, is_secret_parameter
from .json_layout import layout_of, write

MAX_BODY = 1_000_000  # bytes; larger bodies are not recorded
TRANSFER = ("content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive")
NEAREST = 3  # recorded requests that are named in the message about an unrecorded one


class _Exchanges:
    """Collects the exchanges since the last drain."""

    def __init__(self) -> None:
        self.unmatched: list[str] = []
        self._exchanges: list[HttpExchange] = []

    def drain(self) -> list[HttpExchange]:
        exchanges, self._exchanges = self._exchanges, []
        return exchanges


class RecordingHttp(_Exchanges):
    """Clients that use the network. Each exchange is recorded, failed ones too."""

    def client(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any:
        if kind.__name__ == "AsyncClient":
            return httpx.AsyncClient(transport=_AsyncRecorder(self, step_id))
        return httpx.Client(transport=_Recorder(self, step_id))

    def expect(self, exchanges: Sequence[HttpExchange], values: Translation | None = None) -> None:
        pass

    def record(self, step_id: tuple[int, int, int], request: httpx.Request, **result: Any) -> None:
        self._exchanges.append(_exchange(step_id, len(self._exchanges) + 1, request, **result))


class ReplayHttp(_Exchanges):
    """Clients that answer from the recording; see `world.HttpProvider`."""

    def __init__(self) -> None:
        super().__init__()
        self._recorded: list[HttpExchange] = []
        self._values: Translation | None = None

    def client(self, kind: type[Any], step_id: tuple[int, int, int]) -> Any:
        transport = httpx.MockTransport(lambda request: self._answer(step_id, request))
        return (
            httpx.AsyncClient(transport=transport)
            if kind.__name__ == "AsyncClient"
            else httpx.Client(transport=transport)
        )

    def expect(self, exchanges: Sequence[HttpExchange], values: Translation | None = None) -> None:
        self._recorded = list(exchanges)
        self._values = values
        self.unmatched = []

    def _answer(self, step_id: tuple[int, int, int], request: httpx.Request) -> httpx.Response:
        asked = _exchange(step_id, len(self._exchanges) + 1, request)
        reasons = []
        for index, recorded in enumerate(self._recorded):
            why = request_difference(recorded, asked)
            if why and self._values is not None:
                why = request_difference(recorded, _translated(asked, self._values.redacted))
            if not why:
                del self._recorded[index]
                self._exchanges.append(recorded)
                if self._values is not None:
                    recorded = _translated(recorded, self._values.original)
                return _response(recorded, request)
            reasons.append((why.count(";"), f"{recorded.method} {recorded.url}: {why}"))
        nearest = [text for _, text in sorted(reasons)[:NEAREST]] or [
            "the recording has no further request of this call"
        ]
        message = f"the recording does not contain {asked.method} {asked.url}; " + "; ".join(nearest)
        self.unmatched.append(message)
        raise httpx.ConnectError(message, request=request)


def _translated(exchange: HttpExchange, translate: Callable[[Any], Any]) -> HttpExchange:
    return msgspec.convert(translate(msgspec.to_builtins(exchange)), HttpExchange)


def request_difference(recorded: HttpExchange, asked: HttpExchange) -> str:
    """Describe the differences between a request and a recorded one, joined by ";"; "" if there are none."""
    comparer = ValueComparer()
    then, now = httpx.URL(recorded.url), httpx.URL(asked.url)
    found = [
        "" if recorded.method == asked.method else f"its method was {recorded.method}",
        "" if then.scheme == now.scheme else f"its scheme was {then.scheme}",
        "" if (then.host, then.port) == (now.host, now.port) else f"its host was {then.netloc.decode()}",
        "" if then.path == now.path else f"its path was {then.path}",
        comparer.first_difference(_query(then), _query(now), path="query"),
        comparer.first_difference(recorded.request_body, asked.request_body, path="body"),
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
        self._target = (http, step_id)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        http, step_id = self._target
        request.read()
        try:
            response = super().handle_request(request)
            response.read()
        except httpx.RequestError as error:
            http.record(step_id, request, error=error)
            raise
        http.record(step_id, request, response=response)
        return _readable(response)


class _AsyncRecorder(httpx.AsyncHTTPTransport):
    def __init__(self, http: RecordingHttp, step_id: tuple[int, int, int]) -> None:
        super().__init__()
        self._target = (http, step_id)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        http, step_id = self._target
        await request.aread()
        try:
            response = await super().handle_async_request(request)
            await response.aread()
        except httpx.RequestError as error:
            http.record(step_id, request, error=error)
            raise
        http.record(step_id, request, response=response)
        return _readable(response)


def _readable(response: httpx.Response) -> httpx.Response:
    """Return a copy of a response that was read, for the client to read: its body is no longer compressed."""
    headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in TRANSFER]
    return httpx.Response(response.status_code, headers=headers, content=response.content)


def _exchange(
    step_id: tuple[int, int, int],
    number: int,
    request: httpx.Request,
    response: httpx.Response | None = None,
    error: httpx.RequestError | None = None,
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
        headers=_headers(response), layout=_layout(response, kind),
    )  # fmt: skip


def _headers(response: httpx.Response | None) -> dict[str, str]:
    """Return the headers of a response that a tool may read; secrets are hidden, also in addresses."""
    found = {} if response is None else {k.lower(): v for k, v in response.headers.items()}
    return {name: _header(name, value) for name, value in found.items() if name not in (*TRANSFER, "content-type")}


def _header(name: str, value: str) -> str:
    if is_secret_parameter(name):
        return HIDDEN
    return _address(httpx.URL(value)) if name in ("location", "content-location") else value


def _layout(response: httpx.Response | None, kind: str) -> str:
    """Return the layout of a JSON body that is recorded parsed."""
    if response is None or "json" not in kind or not 0 < len(response.content) <= MAX_BODY:
        return ""
    try:
        return layout_of(response.content.decode(), msgspec.json.decode(response.content))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _address(url: httpx.URL) -> str:
    hidden = [(k, HIDDEN if is_secret_parameter(k) else v) for k, v in url.params.multi_items()]
    plain = url.copy_with(userinfo=b"") if url.userinfo else url
    return str(plain.copy_with(params=hidden) if hidden else plain)


def _body(content: bytes, kind: str) -> Any:
    """Return a body as recorded; a too large one is replaced by its size and hash."""
    if not content:
        return None
    if len(content) > MAX_BODY:
        return {
            "cut": f"{len(content):,} bytes; at most {MAX_BODY:,} are recorded",
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    if "json" in kind:
        try:
            return hide(msgspec.json.decode(content))
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
            [(k, HIDDEN if is_secret_parameter(k) else v) for k, v in httpx.QueryParams(text).multi_items()]
        )
    )


def _response(recorded: HttpExchange, request: httpx.Request) -> httpx.Response:
    got = recorded.response_body
    if not recorded.status:
        raise _error(str(got), request)
    headers = recorded.headers | ({"content-type": recorded.kind} if recorded.kind else {})
    if got is None:
        content = b""
    elif isinstance(got, dict) and "base64" in got and "json" not in recorded.kind:
        content = base64.b64decode(got["base64"])
    elif isinstance(got, str) and "json" not in recorded.kind:
        content = got.encode()
    else:
        content = write(got, recorded.layout).encode()
    return httpx.Response(recorded.status, headers=headers, content=content, request=request)


def _error(recorded: str, request: httpx.Request) -> httpx.RequestError:
    """Return the recorded error of a request: its class in httpx, and its message."""
    name, _, message = recorded.partition(": ")
    kind = getattr(httpx, name, None)
    if not (isinstance(kind, type) and issubclass(kind, httpx.RequestError)):
        return httpx.ConnectError(recorded, request=request)
    return kind(message, request=request)
