"""The `claude` model: the Anthropic Messages API, or any server that implements it.

`ANTHROPIC_BASE_URL` (without /v1) selects another server. Events are read in
their wire format, so that blocks are recorded exactly as received. The SDK takes
1.5 s to import: this happens at the first answer, or in a worker that imported
PRELOAD before it was forked.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import math
import random
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..engine.model import Delta, DeltaSink, ModelAnswer, ModelRequest
from ..engine.model_params import DEFAULT_MAX_TOKENS, ModelParams
from ..errors import NoAnswer, UsageError
from ..plain import content_hash
from .claude_errors import RequestFailure, diagnose, one_safe_line
from .messages_api import (
    THINKING_TYPES,
    StreamedMessage,
    UnsupportedResponse,
    add_cache_breakpoint,
    events_from_response,
    signature,
    to_api_messages,
)

if TYPE_CHECKING:
    import anthropic


DEFAULT_MODEL = "claude-sonnet-5-5"
PRELOAD = ("anthropic", "anthropic.resources.messages")  # imported by a warm server

# current models also treat text between tool calls as thinking, hidden unless requested
THINKING: Mapping[str, Any] = {"type": "adaptive", "display": "summarized"}


def configured(model: str, params: ModelParams) -> Claude:
    """Return a model with chosen parameters."""
    thinking = params.thinking
    if thinking is None and params.temperature not in (None, 1):
        thinking = "off"
    kinds = {None: THINKING, "adaptive": THINKING, "off": {"type": "disabled"}}
    chosen = {"type": "enabled", "budget_tokens": thinking} if isinstance(thinking, int) else kinds[thinking]
    limit = DEFAULT_MAX_TOKENS if params.max_tokens is None else params.max_tokens
    return Claude(model or DEFAULT_MODEL, max_tokens=limit, temperature=params.temperature, thinking=chosen)


def credentials() -> str | None:
    """Return the source of the SDK's credentials, never their value; None if there are none.

    For example "ANTHROPIC_API_KEY" or "profile work". Imports the SDK (1.5 s).
    Raises UsageError if the selected profile cannot be read.
    """
    import anthropic

    try:
        with anthropic.Anthropic(max_retries=0) as client:
            return _source(client)
    except anthropic.AnthropicError as error:
        message = f"cannot read the credentials: {one_safe_line(str(error))}"
        raise UsageError(message, hint="fix the profile or set ANTHROPIC_API_KEY") from None


def _source(client: anthropic.Anthropic) -> str | None:
    if client.api_key:
        return "ANTHROPIC_API_KEY"
    if client.auth_token:
        return "ANTHROPIC_AUTH_TOKEN"
    if client.credentials is not None:
        profile = getattr(client.credentials, "profile", "")
        return f"profile {profile}" if profile else "workload identity"
    sent = {name.lower() for name in client.default_headers}
    return "ANTHROPIC_CUSTOM_HEADERS" if sent & {"authorization", "x-api-key"} else None


class Claude:
    """A Claude model.

    `max_tokens` limits one answer including thinking. `thinking` and `effort` are sent
    unchanged; None and "" use the server's default. If a server rejects the thinking
    setting, a smaller one is used and `params` shows it from then on. A request is
    attempted at most `tries` times, with at most `longest_wait` seconds in between.
    `client` is for tests and is not closed; `sleep` and `clock` use seconds.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        max_tokens: int = DEFAULT_MAX_TOKENS,
        temperature: float | None = None,
        thinking: Mapping[str, Any] | None = THINKING,
        effort: str = "",
        tries: int = 5,
        longest_wait: float = 60.0,
        client: anthropic.AsyncAnthropic | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = model
        self.params: dict[str, Any] = {"max_tokens": max_tokens}
        if temperature is not None:
            self.params["temperature"] = temperature
        if thinking is not None:
            self.params["thinking"] = dict(thinking)
        if effort:
            self.params["output_config"] = {"effort": effort}
        self._less_thinking = _smaller_settings(thinking, max_tokens)
        self._thinking_prompt: dict[str, str] = {}  # signature of a thinking block -> hash of its prompt
        self._tries = tries
        self._longest_wait = longest_wait
        self._client = client
        self._sleep = sleep
        self._clock = clock

    async def answer(self, request: ModelRequest, show: DeltaSink) -> ModelAnswer:
        """Return one answer, and show its deltas as they arrive.

        Raises NoAnswer("model_error") with a message and the next step.
        """
        began = self._clock()
        attempt = 1
        while True:
            body, prompt = self._body(request)
            message = StreamedMessage()
            try:
                async with contextlib.aclosing(self._events(body, message)) as events:
                    async for event in events:
                        for delta in message.feed(event):
                            show(delta)
                answer = message.finish(self.name, self._clock() - began)
                break
            except Exception as error:
                failure = diagnose(error)
            if message.shown:
                show(Delta("restart"))
            conceded = self._reduce_thinking(failure, request)
            if conceded:
                show(Delta("wait", conceded))
                continue
            if not failure.retryable or attempt >= self._tries:
                raise NoAnswer("model_error", failure.sentence(attempt))
            seconds = self._pause(attempt, failure.retry_after)
            show(Delta("wait", failure.text, seconds))
            await self._sleep(seconds)
            attempt += 1
        for block in answer.blocks:
            if block.get("type") in THINKING_TYPES:
                self._thinking_prompt[signature(block)] = prompt
        return answer

    def _body(self, request: ModelRequest) -> tuple[dict[str, Any], str]:
        """Return the request body, and a hash of the prompt that thinking is bound to."""
        system: list[dict[str, Any]] = [{"type": "text", "text": s.text} for s in request.system if s.text.strip()]
        tools = [dict(tool) for tool in request.tools]
        prompt = content_hash([system, tools])
        messages = to_api_messages(request.messages, lambda thought: self._may_send(thought, prompt))
        add_cache_breakpoint(system or tools)  # tools precede the system prompt, so one breakpoint covers both
        if messages:
            add_cache_breakpoint(messages[-1]["content"])
        body: dict[str, Any] = {"model": self.name, "messages": messages, **self.params}
        if system:
            body["system"] = system
        if tools:
            body["tools"] = tools
        return body, prompt

    def _may_send(self, thought: Mapping[str, Any], prompt: str) -> bool:
        """Return whether a thinking block may be sent: only with its own prompt, and never without a signature.

        Older models with a thinking budget do not bind blocks to prompts, but require them within
        a turn of tool calls.
        """
        known_by = signature(thought)
        bound = self._thinking_prompt.get(known_by, prompt) if known_by else ""
        budget = self.params.get("thinking", {}).get("type") == "enabled"
        return bound == prompt or (budget and bound != "")

    async def _events(self, body: dict[str, Any], message: StreamedMessage) -> AsyncGenerator[Any, None]:
        """Send one request and yield the events of its stream, in wire format."""
        if "anthropic" not in sys.modules:  # in a thread: a worker that imports for seconds would count as hung
            await asyncio.to_thread(importlib.import_module, PRELOAD[-1])
        import anthropic

        options = {name: value for name, value in body.items() if name != "temperature"}
        extra = {"temperature": body["temperature"]} if "temperature" in body else None  # not an option of the SDK
        async with (
            self._open() as client,
            client.messages.with_streaming_response.create(**options, extra_body=extra, stream=True) as response,
        ):
            message.request_id = response.headers.get("request-id", "")
            message.server = response.http_response.url.netloc.decode()
            form = response.headers.get("content-type", "")
            if "html" in form:
                raise UnsupportedResponse(f"it sent {form}")
            if "json" in form:  # a server without streaming
                for event in events_from_response(msgspec.json.decode(await response.read())):
                    yield event
                return
            async for sent in anthropic.AsyncStream.raw_events(response.http_response):
                if sent.data and sent.data != "[DONE]":
                    yield msgspec.json.decode(sent.data)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[anthropic.AsyncAnthropic]:
        """Create a client for one request: a stored one would outlive its event loop."""
        import anthropic

        if self._client is not None:
            yield self._client.with_options(max_retries=0)
        else:
            async with anthropic.AsyncAnthropic(max_retries=0) as client:
                yield client

    def _reduce_thinking(self, failure: RequestFailure, request: ModelRequest) -> str:
        """Reduce the thinking setting after it was rejected; returns the new one in words, "" if none is left."""
        about = failure.text.lower()
        if failure.status not in (400, 422) or not ("thinking" in about or "adaptive" in about):
            return ""
        earlier = {signature(b) for m in request.messages for b in m["content"] if b.get("type") in THINKING_TYPES}
        known = {thought for thought in earlier if thought and self._thinking_prompt.get(thought) != ""}
        if known and ("signature" in about or "bound to" in about or not self._less_thinking):
            self._thinking_prompt |= dict.fromkeys(known, "")
            return "earlier thinking does not fit this prompt or account: retrying without it"
        if not self._less_thinking:
            return ""
        thinking = self._less_thinking.pop(0)
        # a new dict: the old one is part of a recorded event
        self.params = {k: v for k, v in self.params.items() if k != "thinking"}
        if thinking is not None:
            self.params["thinking"] = thinking
        way = "without it" if thinking is None else f"for the {thinking['type']} kind"
        return f"the server rejected the thinking setting: retrying {way}"

    def _pause(self, attempt: int, after: float | None) -> float:
        if after is None or not math.isfinite(after):
            after = 2.0 ** (attempt - 1) * random.uniform(0.75, 1.0)
        return min(max(after, 0.0), self._longest_wait)


def _smaller_settings(thinking: Mapping[str, Any] | None, max_tokens: int) -> list[dict[str, Any] | None]:
    """Return the settings to try in turn if `thinking` is rejected: older models accept only budgets."""
    if thinking is None:
        return []
    if thinking.get("type") == "adaptive" and max_tokens > 2_048:
        return [{"type": "enabled", "budget_tokens": min(8_000, max_tokens // 2)}, None]
    return [dict(THINKING), None] if thinking.get("type") == "enabled" else [None]
