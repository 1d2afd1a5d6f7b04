"""Replace secrets and personal data by stable substitutes of the same format.

The same value becomes the same substitute everywhere in a transcript, so
references to it stay valid. Addresses at example domains stay: they belong to nobody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from ..text import pluralize
from ..trace.blobs import blob_hash
from ..trace.events import Answer, AnyEvent, ToolResult
from .secrets import MARK, NUMBER, SECRET_KINDS, find, is_number, is_open, secret_names, walk
from .transcript import Transcript

RECOGNIZABLE = 6  # characters, one of them a digit: a shorter secret is replaced only below its name

EMAIL = re.compile(r"(?<![\w.+-])(?!\w*-?redacted-)[\w.+-]+(?:@|%40)[\w-]+\.[\w.-]*\w\b")  # %40 in a URL
CARD = re.compile(r"\b(?:\d[ -]?){12,18}\d\b")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
PHONE = re.compile(r"(?<![\w+])\+\d[\d ()-]{7,16}\d\b")
SUBSTITUTE = re.compile(  # may match more than substitutes
    rf"(?i:person-[0-9a-f]{{6}}(?:@|%40)example\.com)|[\w-]{{0,4}}{MARK}[0-9a-f]{{8}}|\b{NUMBER.pattern}\b"
    rf"|(?:{CARD.pattern})|(?:{IBAN.pattern})|(?:{PHONE.pattern})"
)


@dataclass
class Redactor:
    """Redacts plain data; `replaced` lists (kind, substitute) of each replaced value, in order.

    A value under the name of a secret is replaced whatever it looks like, and wherever else it is found.
    """

    replaced: list[tuple[str, str]] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)
    _named: dict[str, re.Pattern[str]] = field(default_factory=dict)  # values of named secrets, as words
    _made: set[str] = field(default_factory=set)  # the substitutes
    _numbers: dict[float, float] = field(default_factory=dict)  # substitutes of numbers

    @property
    def substitutes(self) -> dict[str, str]:
        """Return the substitutes by the text that each replaces."""
        return dict(self._known)

    @property
    def numbers(self) -> dict[float, float]:
        """Return the substitutes of numbers by the number that each replaces."""
        return dict(self._numbers)

    def copy(self) -> Redactor:
        """Return a redactor that knows the same texts, and replaced none."""
        return Redactor([], dict(self._known), dict(self._named), set(self._made), dict(self._numbers))

    def keep(self, value: Any) -> None:
        """Leave every text and number as it is that is in this plain data and that would be replaced."""
        self._numbers |= {
            leaf: leaf
            for _, leaf, secret in walk(value)
            if is_number(leaf) and is_open(leaf) and (secret or leaf in self._numbers)
        }
        texts = [leaf for _, leaf, _ in walk(value) if isinstance(leaf, str) and len(leaf) >= RECOGNIZABLE]
        for text in texts:
            for _, pattern, _ in _RULES:
                self._known |= {match[0]: match[0] for match in pattern.finditer(text)}
        whole = "\n".join(texts)
        for secret in [secret for secret in self._named if secret in whole]:
            self._known[secret] = secret

    def redact_value(self, value: Any) -> Any:
        """Copy plain data with every secret replaced, keys included."""
        for _, leaf, secret in walk(value):
            if not secret or not is_open(leaf):
                continue
            text = str(leaf)
            if isinstance(leaf, str):
                self._substitute("secret", _named_secret, text)
            elif leaf not in self._numbers:
                self._substitute_number(leaf, text)
            if _is_recognizable(text):
                self._named[text] = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
        return self._copy(value)

    def redact_schemas(self, value: Any) -> Any:
        """Copy schemas and texts: a name in a schema describes a value, so nothing is a secret by its name."""
        return self._copy(value, names=False)

    def _copy(self, value: Any, secret: bool = False, names: bool = True) -> Any:
        if isinstance(value, dict):
            found = secret_names(value) if names else set()
            return {
                self.redact_text(k) if isinstance(k, str) else k: self._copy(v, secret or k in found, names)
                for k, v in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._copy(v, secret, names) for v in value]
        if is_number(value):
            known = is_open(value) and (secret or _is_recognizable(str(value)))
            return self._numbers.get(value, value) if known else value
        if secret and is_open(value):
            return self._known[value]
        return self.redact_text(value) if isinstance(value, str) else value

    def _substitute_number(self, number: float, text: str) -> None:
        """Replace a number, and the same number in texts, by one that is recognized as a substitute."""
        digest = hashlib.sha256(repr(float(number)).encode()).hexdigest()
        made = 9 * 10**15 + int(digest, 16) % 10**10
        if passes_luhn(str(made)):
            made += 1 if made % 10 < 9 else -1  # it must not look like a card
        self._numbers[number] = type(number)(made)
        self._known.setdefault(text, str(made))
        self._made.add(str(made))
        self.replaced.append(("secret", str(made)))

    def redact_text(self, text: str) -> str:
        """Return a text in which secrets and personal data are substitutes."""
        if len(text) < 6:
            return text
        for secret, pattern in self._named.items():
            if secret in text:
                text = pattern.sub(self._known[secret], text)
        for start, end, named in reversed(find(text)):
            make: Callable[[str, str], str] = _named_secret if named else _secret
            text = text[:start] + self._substitute("secret", make, text[start:end]) + text[end:]
        for kind, pattern, make in _RULES:
            text = pattern.sub(partial(self._swap, kind, make), text)
        return text

    def _swap(self, kind: str, make: Callable[[str, str], str], match: re.Match[str]) -> str:
        return self._substitute(kind, make, match[0])

    def _substitute(self, kind: str, make: Callable[[str, str], str], found: str) -> str:
        if found in self._known:
            return self._known[found]
        if found in self._made:
            return found
        substitute = make(found, hashlib.sha256(found.encode()).hexdigest())
        if substitute != found:
            self._known[found] = substitute
            self._made.add(substitute)
            self.replaced.append((kind, substitute))
        return substitute


def match_case(found: str, text: str) -> str:
    """Return `text` in the case of `found`: as str.upper(), title() or capitalize() would change it."""
    for change in (str.upper, str.title, str.capitalize):
        if found == change(found.lower()) != found.lower():
            return change(text)
    return text


def _email(found: str, digest: str) -> str:
    if "@" not in found:
        return _email(found.replace("%40", "@"), digest).replace("@", "%40")
    domain = found.rsplit("@", 1)[1].lower()
    if domain.split(".")[0] == "example" or domain.endswith((".example", ".test", ".invalid")):
        return found
    digest = hashlib.sha256(found.lower().encode()).hexdigest()  # the same for the same address in another case
    return match_case(found, f"person-{digest[:6]}@example.com")


def _digits(found: str, digest: str) -> str:
    numbers = iter(str(int(digest, 16)))
    return "".join(next(numbers) if c.isdigit() else c for c in found)


def passes_luhn(digits: str) -> bool:
    """Return whether a string of digits ends in a valid check digit of a card number."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if index % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _card(found: str, digest: str) -> str:
    digits = re.sub(r"\D", "", found)
    if not passes_luhn(digits):
        return found
    # the last four stay, as on a printed bill: code that masks a card gives the same result
    tail = re.search(r"(?:\d[ -]?){3}\d$", found)
    cut = tail.start() if tail else len(found)
    changed = _digits(found[:cut], digest)
    last = max(i for i, c in enumerate(changed) if c.isdigit())
    for digit in "0123456789":
        candidate = changed[:last] + digit + changed[last + 1 :] + found[cut:]
        if passes_luhn(re.sub(r"\D", "", candidate)):
            return candidate
    return changed + found[cut:]


