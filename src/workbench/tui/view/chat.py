"""The conversation as lines: messages, the streaming draft, and the reasons for missing replies."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...trace.steps import Step, Turn
from .end_lines import RETRIED, end_text
from .step_lines import policy_name
from .text import Line, Span, clean, one_line, wrap

GUTTER = 7  # cells of the speaker's name at the left
TALL = 100  # lines of one message
SHOWN = 300  # turns; the steps list has all of them

_STYLED = re.compile(  # a pair around words; other backticks and asterisks are text, as in "card **** 1111"
    r"(?<!`)`(?P<tool>[^`\n]{1,200})`(?!`)"
    r"|(?<![\w*])\*\*(?P<bold>[^\s*](?:[^*\n]{0,400}[^\s*])?)\*\*(?![\w*])"
    r"|!?\[(?P<words>[^\[\]\n]{1,300})\]\((?P<url>[^()\s]{1,1000}(?:\([^()\s]{0,200}\)[^()\s]{0,200})?)"
    r"(?: +\"[^\"\n]{0,200}\")?\)"
    r"|<(?P<link>(?:https?://|mailto:)[^\s<>]{1,1000})>"
)


class Draft(NamedTuple):
    """The streaming text, the current activity of the model, and the customer's message until it is recorded."""

    text: str = ""
    doing: str = ""
    sent: str = ""


def markdown(text: str, role: str) -> list[Span]:
    """Style the Markdown elements that replies use most, **bold**, `code` and links; all else stays.

    The address of a link stays visible: its words may say something else.
    """
    spans: list[Span] = []
    end = 0
    for found in _STYLED.finditer(text):
        if found.start() > end:
            spans.append(Span(text[end : found.start()], role))
        if found["url"] is not None:
            spans.append(Span(found["words"], "link"))
            if found["words"] != found["url"]:
                spans.append(Span(f" ({found['url']})", "dim"))
        else:
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


def turn(turn: Turn, width: int, retry: str = "") -> list[Line]:
    """Show a turn: the messages, and the reasons for missing ones, with the key that tries again."""
    lines: list[Line] = []
    again = f" · {retry}" if retry else ""
    blocked: list[str] = []  # the policies that blocked the replies since the last line
    for step in turn.steps:
        if _blocked_by(step):
            blocked.append(_blocked_by(step))
        if blocked and (step is turn.steps[-1] or not _blocked_by(step) or step.reply is not None):
            lines += note("✗", _blocked_text(blocked), "dim", width)
            blocked.clear()
        if step.message is not None:
            lines += message("you", "user", str(step.message.text), "user", width)
            rewritten = step.rewritten_value("on_message")
            if rewritten is not None:
                lines += note("↻", f"read as: {one_line(rewritten)}", "warn", width)
        lines += _agent(step, width, again)
    end = turn.end
    if end is not None and end.reason not in ("replied", "handed_off") and not turn.ended_by_fault:
        lines += note("■", clean(end_text(end), 500) + (again if end.reason in RETRIED else ""), "bad", width)
    return lines


def _blocked_by(step: Step) -> str:
    """Return the policy that blocked a reply of the model, or ""."""
    if step.call is not None or step.message is not None or not (step.answer and step.answer.text):
        return ""
    return next((policy_name(d.policy) for d in step.decisions if d.effect in ("block", "escalate")), "")


def _blocked_text(by: list[str]) -> str:
    names = ", ".join(dict.fromkeys(by))
    return f"a reply was blocked by {names}" if len(by) == 1 else f"{len(by)} replies were blocked by {names}"


def _agent(step: Step, width: int, again: str) -> list[Line]:
    lines: list[Line] = []
    for fault in step.faults:
        if fault.origin in ("worker", "model", "journey"):
            text = f"{clean(fault.message, 500)}  {one_line(fault.where, 200)}".rstrip()
            lines += note("⚠", text + (again if fault.origin != "journey" else ""), "bad", width)
    if step.partial is not None and str(step.partial.text).strip():
        lines += message("draft", "draft", str(step.partial.text), "draft", width)
    if step.reply is not None:
        lines += message("agent", "agent", str(step.reply.text), "", width)
    if step.incomplete and step.call is None:
        lines += note("⚠", f"{step.incomplete}{again}", "bad", width)
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
