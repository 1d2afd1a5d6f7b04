"""Save to ready: from the moment a file is written to a new worker that has answered, watch included.

Target: a median of at most 80 ms. The floor is a bare fork of a warm server that answers at once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from workbench.runtime.watch import watch_code
from workbench.runtime.worker import WorkerPool, start_fork_server
from workbench.workspace.code_service import CodeService

HERE = Path(__file__).resolve().parents[1]
ROUNDS = 25


def echo(connection: Connection) -> None:
    connection.send_bytes(b"ready")


def floor() -> list[float]:
    """Milliseconds from asking for a process of the warm server to its first word."""
    context = multiprocessing.get_context("forkserver")
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ours, theirs = context.Pipe()
        process = context.Process(target=echo, args=(theirs,))
        process.start()
        ours.recv_bytes()
        times.append((time.perf_counter() - began) * 1000)
        process.join()
    return times


async def save_to_ready(root: Path) -> list[float]:
    """Milliseconds from each of ROUNDS saves to `ready`."""
    host = WorkerPool(root)
    code_service = CodeService(host, "support", "rehearsal")
    await code_service.reload()
    path = root / "support" / "returns" / "journey.py"
    text, times = path.read_text(), []
    ready = asyncio.Event()
    watched = watch_code(root, "support")

    async def follow() -> None:
        async for _ in watched:
            await code_service.reload()
            ready.set()

    task = asyncio.create_task(follow())
    await asyncio.sleep(0.5)
    for number in range(ROUNDS):
        ready.clear()
        began = time.perf_counter()
        path.write_text(f"{text}\n# save {number}\n")
        await asyncio.wait_for(ready.wait(), 10)
        times.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.6)  # nobody saves faster; the spare worker warms up meanwhile
    task.cancel()
    code_service.close()
    host.close()
    return times


def main() -> None:
    start_fork_server("rehearsal")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".workbench").mkdir()
        shutil.copytree(HERE / "journeys" / "support", folder / "journeys" / "support")
        times = asyncio.run(save_to_ready(folder / "journeys"))
    bare = statistics.median(floor())
    median, worst = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
    print(f"save to ready      median {median:6.1f} ms   p95 {worst:6.1f} ms   target 80 ms")
    print(f"floor: bare fork   median {bare:6.1f} ms   ratio {median / bare:.1f}")


if __name__ == "__main__":
    main()
