"""A hundred thousand transcripts on disk, through the real command: `python bench/replay_100k.py [COUNT]`.

Target: 60 s on two cores, memory flat. The files are the fifty real conversations
over and over, each with an id, a recording and customer's words of its own, so that
no two are alike. They lie in a temporary folder, are gone afterwards, and
nothing is written where the disk has not room for twice as much. The floor is
reading the same bytes as JSON in as many processes, and doing nothing with them.

Memory is that of the command and of each process it forked, as /proc tells it:
the resident pages that it does not share with another. It must not grow with
what has been replayed; the command itself keeps a case for each file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from parts.program import ENV
from parts.projects import sample
from replay_50 import files

COUNT = 100_000
IN_A_FOLDER = 1_000
AT_MOST = 600.0  # seconds; then the command is ended
JOBS = os.cpu_count() or 1


def write(folder: Path, count: int) -> int:
    """So many transcripts below `folder`; their bytes."""
    blobs = files()
    heads = [msgspec.json.decode(blob) for blob in blobs]
    size = sum(map(len, blobs)) * count // len(blobs)
    free = shutil.disk_usage(folder).free
    if free < 2 * size:
        sys.exit(f"{count:,} transcripts are {size / 1e9:.1f} GB; {folder} has {free / 1e9:.1f} GB left")
    written = 0
    for number in range(count):
        blob, head = blobs[number % len(blobs)], heads[number % len(blobs)]
        words = next(step["text"] for step in head["events"] if step["event"] == "user")
        words = words if isinstance(words, str) else words[0]
        for then, now in ((head["id"], f"{head['id']}-{number}"), (head["recording_id"], f"{number:012x}")):
            blob = blob.replace(f'"{then}"'.encode(), f'"{now}"'.encode(), 1)
        said = msgspec.json.encode(words)
        at = blob.index(said, blob.index(b'"events"'))
        blob = blob[:at] + said[:-1] + f' (#{number})"'.encode() + blob[at + len(said) :]
        home = folder / f"{number // IN_A_FOLDER:03}"
        home.mkdir(exist_ok=True)
        written += (home / f"{number:06}.json").write_bytes(blob)
    return written


def floor(folder: Path) -> float:
    """Seconds to read every file and parse it as JSON, in as many processes."""
    began = time.perf_counter()
    with ProcessPoolExecutor(JOBS) as pool:
        list(pool.map(_parse, sorted(folder.iterdir())))
    return time.perf_counter() - began


def _parse(folder: Path) -> None:
    decoder = msgspec.json.Decoder()
    for file in folder.iterdir():
        decoder.decode(file.read_bytes())


def own_memory(pid: int) -> float:
    """Megabytes of pages that are this process's alone; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def replay(project: Path) -> tuple[float, list[tuple[float, float, float]], str]:
    """Seconds of the command; (second, MB of it, MB of its largest child) over time; what it said last."""
    command = [sys.executable, "-m", "workbench", "replay", "transcripts", "--quiet"]
    seen: list[tuple[float, float, float]] = []
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=project, env=ENV, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            time.sleep(0.25)
            forked = max(map(own_memory, children(process.pid)), default=0.0)
            seen.append((time.perf_counter() - began, own_memory(process.pid), forked))
            if seen[-1][0] > AT_MOST:
                process.terminate()
        took = time.perf_counter() - began
        said = process.stderr.read() if process.stderr is not None else ""
    return took, seen, said


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as name:
        project = sample(Path(name), "airline").root
        folder = project / "transcripts"
        folder.mkdir()
        size = write(folder, count)
        print(f"{count:,} files, {size / 1e9:.2f} GB, {JOBS} cores")
        least = floor(folder)
        print(f"read and parse as JSON (floor)  {least:6.1f} s")
        took, seen, said = replay(project)
        print(f"workbench replay                {took:6.1f} s, {took / least:.1f} x the floor: ", end="")
        print(f"{count / took:,.0f} a second   target {60 * count / COUNT:.0f} s")
        print(f"  {said.strip().splitlines()[0] if said.strip() else 'it said nothing'}")
        print("MB that are a process's own    at   25 %   50 %   75 %    all of the time")
        seen = [look for look in seen if look[1]]  # the last one finds a process that has ended
        quarters = [seen[len(seen) * part // 4 - 1] for part in (1, 2, 3, 4)] if len(seen) > 3 else seen
        print("  the command                    " + "".join(f"{own:7.0f}" for _, own, _ in quarters))
        print("  its largest process            " + "".join(f"{own:7.0f}" for _, _, own in quarters))
        peak = max(own for _, own, _ in seen)
        print(f"  at its peak {peak:.0f} MB, {peak * 1e6 / count:.0f} bytes for each file")


if __name__ == "__main__":
    main()
