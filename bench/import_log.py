"""Import of large logs: seconds and peak memory, by the form of the file.

The log is made of conversations with calls, like those of an airline agent, and removed in the end.

    python bench/import_log.py               10 MB and 100 MB, one conversation a line and as one list
    python bench/import_log.py --mb 200
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MEASURE = """
import resource, sys, time
from pathlib import Path
from workbench.trace.setup import Setup
from workbench.transcripts.importers.importing import LogImport
from workbench.transcripts.importers.log_file import Log
from workbench.transcripts.redaction import Redactor, redact
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
work = LogImport(Log.of_file(Path(sys.argv[1])), Setup(agent="bench", imported=True))
began = time.perf_counter()
work.survey()
surveyed = time.perf_counter() - began
for transcript in work.transcripts():
    if sys.argv[2] == "redact":
        redact(transcript, Redactor())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seconds = time.perf_counter() - began
print(f"{work.report.taken:,} conversations, survey {surveyed:.1f} s, all {seconds:.1f} s, "
      f"peak {peak / 1024:.0f} MB ({(peak - base) / 1024:.0f} MB more than at the start)")
"""


def conversation(number: int) -> dict[str, Any]:
    """A conversation of twelve messages, some 8 KB; every one differs."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You help customers of an airline. " * 20}]
    for turn in range(4):
        id = f"call_{number}_{turn}"
        arguments = json.dumps({"reservation": f"R{number:06}", "segment": turn})
        call = {"id": id, "type": "function", "function": {"name": "find_reservation", "arguments": arguments}}
        seats = [{"seat": f"{row}{letter}", "free": (row + turn) % 3 == 0} for row in range(9) for letter in "ABC"]
        messages += [
            {"role": "user", "content": f"Please look at reservation R{number:06}, segment {turn}. " * 3},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": id, "content": json.dumps({"number": number, "seats": seats})},
            {"role": "assistant", "content": f"Segment {turn} of R{number:06} has free seats in some rows. " * 3},
        ]
    return {"id": f"conversation-{number}", "messages": messages}


def write(path: Path, size: int, lines: bool) -> None:
    """Write a log of `size` megabytes."""
    with path.open("w") as file:
        file.write("" if lines else "[")
        number = 0
        while file.tell() < size << 20:
            before = "" if lines or not number else ","
            file.write(before + json.dumps(conversation(number)) + ("\n" if lines else ""))
            number += 1
        file.write("" if lines else "]")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument("--redact", action="store_true", help="with redaction, which takes most of the time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for size in (given.mb // 10, given.mb):
            for lines in (True, False):
                path = Path(folder) / f"log-{size}.{'jsonl' if lines else 'json'}"
                write(path, size, lines)
                began = time.perf_counter()
                how = "redact" if given.redact else "read"
                done = subprocess.run(
                    [sys.executable, "-c", MEASURE, str(path), how], capture_output=True, text=True, check=True
                )
                form = "a line each" if lines else "one list"
                print(f"{size:>5} MB, {form}: {done.stdout.strip()} ({time.perf_counter() - began:.1f} s in all)")
                path.unlink()


if __name__ == "__main__":
    main()
