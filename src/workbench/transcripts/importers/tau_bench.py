"""Import runs of tau-bench: a list of {task_id, trial, reward, traj}, where traj are OpenAI chat messages.

Only the conversation is imported: the task's hidden instruction and its reference
actions belong to the grader.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import msgspec

from ...errors import TranscriptError
from ...trace.setup import Setup
from ..transcript import Transcript
from .chat_file import Chat
from .openai_chat import read_messages

CLOCK = "2024-05-15T15:00:00-04:00"  # the tasks assume three in the afternoon, Eastern time


class _Run(msgspec.Struct):
    """One run in the benchmark's format; `info.reward_info` is null if it was not graded."""

    task_id: int
    traj: list[Any]
    trial: int = 0
    reward: float | None = None
    info: dict[str, Any] = {}


def tau_bench(data: bytes, agent: str, name: str) -> list[Transcript]:
    """Return the runs of a results file called `name`, each as a golden transcript of `agent`."""
    made: list[Transcript] = []
    seen: dict[str, int] = {}
    for number, run in enumerate(_runs(data, name), 1):
        where = f"{name} run {number}"
        log = read_messages(Chat(run.traj, where))
        id = f"{agent}-task-{run.task_id:02}-trial-{run.trial}"
        seen[id] = seen.get(id, 0) + 1
        source = {
            "format": "tau-bench",
            "file": PurePath(name).name,
            "task_id": run.task_id,
            "trial": run.trial,
            "reward": run.reward,
            "graded": bool(run.info.get("reward_info")),
        }
        setup = Setup(agent=agent, clock=CLOCK)
        id = id if seen[id] == 1 else f"{id}-{seen[id]}"
        made.append(log.transcript(id, agent, where, source, setup))
    return made


def _runs(data: bytes, name: str) -> list[_Run]:
    try:
        return msgspec.json.decode(data, type=list[_Run])
    except msgspec.ValidationError as error:
        raise TranscriptError(
            f"not a tau-bench results file: {error}",
            where=name,
            hint="expected: a list of {task_id, trial, reward, traj}; plain chat logs: `workbench import openai`",
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TranscriptError(f"not JSON: {error}", where=name, hint="download the file again") from None
