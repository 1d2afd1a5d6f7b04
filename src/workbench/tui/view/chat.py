"""The conversation as lines: messages, the streaming draft, and the reasons for missing replies."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...trace.steps import Step, Turn
from .step_lines import end_text, policy_name
from .text import Line, Span, clean, one_line, wrap

GUTTER = 7  # cells of the speaker's name at the left
TALL = 100  # lines of one message
SHOWN = 300  # turns; the steps list has all of them

_STYLED = re.compile(  # a pair around words; other backticks and asterisks are text, as in "card **** 1111"
    r"(?<!`)`(?P<tool>[^`\n]{1,200})`(?!`)"
    r"|(?<![\w*])\*\*(?P<bold>[^\s*](?:[^*\n]{0,400}[^\s*])?)\*\*(?![\w*])"
)


class Draft(NamedTuple):
    """The streaming text, the current activity of the model, and the customer's message until it is recorded."""

    text: str = ""
    doing: str = ""
    sent: str = ""


def markdown(text: str, role: str) -> list[Span]:
    """Style the two Markdown elements that replies use most, **bold** and `code`; all else stays."""
    spans: list[Span] = []
    end = 0
    for found in _STYLED.finditer(text):
        if found.start() > end:
            spans.append(Span(text[end : found.start()], role))
        style = str(found.lastgroup)
        spans.append(Span(found[style], style))
        end = found.end()
    if end < len(text):
        spans.append(Span(text[end:], role))
    return spans


def message(who: str, who_role: str, text: str, role: str, width: int) -> list[Line]:
    """Show a message, with the speaker at the left."""
    lines: list[Line] = []
    paragraphs = clean(text).strip("\n").split("\n")
    if len(paragraphs) > TALL:
        more = text.count("\n") + 1 - TALL
        paragraphs = [*paragraphs[:TALL], f"… {more:,} lines more: the pager shows all"]
    for number, paragraph in enumerate(paragraphs):
        head = Span(who.ljust(GUTTER) if not number else " " * GUTTER, who_role if not number else "indent")
        item = re.match(r"\s*([-*•]|\d{1,3}[.)]) ", paragraph)
        if item:
            paragraph = paragraph.replace(item[1], "•", 1) if item[1] in "-*" else paragraph
        title = re.match(r"#{1,6} +", paragraph)
        if title:
            lines += wrap([head, Span(paragraph[title.end() :], "bold")], width, GUTTER)
        else:
            lines += wrap([head, *markdown(paragraph, role)], width, GUTTER + (len(item[0]) if item else 0))
    return lines


def turn(turn: Turn, width: int) -> list[Line]:
    """Show a turn: the messages, and the reasons for missing ones."""
    lines: list[Line] = []
    for step in turn.steps:
        if step.message is not None:
            lines += message("you", "user", str(step.message.text), "user", width)
            rewritten = step.rewritten_value("on_message")
            if rewritten is not None:
                lines += note("↻", f"read as: {one_line(rewritten)}", "warn", width)
        lines += _agent(step, width)
    if turn.end is not None and turn.end.reason not in ("replied", "handed_off"):
        lines += note("■", clean(end_text(turn.end), 500), "bad", width)
    return lines


def _agent(step: Step, width: int) -> list[Line]:
    lines: list[Line] = []
    if step.call is None and step.message is None and step.reply is None and step.answer and step.answer.text:
        by = next((policy_name(d.policy) for d in step.decisions if d.effect in ("block", "escalate")), "")
        if by:
            lines += note("✗", f"a reply was blocked by {by}", "dim", width)
    for fault in step.faults:
        if fault.origin in ("worker", "model", "journey"):
            lines += note("⚠", f"{clean(fault.message, 500)}  {one_line(fault.where, 200)}", "bad", width)
    if step.reply is not None:
        lines += message("agent", "agent", str(step.reply.text), "", width)
    if step.handoff is not None:
        lines += note("↑", f"handed off: {one_line(step.handoff.reason)}", "warn", width)
    return lines


def note(glyph: str, text: str, role: str, width: int) -> list[Line]:
    return wrap([Span(glyph.rjust(GUTTER - 1) + " ", role), Span(text, role)], width, GUTTER)


def draft(draft: Draft, width: int) -> list[Line]:
    """Show the streaming text as a draft until the policies have allowed it."""
    lines: list[Line] = []
    if draft.sent:
        lines += message("you", "user", draft.sent, "user", width)
        lines += note("…", "sending", "dim", width)
    if draft.text:
        lines += message("draft", "draft", draft.text, "draft", width)
    if draft.doing:
        lines += note("…", draft.doing, "dim", width)
    return lines
