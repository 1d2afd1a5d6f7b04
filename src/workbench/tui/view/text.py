"""Safe text for a terminal: lines of spans, each a text with a role.

Text of models, customers, tools and journeys is never trusted: no markup is read
from it, escape sequences and control characters are removed, wide characters are
measured, and a huge text is cut before it is measured. A role is a word such as
"bad" or "dim"; the theme maps it to a style.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rich.cells import set_cell_size

from ...plain import indented_json
from ...text import display_width

MAX_SHOWN = 8_000  # characters of one text in a pane; the remaining ones are counted
JSON_WORDS: dict[Any, str] = {None: "null", True: "true", False: "false"}
_AMBIGUOUS = re.compile(r'[,="]|^[\[{]|^(?:null|true|false|[-+]?\.?\d[\d_.]*(?:[eE][-+]?\d+)?|nan|inf)$')
MAX_LINE = 2_000  # characters that can matter for one line of a list

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?"  # OSC: titles, links, the clipboard
    r"|\x1b[P^_X][^\x1b]{0,4096}(?:\x1b\\)?"  # DCS, PM, APC, SOS
    r"|(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]{0,8}[0-~]?"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile(  # without a glyph, or with one that only some terminals draw
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
# terminals disagree about the width of joined, coloured and two-letter emoji: split them
_JOINED = re.compile("\u200d(?=[\u2190-\U0010ffff])|[\U0001f3fb-\U0001f3ff\u20e3]")
_FLAGS = {0x1F1E6 + n: chr(ord("A") + n) for n in range(26)}
_PILED = re.compile("([\u0300-\u036f]{3})[\u0300-\u036f]+")  # accents upon accents run into other lines


class Span(NamedTuple):
    """A text in one role; "" is plain."""

    text: str
    role: str = ""


Line = tuple[Span, ...]
BLANK: Line = ()


def clean(text: Any, limit: int = MAX_SHOWN) -> str:
    """Return text that is safe to draw. Keeps line feeds; characters beyond `limit` are only counted."""
    text = text if isinstance(text, str) else str(text)
    left = len(text) - limit
    if left > 0:
        text = text[:limit]
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text.expandtabs(4) if "\t" in text else text)
    if not text.isascii():
        for pattern in (_DIRECTION, _UNSEEN, _JOINED):
            text = pattern.sub("", text)
        text = _PILED.sub(r"\1", _SURROGATES.sub("\ufffd", text)).translate(_FLAGS)
    return f"{text}… {left:,} characters more" if left > 0 else text


def inert(text: str) -> str:
    """Return a text without the controls that it would contain if a caller had not cleaned it."""
    return text if text.isprintable() else _CONTROLS.sub("", text).replace("\n", " ")


def typed(text: str) -> str:
    """Remove escape sequences and direction controls from pasted text, and all controls but tab and line feed."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _DIRECTION.sub("", _CONTROLS.sub("", text)))


def one_line(text: Any, limit: int = MAX_LINE) -> str:
    """Return text on one line, with white space collapsed."""
    text = text if isinstance(text, str) else str(text)
    return " ".join(clean(text[:limit], limit).split())


def value(thing: Any, limit: int = MAX_LINE) -> str:
    """Return a plain value as short code: strings quoted only if necessary, dicts as k=v.

    A string is quoted if it could be read as something else: the string "true" is not true.
    """
    if isinstance(thing, str):
        text = one_line(thing, limit)
        return f'"{text}"' if not text or _AMBIGUOUS.search(text) else text
    if thing is None or isinstance(thing, bool):
        return JSON_WORDS[thing]
    if isinstance(thing, dict):
        shown = [f"{one_line(k, 80)}={value(v, 80)}" for k, v in list(thing.items())[:12]]
        more = [f"… {len(thing) - 12} more"] if len(thing) > 12 else []
        return ", ".join(shown + more)[:limit]
    if isinstance(thing, list | tuple):
        shown = [value(v, 80) for v in thing[:6]]
        more = [f"… {len(thing) - 6} more"] if len(thing) > 6 else []
        return ("[" + ", ".join(shown + more) + "]")[:limit]
    return one_line(thing, limit)


def data(thing: Any, indent: int = 2) -> str:
    """Return a plain value as full text, not yet cleaned: strings unchanged, the rest as JSON.

    With `indent` 0 the JSON is one line.
    """
    if isinstance(thing, str):
        return thing
    try:
        return indented_json(thing, indent=indent).decode()
    except (TypeError, ValueError, RecursionError):
        return repr(thing)


