"""`workbench show`: print a transcript for reading, or its events as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ...errors import UsageError
from ...files import write_atomically
from ...replay.exit_codes import Exit
from ...text import pluralize, truncate
from ...trace.describe import describe_step
from ...trace.steps import Step, group_steps
from ...transcripts.codec import encode, read
from ...transcripts.transcript import Transcript
from ..output import out_json, print_status, write_line


def show(file: Path, json: bool, export: str = "") -> Exit:
    """Print a transcript as text or as JSON lines, or write it whole to `export`.

    Raises TranscriptError; UsageError if a file would be overwritten.
    """
    transcript = read(file)
    if export:
        return _export(transcript, export)
    if json:
        for event in transcript.events:
            out_json(msgspec.to_builtins(event))
        return Exit.OK
    for line in lines(transcript):
        write_line(line)
    return Exit.OK


def _export(transcript: Transcript, to: str) -> Exit:
    """Write a whole transcript, with its blobs."""
    if to == "-":
        write_line(encode(transcript).decode().rstrip("\n"))
        return Exit.OK
    path = Path(to)
    if path.exists():
        raise UsageError(f"{to} already exists; nothing was written", hint="name a new file")
    write_atomically(path, encode(transcript))
    print_status(f"{to}: written, with {pluralize(len(transcript.blobs), 'blob')}")
    return Exit.OK


def lines(transcript: Transcript) -> list[str]:
    """Return a transcript as readable lines: header, then every step."""
    kind = "golden" if transcript.kind == "golden" else f"mistake, {transcript.state}"
    text = [f"{transcript.id}  ({kind})", transcript.title]
    setup = transcript.setup
    text.append(f"agent {transcript.agent}, fixture {setup.fixture or 'none'}, clock {setup.clock}")
    for expectation in transcript.expectations:
        text.append(f"expects at {expectation.step}: {expectation.description} ({expectation.decided_by})")
    for annotation in transcript.annotations:
        text.append(
            f"annotation at {annotation.step}: {annotation.severity} {annotation.kind}, "
            f"cause: {annotation.cause}. {annotation.note}"
        )
        if annotation.expected:
            text.append(f"  expected: {annotation.expected}")
    flagged = {m.step for m in transcript.annotations} | {e.step for e in transcript.expectations}
    for turn in group_steps(transcript.events):
        text.append("")
        for step in turn.steps:
            text += _step(step, str(step.step_id) in flagged)
        if turn.end is not None and turn.end.reason != "replied":
            text.append(f"        the turn ended: {turn.end.reason} {turn.end.detail}".rstrip())
    return [*text, *_aside(transcript.source.get("aside"))]


def _aside(kept: Any) -> Iterator[str]:
    """Yield what an import could not make events of."""
    for one in kept if isinstance(kept, list) else ():
        if isinstance(one, dict):
            yield f"kept aside: {one.get('kind')}, {one.get('where')}: {_short(one.get('value'))}"


def _step(step: Step, flagged: bool) -> list[str]:
    flag = "⚑" if flagged else " "
    head = f"{flag} {step.step_id!s:7}"
    if step.message is not None:
        return [f"{head} customer: {_below(step.message.text)}", *_decisions(step)]
    said = [f"          ({line})" for line in step.reasoning.splitlines() if line.strip()]
    if step.call is not None:
        result = f" → {_short(step.result.value)}" if step.executed and step.result else ""
        sent = [f"          agent: {_below(step.reply.text)}"] if step.reply else []
        return [*said, f"{head} {describe_step(step)}{result}", *_decisions(step), *sent]
    words = str(step.reply.text) if step.reply else f"[not sent] {step.answer.text if step.answer else ''}"
    return [*said, f"{head} agent: {_below(words)}", *_decisions(step)]


def _below(text: object) -> str:
    """Indent continuation lines, so that a message is never mistaken for a line of the program."""
    return str(text).replace("\n", "\n" + " " * 12)


def _decisions(step: Step) -> list[str]:
    return [f"          {d.policy}: {d.effect} {d.reason}".rstrip() for d in step.decisions if d.effect != "allow"]


def _short(value: object) -> str:
    return truncate(value if isinstance(value, str) else msgspec.json.encode(value).decode(), 200)
