"""Split a log into JSON values without holding it in memory: one per line, or the elements of a large document.

The values of a document are found by their brackets, in the bytes: a decoder would hold all of them
as objects, and a single invalid one would end it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from .json_value import decode

CONTAINERS = frozenset(  # fields of a document that list its conversations
    {"conversations", "data", "items", "logs", "records", "runs", "results", "rows", "traces", "examples"}
)
REQUEST_KEYS = ("messages", "input", "request", "body", "traj", "request_body")  # a conversation has one of them
MAX_FIRST_LINE = 8 << 20  # bytes of the first line that are read to see what the file is
MAX_TEXT = 4096  # bytes of a line that are looked at to see whether it is JSON
MAX_WHOLE = 8 << 20  # bytes of an object that is read as if it were a line; in a larger one, lists are divided

# a string, a bracket, or the quote of a string that goes on in the next chunk
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}"]', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,:\[\]{}\"]+")
_SPACE = re.compile(rb"[ \t\r\n]*")
_TEXT = re.compile(
    rb"""\{[ \t]*[^"}\s]|\[[^\[\]{}"\n]*\][ \t]*[^\s,]|[^\[{]"""
)  # a line that is not JSON, as "[INFO] text"
_BEGINS = re.compile(
    rb"""^[ \t]*(?=\{\s*["}]|\{\s*$|\[\s*[\[\]{"]|\[\s*$)""", re.MULTILINE
)  # a line that may be JSON


class Piece(NamedTuple):
    """The bytes of one value and the line it starts at.

    `array` is the number of the top-level array that it is an element of, 0 if it is none. `unfinished`: the log
    ends in the middle of it. `by_line`: it is one of several lines. `beside`: it is the other
    fields of a document that lists conversations.
    """

    line: int
    data: bytes
    array: int = 0
    by_line: bool = False
    unfinished: bool = False
    beside: bool = False


def split(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the values of a log: its lines if its first one is a value, else the parts of one document."""
    chunks = iter(chunks)
    head = b""
    for chunk in chunks:
        head += chunk
        if b"\n" in _from_json(head).strip() or len(head) > MAX_FIRST_LINE:
            break
    rest = _chain(head, chunks)
    return _lines(rest, b"\n" in head.strip()) if _is_by_line(_from_json(head)) else _Document(rest).pieces()


def _from_json(head: bytes) -> bytes:
    """Return the bytes from the first line that may be JSON; comments or a title may precede it."""
    found = _BEGINS.search(head)
    return head[found.end() :] if found else head


def _chain(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks


def _is_by_line(head: bytes) -> bool:
    """Return whether the first line is a complete value, or the second one after a broken first one."""
    lines = head.lstrip().split(b"\n", 2)[:2]
    if len(head) > MAX_FIRST_LINE and len(lines) < 2:
        return False
    first, second = (*(line.strip() for line in lines), b"")[:2]
    return _is_value(first) or (first[:1] == second[:1] == b"{" and len(first) > 1 and _is_value(second))


def _is_value(line: bytes) -> bool:
    try:
        return line[:1] in (b"{", b"[") and msgspec.json.decode(line) is not None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # a value with a lone surrogate or an invalid byte is still one, by its brackets
        return line[:1] == b"{" and line[-1:] == b"}" and _closes(line)
    except RecursionError:
        return True


def _closes(line: bytes) -> bool:
    """Return whether the brackets of a line close at its end, and not before."""
    depth = 0
    for token in _TOKEN.finditer(line):
        depth += (token[0] in b"[{") - (token[0] in b"]}")
        if depth == 0:
            return token.end() == len(line)
    return False


def _lines(chunks: Iterable[bytes], several: bool) -> Iterator[Piece]:
    number = 1
    parts: list[bytes] = []
    for chunk in chunks:
        *ended, last = chunk.split(b"\n")
        for line in ended:
            whole = b"".join([*parts, line]) if parts else line
            parts = []
            yield from _line(number, whole, several)
            number += 1
        if last:
            parts.append(last)
    if parts:  # without a line feed: it may be still being written
        whole = b"".join(parts)
        yield from _line(number, whole, several, not _is_value(whole.strip()))


def _line(number: int, line: bytes, several: bool, unfinished: bool = False) -> Iterator[Piece]:
    line = line.removeprefix(b"\xef\xbb\xbf").strip()  # files that were joined have marks inside
    if line:
        yield Piece(number, line, by_line=several, unfinished=unfinished)


class _Unfinished(Exception):
    """The document ends in the middle of a value."""


class _Document:
    """A document of JSON values that may span lines; reads forward, one value at a time."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = b""
        self._at = 0
        self._line = 1
        self._arrays = 0

    def pieces(self) -> Iterator[Piece]:
        line = 1
        try:
            while begins := self._peek():
                line = self._line
                if begins == b",":
                    self._skip()
                elif self._is_text():
                    yield Piece(line, self._rest_of_line())
                elif begins == b"[":
                    self._arrays += 1
                    yield from self._elements(self._arrays)
                else:
                    yield from self._object()
        except _Unfinished:
            yield Piece(self._line, b"", self._arrays, unfinished=True)

    def _elements(self, array: int) -> Iterator[Piece]:
        self._skip()
        while (begins := self._need()) != b"]":
            if begins == b",":
                self._skip()
                continue
            line = self._line
            value = self._value()
            yield Piece(line, value, array)
        self._skip()

    def _object(self) -> Iterator[Piece]:
        """Yield an object whole; of a large or broken one, the elements of the lists of conversations in it."""
        line, members, listed, single = self._line, [], False, False
        whole = self._whole()
        if whole:
            yield Piece(line, whole)
            return
        self._skip()
        while (begins := self._need()) != b"}":
            if begins == b",":
                self._skip()
                continue
            key = self._value()
            if self._need() != b":":
                yield Piece(line, b"{" + key)
                raise _Unfinished
            self._skip()
            name = key.strip(b'"').decode("utf-8", "replace")
            single |= name in REQUEST_KEYS and self._need() in b'[{"'
            if self._need() == b"[" and name in CONTAINERS and not single:
                listed = True
                self._arrays += 1
                yield from self._elements(self._arrays)
            else:
                members.append(key + b":" + self._value())
        self._skip()
        if members or not listed:
            yield Piece(line, b"{" + b",".join(members) + b"}", beside=listed)

    def _whole(self) -> bytes:
        """Return the next value if it is valid and not large; b"" otherwise, with nothing read."""
        try:
            end = self._end(MAX_WHOLE)
            decode(self._data[self._at : end])
        except (_Unfinished, ValueError, RecursionError):
            return b""
        return self._take(end)

    def _is_text(self) -> bool:
        """Return whether what comes next is a line of text and not JSON."""
        while b"\n" not in self._data[self._at : self._at + MAX_TEXT] and self._more():
            if len(self._data) - self._at > MAX_TEXT:
                break
        return _TEXT.match(self._data, self._at) is not None

    def _rest_of_line(self) -> bytes:
        """Return what is left of a line of text."""
        while (end := self._data.find(b"\n", self._at)) < 0 and self._more():
            pass
        return self._take(end if end >= 0 else len(self._data)).strip()

    def _value(self) -> bytes:
        """Return the bytes of the next value. Raises _Unfinished."""
        return self._take(self._end())

    def _end(self, most: int = sys.maxsize) -> int:
        """Return where the next value ends. Raises _Unfinished, also if it has more than `most` bytes."""
        begins = self._need()
        if begins not in b'{["':
            found = _SCALAR.match(self._data, self._at)
            while found is not None and found.end() == len(self._data) and self._more():
                found = _SCALAR.match(self._data, self._at)
            return found.end() if found else self._at + 1
        depth, at = 0, self._at
        while True:
            for token in _TOKEN.finditer(self._data, at):
                byte = token[0]
                if byte == b'"':
                    at = token.start()
                    break
                depth += (byte in (b"{", b"[")) - (byte in (b"}", b"]"))
                at = token.end()
                if depth <= 0 and at - self._at > most:
                    raise _Unfinished
                if depth <= 0:
                    return at
            else:
                at = len(self._data)
            at -= self._at
            if at > most or not self._more():
                raise _Unfinished
            at += self._at

    def _take(self, end: int) -> bytes:
        data = self._data[self._at : end]
        self._line += data.count(b"\n")
        self._at = end
        return data

    def _skip(self) -> None:
        self._at += 1

    def _peek(self) -> bytes:
        """Return the next byte after spaces; b"" at the end."""
        while True:
            end = _SPACE.match(self._data, self._at).end()  # type: ignore[union-attr]  # it always matches
            self._take(end)
            if end < len(self._data):
                return self._data[end : end + 1]
            if not self._more():
                return b""

    def _need(self) -> bytes:
        begins = self._peek()
        if not begins:
            raise _Unfinished
        return begins

    def _more(self) -> bool:
        """Read as much again as is held, so that a large value costs time in proportion to its size."""
        parts, size = [self._data[self._at :]], 0
        for chunk in self._chunks:
            parts.append(chunk)
            size += len(chunk)
            if size >= len(parts[0]):
                break
        self._data, self._at = b"".join(parts), 0
        return size > 0