def pretty(thing: Any, limit: int = MAX_SHOWN) -> list[str]:
    """Return a plain value over several lines."""
    return clean(data(thing), limit).split("\n")


def width(line: Iterable[Span]) -> int:
    return sum(display_width(bit.text) for bit in line)


def plain(line: Iterable[Span]) -> str:
    return "".join(bit.text for bit in line)


def cut(text: str, cells: int) -> str:
    """Cut a text to at most `cells` cells, with … at the end if it was cut."""
    if cells <= 0:
        return ""
    if len(text) <= cells and display_width(text) <= cells:
        return text
    short = text[: cells + 1]
    if display_width(short) <= cells and len(short) == len(text):
        return short
    return set_cell_size(short, cells - 1).rstrip() + "…"


def fit(bits: Sequence[Span], cells: int) -> Line:
    """Fit spans into exactly `cells` cells: cut with …, or filled with blanks."""
    done: list[Span] = []
    left = cells
    for text, role in bits:
        text = text[: left + 1] if len(text) > left else text
        size = display_width(text)
        if size > left:
            done.append(Span(cut(text + "…", left), role))
            left -= display_width(done[-1].text)
            break
        done.append(Span(text, role))
        left -= size
    if left > 0:
        done.append(Span(" " * left))
    return tuple(done)


def wrap(bits: Sequence[Span], cells: int, hang: int = 0) -> list[Line]:
    """Break spans into lines at blanks and line feeds; lines after the first are indented by `hang`.

    The role of the indent is "hang" if the line continues the one before, else "indent".
    """
    cells = max(cells, hang + 4)
    lines: list[Line] = []
    now: list[Span] = []
    used = 0
    begun = True  # after a line feed, leading blanks are kept

    def close(role: str = "hang") -> None:
        nonlocal now, used, begun
        begun = False
        lines.append(tuple(now))
        now, used = [Span(" " * hang, role)], hang

    for text, role in bits:
        measure = len if text.isascii() else display_width
        for number, paragraph in enumerate(text.split("\n")):
            if number:
                close("indent")
                begun = True
            if begun and used + measure(paragraph) <= cells:  # it fits as it is
                if paragraph:
                    now.append(Span(paragraph, role))
                    used += measure(paragraph)
                continue
            for word in re.findall(r" +|[^ ]+", paragraph):
                size = measure(word)
                if word[0] == " ":
                    if used + size <= cells and (used > hang or begun):
                        now.append(Span(word, role))
                        used += size
                    elif used + size > cells:
                        close()
                    continue
                if used + size > cells and used > hang:
                    close()
                if size > cells - used:
                    *heads, word = _chop(word, cells - hang)
                    for head in heads:
                        now.append(Span(head, role))
                        close()
                    size = display_width(word)
                if word:
                    now.append(Span(word, role))
                    used += size
    if len(now) > (1 if lines else 0) or not lines:
        lines.append(tuple(now))
    return [_join(line) for line in lines]


def _chop(word: str, cells: int) -> list[str]:
    """Split a long word into pieces of at most `cells` cells. Measures only one piece at a time."""
    pieces: list[str] = []
    at = 0
    while at < len(word):
        piece = word[at : at + cells]
        if display_width(piece) > cells:
            piece = set_cell_size(piece, cells).rstrip() or piece[0]
        pieces.append(piece)
        at += len(piece)
    return pieces


def unwrapped(lines: Iterable[tuple[Line, int, int]]) -> str:
    """Join parts of wrapped lines to the original text. Each has a first and a last character (-1: the end)."""
    text, single = "", False
    for number, (line, start, end) in enumerate(lines):
        shown = plain(line)
        led = next((n for n, bit in enumerate(line[:3]) if bit.role in ("hang", "indent")), -1)
        lead = sum(len(bit.text) for bit in line[: led + 1])
        part = shown[max(start, lead) : None if end < 0 else end]
        if number and (led < 0 or line[led].role == "indent"):
            text += "\n"
        elif number and not text.endswith(" ") and not single:
            text += " "
        text += part
        single = " " not in shown[lead:].strip()  # a word longer than a line was split inside
    return text


def _join(line: Line) -> Line:
    """Merge neighbouring spans of one role."""
    done: list[Span] = []
    for bit in line:
        if done and done[-1].role == bit.role:
            done[-1] = Span(done[-1].text + bit.text, bit.role)
        else:
            done.append(bit)
    return tuple(done)
