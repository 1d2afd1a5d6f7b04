"""Compare texts by what a reader sees.

Spelled in capitals, in wide or look-alike letters, with invisible characters, as HTML
entities or in bold, a text is still the same text. An expectation that a text is absent
must not hold because of its spelling.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_LOOK_ALIKE = {
    "Cyrillic": ("АВЕКМНОРСТУХІЈЅԚԜӀаеорсухіјѕһԁԛԝӏк", "ABEKMHOPCTYXIJSQWIaeopcyxijshdqwlk"),
    "Greek": ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαορνικυχγτϲϳ", "ABEZHIKMNOPTYXaopvikuxytcj"),
    "Armenian": ("օսհոցզ", "ouhngq"),
    "Latin": ("ıɡɑ", "iga"),
    "signs": ("‐‑‒–—―−⁃‘’‛′ʼ“”„‟″⁄∕∶‚", "--------'''''\"\"\"\"\"//:,"),
}
_LETTERS = {ord(a): b for alike, plain in _LOOK_ALIKE.values() for a, b in zip(alike, plain, strict=True)}
_BLANK = "\u115f\u1160\u3164\uffa0\u2800"  # letters and signs without a shape
_UNSEEN = ("Cf", "Cc", "Mn", "Me")  # format and control characters, marks that no letter has
_TAG = re.compile(r"<!--[^<>]*-->|</?[A-Za-z][^<>]*>")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_MARKS = re.compile(r"[*`~]|(?<!\w)_+|(?<!_)_++(?!\w)|\\(?=[^\w\s])|^[ \t]*(?:#{1,6}[ \t]|>)+", re.MULTILINE)


def visible(text: str) -> str:
    """Return a text without what cannot be seen: width, invisible characters, kinds of blanks."""
    if not text.isascii() or not text.isprintable():
        text = "".join(map(_seen, unicodedata.normalize("NFKC", text)))
    return " ".join(text.split())


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace():
        return character
    if category in _UNSEEN or character in _BLANK:
        return ""
    return str(unicodedata.decimal(character)) if category == "Nd" else character


def as_read(text: str) -> str:
    """Return a text as it is read: `visible`, without case, look-alikes, entities and Markdown."""
    if "<" in text:
        text = _TAG.sub("", text)
    if "&" in text:
        import html  # its table of entities is seldom needed

        text = html.unescape(text)
    text = _MARKS.sub("", _LINK.sub(r"\1", text))
    return visible(text).translate(_LETTERS).casefold()


def shows(words: str, text: str) -> bool:
    """Return whether a reader of `words` reads `text` in it."""
    if text in words or " ".join(text.split()) in " ".join(words.split()):
        return True
    wanted = as_read(text)
    return bool(wanted) and wanted in as_read(words)


def values_as_read(value: Any) -> Any:
    """Return plain data with every text `as_read`."""
    return _map(value, as_read)


def visible_values(value: Any) -> Any:
    """Return plain data with every text `visible`."""
    return _map(value, visible)


def _map(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_map(key, change): _map(held, change) for key, held in value.items()}
    return [_map(held, change) for held in value] if isinstance(value, list) else value