def _account(found: str, digest: str) -> str:
    """Return an account number with the same country and last four characters, and others in between."""
    numbers = iter(str(int(digest, 16)))
    letters = iter(c for c in digest.upper() if c.isalpha())
    middle = "".join(
        next(numbers) if c.isdigit() else next(letters, "A") if c.isalpha() else c for c in found[2:-4]
    )
    return found[:2] + middle + found[-4:]


def _is_recognizable(secret: str) -> bool:
    return len(secret) >= RECOGNIZABLE and any(c.isdigit() for c in secret)


def _named_secret(found: str, digest: str) -> str:
    """Return a substitute without the beginning of the secret, which only a known format may show."""
    known = any((start, end, named) == (0, len(found), False) for start, end, named in find(found))
    return _secret(found, digest) if known else MARK + digest[:8]


def _secret(found: str, digest: str) -> str:
    head = re.match(r"[A-Za-z]+[-_]?", found)
    prefix = head[0][:4] if head else ""
    return prefix + MARK + digest[:8]


_RULES: tuple[
    tuple[str, re.Pattern[str], Callable[[str, str], str]], ...
] = (  # the kind, its format, a substitute
    ("IBAN", IBAN, _account),
    ("e-mail address", EMAIL, _email),
    ("card number", CARD, _card),
    ("phone number", PHONE, _digits),
)


