"""Check whether the model's server answers, by requesting one token in a separate process.

A name that does not resolve blocks its thread for as long as the system likes; a
process can be killed. The SDK is also not loaded into the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from ..engine.model import ModelRequest, discard_delta
from ..errors import NoAnswer, UsageError
from ..source import safe_path
from ..trace.messages import Messages
from .credentials import find_credentials

ANSWER_TIMEOUT = 2.0  # seconds the server may take
START_TIMEOUT = 20.0  # seconds the process and the SDK may take to start; 1.5 on an idle machine


class ProbeResult(msgspec.Struct, frozen=True):
    """The result: `source` of the credentials ("": none), `answer` (the model's name) or `failure`.

    `credentials_error`: the reason that the credentials cannot be read. `asked`: a
    request was sent. `seconds`: the time until the answer.
    """

    source: str = ""
    credentials_error: str = ""
    asked: bool = False
    answer: str = ""
    failure: str = ""
    seconds: float = 0.0


def server_host() -> str:
    """Return the server address without secrets."""
    return find_credentials().server


def probe(model: str) -> ProbeResult:
    """Look for credentials and, if there are some, request one token from `model`.

    Takes at most START_TIMEOUT plus ANSWER_TIMEOUT seconds.
    """
    context = multiprocessing.get_context("spawn")  # a fork server may have an older environment
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, model), daemon=True)
    with safe_path():
        process.start()
    theirs.close()
    found = ProbeResult()
    try:
        patience = START_TIMEOUT
        while ours.poll(patience):
            found = msgspec.msgpack.decode(ours.recv_bytes(), type=ProbeResult)
            if not found.asked or found.answer or found.failure:
                return found
            patience = ANSWER_TIMEOUT + 0.5  # the process itself stops after ANSWER_TIMEOUT, if it can
    except (EOFError, OSError):
        return msgspec.structs.replace(found, failure="the probe process exited")
    finally:
        process.kill()
        process.join()
        ours.close()
    if not found.asked:
        return ProbeResult(
            failure=f"{server_host()} was not asked: the SDK did not load within {START_TIMEOUT:g} s"
        )
    return msgspec.structs.replace(found, failure=f"{server_host()} did not answer in time")


def _work(connection: Connection, model: str) -> None:
    """Run in the process: send each finding as soon as it is known."""
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 2)
    with contextlib.suppress(OSError, KeyboardInterrupt):
        from .claude import credentials

        try:
            source = credentials() or ""
        except UsageError as error:
            connection.send_bytes(msgspec.msgpack.encode(ProbeResult(credentials_error=error.message)))
            return
        connection.send_bytes(msgspec.msgpack.encode(ProbeResult(source, asked=bool(source))))
        if source:
            answer, failure, seconds = asyncio.run(_ask(model))
            probed = ProbeResult(
                source, asked=True, answer=answer, failure=_without_keys(failure), seconds=seconds
            )
            connection.send_bytes(msgspec.msgpack.encode(probed))


async def _ask(model: str) -> tuple[str, str, float]:
    """Return (answering model, problem, seconds); one of the first two is ""."""
    from .claude import DEFAULT_MODEL, Claude

    claude = Claude(model or DEFAULT_MODEL, max_tokens=1, thinking=None, tries=1)
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    began = time.monotonic()
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT):
            answer = await claude.answer(
                ModelRequest(1, 1, (), Messages.from_list(messages), (), None), discard_delta
            )
    except NoAnswer as stop:
        return "", stop.message, time.monotonic() - began
    except TimeoutError:
        return "", f"{server_host()} did not answer within {ANSWER_TIMEOUT:g} s", time.monotonic() - began
    return answer.model, "", time.monotonic() - began


def _without_keys(text: str) -> str:
    """Remove keys from a text: a server may echo the request."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        key = os.environ.get(name, "")
        text = text.replace(key, "[key]") if key else text
    return text
