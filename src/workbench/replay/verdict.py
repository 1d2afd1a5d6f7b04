"""Verdicts, options and results of a replay."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal

import msgspec

from ..trace.events import AnyEvent
from .difference import Difference


class Verdict(StrEnum):
    """The verdict on one transcript; docs/replay.md explains each."""

    PASS = "PASS"
    FAIL = "FAIL"
    SUPERSEDED = "SUPERSEDED"
    DIVERGED = "DIVERGED"
    NEEDS_TOOLS = "NEEDS_TOOLS"
    NEEDS_LIVE = "NEEDS_LIVE"
    CACHED = "CACHED"
    STALE = "STALE"
    DRIFTED = "DRIFTED"
    TOOL_ERROR = "TOOL_ERROR"
    FLAKY = "FLAKY"
    ERROR = "ERROR"


class Options(msgspec.Struct, frozen=True):
    """Options of a replay. Plain data, so that it can be sent to another process."""

    tools: Literal["recorded", "sandbox"] = "recorded"
    """"sandbox": re-execute tools that allow it; they must give the recorded results."""
    repeat: bool = False
    """Replay twice in one process, and again in others; the runs must not differ."""
    strict_drift: bool = False
    """Drift decides the verdict instead of being a note."""
    fingerprint: bool = False
    """Add the fingerprint of the run to the result, for comparison with another process."""


Protection = Literal["", "system", "network", "files", "hooks"]
"""The system refused all of it, only network and programs, or only files; or only hooks of Python did."""


class RunDetails(msgspec.Struct):
    """The events and blobs of a run, and the code that it executed, with files below journeys/.

    `lines` are (file, line), `decisions` (file, effect, line) and `called` the full names of policies;
    `declared` are the source locations of all policies of the agent. `loaded_files` are loaded after the run, and
    `loading_lines` ran while the agent was loaded.
    """

    events: list[AnyEvent] = []
    blobs: dict[str, Any] = {}
    lines: list[tuple[str, int]] = []
    decisions: list[tuple[str, str, int]] = []
    called: list[str] = []
    declared: dict[str, str] = {}
    loaded_files: list[str] = []
    loading_lines: list[tuple[str, int]] = []


class ReplayResult(msgspec.Struct):
    """The result of replaying one transcript."""

    verdict: Verdict
    why: str = ""
    """The sentence under the verdict."""
    first_difference: Difference | None = None
    steps: int = 0
    """Number of steps that ran."""
    prompt_changed_from: int = 0
    """The first step (from 1) with a prompt that differs from the recorded one; 0 if none."""
    context: tuple[str, ...] = ()
    """The two steps before the first difference or, if there is none, before the annotated step."""
    current_step: str = ""
    """The annotated step as it is now."""
    changed: tuple[str, ...] = ()
    """Names of policies and prompt sections that differ from the recorded ones."""
    drift: tuple[str, ...] = ()
    """Changes that changed no action."""
    source_line: str = ""
    """The line of journey code it is about, "journeys/shop/agent.py:2", or ""."""
    live: dict[str, Any] = {}
    """Live trials as plain data; offline, if only they can decide, the hashes of prompt and expectations."""
    executed: int = 0
    """With tools: the number of calls that executed their tool."""
    from_recording: int = 0
    """With tools: the number of calls that used the recorded result."""
    needs_recording: bool = False
    """A call is now allowed that has no recorded result, so the recording itself can never pass."""
    fingerprint: tuple[str, ...] = ()
    """The fingerprint of the run, if it was requested."""
    not_run: Literal["", "not_loaded", "hung", "exited"] = ""
    """Why there is no run to judge: the agent did not load, or its process hung or exited."""
    protection: Protection = ""
    """The protection against files, the network and programs while it ran."""
    details: RunDetails | None = None
    """The events of the run and the lines it executed, if they were requested."""


DEFAULT = Options()
VERDICT_WHEN_UNDECIDED = {"world": Verdict.NEEDS_TOOLS, "live": Verdict.NEEDS_LIVE}


def first_divergence(one: Sequence[str], other: Sequence[str]) -> str:
    """Return where two runs of one transcript first differ, in words, or ""."""
    for a, b in zip(one[:-1], other[:-1], strict=False):
        if a != b:
            return a.rpartition(" ")[0]
    if len(one) != len(other):
        return f"one has {len(one) - 1} steps, the other {len(other) - 1}"
    return "" if one[-1] == other[-1] else "the results of its tools"
