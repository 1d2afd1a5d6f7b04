"""The models that a user may choose, as the screens see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _nothing(name: str) -> str:
    return ""


@dataclass(frozen=True)
class ModelCatalog:
    """`names` are the known models; `problem` explains why a name is invalid, `note` where a model is asked."""

    names: tuple[str, ...] = ("rehearsal",)
    problem: Callable[[str], str] = _nothing
    note: Callable[[str], str] = _nothing
