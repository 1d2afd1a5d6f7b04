"""The description of a sample transcript: fixture, messages, answers of the model, mark and expectations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.authoring.agent import Agent
from workbench.testing import Blocks
from workbench.text import slug
from workbench.transcripts.expectation import Expectation
from workbench.transcripts.transcript import Annotation

AGENT = "support"
ROOT = Path(__file__).parents[2]
JOURNEYS = ROOT / "journeys"
TRANSCRIPTS = ROOT / "transcripts"

RETURNS, SPEAKER, RADIO = ("returns",), ("speaker",), ("radio",)

Break = Callable[[Agent], None]


@dataclass(frozen=True)
class Sample:
    """One transcript to make.

    `at` names the marked move: a tool (its last call), "message" or "reply"
    (the last one). `answers` stand in for the rehearsal where no script makes
    this mistake. `open`: the mistake is not accepted yet, so it does not guard.
    `clock`: another day than the fixture's; `customer`: facts besides the
    fixture's. `holds`: of a guard, more that must hold, each at the last call of
    its tool. `folder`: where in transcripts/ it lies.
    """

    title: str
    fixture: str
    said: tuple[str, ...]
    at: str = ""
    broken: Break | None = None
    mark: Annotation | None = None
    expect: Expectation | None = None
    answers: tuple[Blocks | str, ...] = ()
    tags: tuple[str, ...] = ()
    open: bool = False
    clock: str = ""
    customer: dict[str, Any] | None = None
    holds: tuple[Expectation, ...] = ()
    folder: str = AGENT

    @property
    def is_mistake(self) -> bool:
        return self.mark is not None

    @property
    def path(self) -> Path:
        return TRANSCRIPTS / self.folder / f"{slug(self.title)}.json"
