"""Find calls, results and answers where no importer reads them: without them a conversation is not whole."""

from __future__ import annotations

import re
from typing import Any

_CALL = re.compile(
    r"(server_?)?(tool|function)s?[_-]?(calls?|uses?|invocations?|results?|responses?|outputs?)|invocations?"
    r"|(tool|function)_?call_?id",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(\w+_)?(answers?|repl(y|ies)|results?|outputs?|responses?|completions?|generations?|assistant)"
    r"(_?(text|message|messages|body|content))?|generated_?text",
    re.IGNORECASE,
)
_OTHERWISE = frozenset({"usage", "tools", "functions"})  # fields with such names inside that hold none
_CONTENTS = frozenset(
    {"text", "parts", "value", "message", "body", "input", "output", "arguments", "summary", "result", "results",
     "answer", "response", "completion", "reply"}
)  # fmt: skip


def is_call(part: Any) -> bool:
    """Return whether a part of a content is a call or a result, by its type or, without one, by its fields."""
    if not isinstance(part, dict):
        return False
    kind = part.get("type")
    return bool(_CALL.fullmatch(kind)) if isinstance(kind, str) else any(map(_CALL.fullmatch, part))


def hidden_call(fields: Any) -> str:
    """Return the name of a field that has calls or results, at any depth; "" if there is none."""
    if isinstance(fields, list):
        return next((name for name in map(hidden_call, fields) if name), "")
    for name, value in fields.items() if isinstance(fields, dict) else ():
        if not value or name in _OTHERWISE or not isinstance(value, str | list | dict):
            continue
        if _CALL.fullmatch(name) or (name == "type" and isinstance(value, str) and _CALL.fullmatch(value)):
            return str(name)
        if inner := hidden_call(value):
            return f"{name}.{inner}"
    return ""


def hidden_content(fields: dict[str, Any]) -> str:
    """Return the name of a field that may have what a message without content says; "" if there is none."""
    return next((name for name, value in fields.items() if value and name in _CONTENTS), "")


def hidden_answer(fields: dict[str, Any]) -> str:
    """Return the name of a field that may have the answer to a request; "" if there is none."""
    for name, value in fields.items():
        if value and isinstance(value, str | list | dict) and _ANSWER.fullmatch(name) and not is_failure(value):
            return name
    return ""


def is_failure(answer: Any) -> bool:
    """Return whether what is beside a request is an error: the agent said nothing."""
    if not isinstance(answer, dict):
        return False
    status = answer.get("status_code", answer.get("status"))
    failed = bool(answer.get("error")) or (isinstance(status, int) and status >= 400)
    return failed or any(is_failure(answer.get(key)) for key in ("body", "response", "data"))
