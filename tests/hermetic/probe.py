"""A project whose policy runs one entry of a list for each transcript, replayed in any environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from support.kit import ScriptedModel, converse, put, saved, write
from workbench.runtime.loader import load

AGENT = """
from pathlib import Path
from workbench import Agent
agent = Agent("probe", journeys=[], fixture="base", persona="persona.md")
"""
INPUTS = """
from __future__ import annotations
import json
from pathlib import Path
from workbench import Agent, Allow
agent = Agent("probe", journeys=[], fixture="base", persona="persona.md")
ENTRIES = json.loads(Path(__file__).with_name("entries.json").read_text())

@agent.policy(on_message=True)
def probe(message, conversation):
    '''Takes a value from the machine.'''
    head, _, expression = ENTRIES[int(message)].rpartition("; ")
    names = {"conversation": conversation, "__name__": __name__, "__file__": __file__}
    try:
        exec(head, names)
        value = repr(eval(expression, names))
    except Exception as error:
        value = f"{type(error).__name__}: {error}"
    return Allow("looked", value=value[:500])
"""
FILES = {
    "probe/persona.md": "# Who you are\nA probe.\n",
    "probe/fixtures/base.json": '{"clock": "2026-03-10T10:00:00+01:00"}',
}

REPLAY = """
import json, sys
from workbench.runtime.replay_job import ReplayJob
from workbench.runtime.replay_server import ReplayServer
journeys, shared, *paths = sys.argv[1:]
with ReplayServer(ReplayJob(journeys, details=True, shared=shared == "shared")) as server:
    found = []
    for path in paths:
        outcome = server.case(path).outcome
        events = outcome.details.events if outcome.details else []
        values = [event.evidence for event in events if getattr(event, "evidence", None)]
        found.append([outcome.verdict.value, outcome.why, values[0] if values else {}])
print(json.dumps(found))
"""


class Probe:
    """A project in `folder` with a transcript for each of `count` entries."""

    def __init__(self, folder: Path, files: Mapping[str, str], count: int) -> None:
        self.folder = folder
        journeys = write(folder / "journeys", {"probe/agent.py": AGENT, **FILES})
        loaded = load(journeys, "probe")
        for index in range(count):
            conversation = converse(loaded, ScriptedModel("Hello."), str(index))
            put(folder, f"{index:03}", msgspec.structs.replace(saved(conversation), id=f"e{index}"))
        write(journeys, dict(files))

    def replay(
        self, environment: Mapping[str, str] | None = None, *, times: int = 1, shared: bool = False,
        cwd: Path | None = None, indexes: Iterable[int] | None = None,
    ) -> list[tuple[str, str, Any]]:  # fmt: skip
        """Return (verdict, why, evidence) of each transcript, replayed `times` times in a row."""
        paths = sorted(map(str, (self.folder / "transcripts").glob("*.json")))
        chosen = [path for path in paths for _ in range(times)]
        kept = {"PATH": os.environ["PATH"]} if environment is not None else dict(os.environ)
        done = subprocess.run(
            [sys.executable, "-c", REPLAY, str(self.folder / "journeys"), "shared" if shared else "", *chosen],
            capture_output=True, text=True, check=True, cwd=cwd or self.folder,
            env={**kept, **(environment or {})},
        )  # fmt: skip
        return [tuple(one) for one in json.loads(done.stdout)]
