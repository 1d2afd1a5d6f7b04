"""Whether the model's server answers: one token is asked for, in a process that can be ended.

A name that does not resolve blocks its thread for as long as the system likes;
a process that is ended does not, and the SDK is loaded where it costs nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..engine.model import ModelRequest, discard_delta
from ..errors import NoAnswer, UsageError
from ..trace.messages import Messages

ANSWER_TIMEOUT = 2.0  # seconds the server may take
START_TIMEOUT = 4.0  # seconds the process and the SDK may take to start; 1.5 on a machine that is not busy


class ProbeResult(msgspec.Struct, frozen=True):
    """What was found: `source` of the credentials, "" for none; the model that spoke as `answer`, or `trouble`."""

    source: str = ""
    problem: str = ""  # why the credentials cannot be read
    asked: bool = False
    answer: str = ""
    trouble: str = ""
    seconds: float = 0.0


def server_host() -> str:
    """The address asked, without what may be secret in it."""
    url = os.environ.get("ANTHROPIC_BASE_URL", "")
    if not url:
        return "the Anthropic API"
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "ANTHROPIC_BASE_URL"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def probe(model: str) -> ProbeResult:
    """Look for credentials and, where there are some, ask `model` for one token.

    Takes START and ANSWER at most.
    """
    context = multiprocessing.get_context("spawn")  # a fork server may be older than the environment
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, model), daemon=True)
    process.start()
    theirs.close()
    found = ProbeResult()
    try:
        patience = START_TIMEOUT
        while ours.poll(patience):
            found = msgspec.msgpack.decode(ours.recv_bytes(), type=ProbeResult)
            if not found.asked or found.answer or found.trouble:
                return found
            patience = ANSWER_TIMEOUT + 0.5  # the process keeps to ANSWER, unless its name server holds it
    except (EOFError, OSError):
        return msgspec.structs.replace(found, trouble="the process that asked it went away")
    finally:
        process.kill()
        process.join()
        ours.close()
    if not found.asked:
        return ProbeResult(
            trouble=f"the SDK did not load within {START_TIMEOUT:g} s: credentials were not looked for"
        )
    return msgspec.structs.replace(found, trouble=f"{server_host()} did not answer in time")


def _work(connection: Connection, model: str) -> None:
    """The life of the process: tell what is found as it is found."""
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 2)
    with contextlib.suppress(OSError, KeyboardInterrupt):
        from .claude import credentials

        try:
            source = credentials() or ""
        except UsageError as error:
            connection.send_bytes(msgspec.msgpack.encode(ProbeResult(problem=error.message)))
            return
        connection.send_bytes(msgspec.msgpack.encode(ProbeResult(source, asked=bool(source))))
        if source:
            answer, trouble, seconds = asyncio.run(_ask(model))
            probed = ProbeResult(
                source, asked=True, answer=answer, trouble=_without_keys(trouble), seconds=seconds
            )
            connection.send_bytes(msgspec.msgpack.encode(probed))


async def _ask(model: str) -> tuple[str, str, float]:
    """(the model that answered, what went wrong, seconds): one of the first two is ""."""
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
    """A server may repeat what it was sent."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        key = os.environ.get(name, "")
        text = text.replace(key, "[key]") if key else text
    return text
