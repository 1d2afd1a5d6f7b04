"""Select transcripts: by words, tags, kinds and agents, and by shard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable

import msgspec

from ..errors import UsageError
from ..suggest import MANY, did_you_mean, near
from .header import Head


class Shard(msgspec.Struct, frozen=True):
    """Number `number` of `of`, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read "3/8". Raises UsageError."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(
                f"there is no shard {text!r}", where="--shard", next="the third of eight is 3/8; they count from 1"
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, id: str) -> bool:
        """Whether the transcript with this id is in it: by a hash, so that others coming or going move none."""
        seal = hashlib.sha256(id.encode("utf-8", "replace")).digest()
        return int.from_bytes(seal[:8], "big") % self.of == self.number - 1


KINDS = ("mistake", "guard")

Test = Callable[[str], bool]  # of a text in lower case

_TOKEN = re.compile(r"""\s*(?:([()])|"([^"]*)"|'([^']*)'|([^\s()"']+))""")


class Wanted(msgspec.Struct, frozen=True):
    """What was asked for. `words` is an expression; nothing asked wants all."""

    words: str = ""
    tags: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(msgspec.structs.astuple(self))

    @property
    def options(self) -> dict[str, str]:
        """What was asked, by the name of its option."""
        asked = {"-k": self.words, "--tag": ", ".join(self.tags), "--kind": ", ".join(self.kinds)}
        asked["--agent"] = ", ".join(self.agents)
        return {name: value for name, value in asked.items() if value}

    def chooser(self, heads: Iterable[Head | None]) -> Callable[[str, Head | None], bool]:
        """Whether a file, by its path and head, is wanted; one that cannot be read always is.

        Raises UsageError for an expression that is none, and for a name that no transcript has.
        """
        test = parse(self.words) if self.words.strip() else None
        known = [head for head in heads if head is not None]
        _known("kind", self.kinds, KINDS)
        _known("tag", self.tags, (tag for head in known for tag in head.tags))
        _known("agent", self.agents, (head.agent for head in known))

        def wanted(path: str, head: Head | None) -> bool:
            if head is None:
                return True
            return (
                (not self.tags or not set(self.tags).isdisjoint(head.tags))
                and (not self.kinds or head.kind in self.kinds)
                and (not self.agents or head.agent in self.agents)
                and (test is None or test(_text(path, head)))
            )

        return wanted


def _known(what: str, asked: tuple[str, ...], there: Iterable[str]) -> None:
    names = sorted(set(there)) if asked else []
    for name in asked:
        if name not in names:
            some = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
            raise UsageError(
                f"no transcript here has the {what} {name!r}",
                where=f"--{what}",
                next=f"{did_you_mean(name, names)} there is: {some}".strip()
                if some
                else f"leave --{what} out: no transcript here has any",
            )


def unfound(words: str, heads: dict[str, Head | None]) -> dict[str, list[str]]:
    """The words of an expression that no transcript has, and what each may have meant; `not` asks for none."""
    tokens = _Tokens(words)
    _either(tokens)
    texts = [path.lower() if head is None else _text(path, head) for path, head in heads.items()]
    gone = [word for word in tokens.asked if not any(word in text for text in texts)]
    there = {word for text in texts[:MANY] for word in re.findall(r"\w+", text)} if gone else set()
    there |= {head.id for head in heads.values() if head is not None} if gone else set()
    return {word: near(word, sorted(there)) for word in gone}


def _text(path: str, head: Head) -> str:
    name = path.removesuffix(".json")
    return "\n".join((head.id, head.title, *head.tags, name, head.kind, head.agent)).lower()


def parse(words: str) -> Test:
    """The test that an expression stands for. Raises UsageError with the place in it."""
    tokens = _Tokens(words)
    test = _either(tokens)
    if tokens.here:
        raise tokens.unexpected("`and` or `or`")
    return test


class _Tokens:
    """The tokens of an expression: `here` is the one at hand ("" after the last), `quoted`: it is a phrase."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self._end = text, 0, 0
        self.here, self.quoted = "", False
        self.asked: list[str] = []  # the words that something must have
        self.next()

    def next(self) -> None:
        found = _TOKEN.match(self.text, self._end)
        self.at = self._end + len(self.text[self._end :]) - len(self.text[self._end :].lstrip())
        self.here, self.quoted = "", False
        if found is not None:
            self._end = found.end()
            self.quoted = found[2] is not None or found[3] is not None
            self.here = next(part for part in found.groups() if part is not None)
            if self.quoted and not self.here:
                raise self._error("there is nothing in the quotes")
        elif self.at < len(self.text):
            raise self._error("this quote is not closed")

    def is_(self, word: str) -> bool:
        return self.here == word and not self.quoted

    def unexpected(self, wanted: str) -> UsageError:
        return self._error(f"{wanted} is missing before {self.here!r}" if self.here else f"{wanted} is missing")

    def _error(self, what: str) -> UsageError:
        return UsageError(
            f"{what}, at column {self.at + 1}:\n  {self.text}\n  {' ' * self.at}^",
            where="-k",
            next="words joined by `and`, `or`, `not` and parentheses; a phrase stands in quotes",
        )


def _either(tokens: _Tokens) -> Test:
    tests = [_both(tokens)]
    while tokens.is_("or"):
        tokens.next()
        tests.append(_both(tokens))
    return tests[0] if len(tests) == 1 else lambda text: any(test(text) for test in tests)


def _both(tokens: _Tokens) -> Test:
    tests = [_one(tokens)]
    while tokens.is_("and"):
        tokens.next()
        tests.append(_one(tokens))
    return tests[0] if len(tests) == 1 else lambda text: all(test(text) for test in tests)


def _one(tokens: _Tokens) -> Test:
    if tokens.is_("not"):
        tokens.next()
        asked = len(tokens.asked)
        test = _one(tokens)
        del tokens.asked[asked:]
        return lambda text: not test(text)
    if tokens.is_("("):
        tokens.next()
        test = _either(tokens)
        if not tokens.is_(")"):
            raise tokens.unexpected("`)`")
        tokens.next()
        return test
    word = tokens.here.lower()
    if not word or (not tokens.quoted and word in (")", "and", "or")):
        raise tokens.unexpected("a word")
    tokens.asked.append(word)
    tokens.next()
    return lambda text: word in text