def describe_redaction(replaced: Mapping[str, int]) -> str:
    """Return a sentence about what was replaced, by kind, or what was looked for and not found."""
    if replaced:
        counts = ", ".join(pluralize(number, kind) for kind, number in sorted(replaced.items()))
        return f"redacted: {counts}; {NOT_FOUND}"
    kinds = [*SECRET_KINDS, *(f"{kind}s" for kind, _, _ in _RULES)]
    return f"nothing redacted: no {', '.join(kinds[:-1])} or {kinds[-1]} found; {NOT_FOUND}"


NOT_FOUND = "names are not looked for"


def find_secrets(text: str) -> list[str]:
    """List the kinds of secret in a text. A value that may be a substitute of the same format is not one."""
    secrets = [(start, end) for start, end, _ in find(text)]
    own = [m for m in EMAIL.finditer(text) if _email(m[0], "") != m[0]]
    own = [m for m in own if not any(start <= m.start() < end for start, end in secrets)]
    return ["secret"] * len(secrets) + ["e-mail address"] * len(own)


def find_leaks(data: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path and the kind of each secret in the data of a transcript."""
    for path, leaf, secret in walk(data, names=lambda path: path[:1] != ("blobs",)):
        if secret and is_open(leaf):
            yield path, "secret"
        elif isinstance(leaf, str):
            yield from ((path, kind) for kind in dict.fromkeys(find_secrets(leaf)))


def redact(transcript: Transcript, redactor: Redactor) -> Transcript:
    """Copy a transcript with secrets and personal data replaced; a changed provider block loses its signature."""
    plain = msgspec.to_builtins(transcript)
    blobs = plain.pop("blobs", {})
    data = redactor.redact_value(plain) | {"blobs": redactor.redact_schemas(blobs)}
    for step, event in zip(data["events"], transcript.events, strict=True):
        if isinstance(event, Answer):
            for block, old in zip(step["blocks"], event.blocks, strict=True):
                if block != old:
                    block.pop("signature", None)
        _drop_exact_texts(step, event)
    _rekey(data)
    return msgspec.convert(data, Transcript)


def _drop_exact_texts(step: dict[str, Any], event: AnyEvent) -> None:
    """Remove the exact text of a value in which something was replaced: the text may show it in another form."""
    if isinstance(event, ToolResult) and event.raw and step.get("value") != msgspec.to_builtins(event.value):
        del step["raw"]
    elif isinstance(event, Answer) and event.raw_arguments:
        calls = [block for block in step["blocks"] if block.get("type") == "tool_use"]
        for call, block in zip(event.calls, calls, strict=True):
            if block.get("input") != call.args:
                step["raw_arguments"].pop(str(call.number), None)


def _rekey(data: dict[str, Any]) -> None:
    """Store each changed blob under its new hash."""
    blobs = data.get("blobs", {})
    now = {key: blob_hash(value) for key, value in blobs.items()}
    if any(key != new for key, new in now.items()):
        data["blobs"] = {now[key]: value for key, value in blobs.items()}
        for step in data["events"]:
            for field in ("sections", "tools") if step.get("event") == "prompt" else ():
                step[field] = [now.get(key, key) for key in step[field]]
