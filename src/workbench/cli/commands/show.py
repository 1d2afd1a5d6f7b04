"""`workbench show`: a transcript for reading, or its steps as JSON lines."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ...replay.exit_codes import Exit
from ...text import clean
from ...trace.describe import tell
from ...trace.steps import Move, moves
from ...transcripts.codec import read
from ...transcripts.transcript import Transcript
from ..output import out, out_json


def show(file: Path, json: bool) -> Exit:
    transcript = read(file)
    if json:
        for step in transcript.steps:
            out_json(msgspec.to_builtins(step))
        return Exit.OK
    for line in lines(transcript):
        out(clean(line))
    return Exit.OK


def lines(transcript: Transcript) -> list[str]:
    """A transcript as a person reads it: what it is, then who said and did what."""
    kind = "guard" if transcript.kind == "guard" else f"mistake, {transcript.state}"
    text = [f"{transcript.id}  ({kind})", transcript.title]
    setup = transcript.setup
    text.append(f"agent {transcript.agent}, fixture {setup.fixture or 'none'}, clock {setup.clock}")
    for expectation in transcript.expectations:
        text.append(f"expects at {expectation.at}: {expectation.sentence} ({expectation.decided})")
    for mark in transcript.marks:
        text.append(f"mark at {mark.at}: {mark.severity} {mark.kind}, fault of the {mark.fault}. {mark.note}")
        if mark.should:
            text.append(f"  should have: {mark.should}")
    marked = {m.at for m in transcript.marks} | {e.at for e in transcript.expectations}
    for turn in moves(transcript.steps):
        text.append("")
        for move in turn.moves:
            text += _move(move, str(move.place) in marked)
        if turn.end is not None and turn.end.reason != "replied":
            text.append(f"        the turn ended: {turn.end.reason} {turn.end.detail}".rstrip())
    return text


def _move(move: Move, marked: bool) -> list[str]:
    flag = "⚑" if marked else " "
    head = f"{flag} {move.place!s:7}"
    if move.message is not None:
        return [f"{head} customer: {_below(move.message.text)}", *_decisions(move)]
    said = [f"          ({line})" for line in move.reasoning.splitlines() if line.strip()]
    if move.call is not None:
        result = f" → {_short(move.result.value)}" if move.executed and move.result else ""
        sent = [f"          agent: {_below(move.reply.text)}"] if move.reply else []
        return [*said, f"{head} {tell(move)}{result}", *_decisions(move), *sent]
    words = str(move.reply.text) if move.reply else f"[not sent] {move.answer.text if move.answer else ''}"
    return [*said, f"{head} agent: {_below(words)}", *_decisions(move)]


def _below(text: object) -> str:
    """Further lines stand under the first: what was said is never taken for a line of ours."""
    return str(text).replace("\n", "\n" + " " * 12)


def _decisions(move: Move) -> list[str]:
    return [
        f"          {d.policy}: {d.verdict} {d.reason}".rstrip() for d in move.decisions if d.verdict != "allow"
    ]


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 200 else text[:199] + "…"
