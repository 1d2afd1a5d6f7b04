"""What the machine has run out of is an error with what to do, in every command."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NoReturn

import pytest

from support.kit import shop_files, write
from workbench.cli import run
from workbench.errors import UsageError, WorkerCrashed
from workbench.machine import machine_error
from workbench.models.registry import resolve_model
from workbench.runtime import worker, worker_main
from workbench.runtime.worker import WorkerPool, start_fork_server


def failing(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


NO_PROCESS = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
NO_FOLDER = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (NO_PROCESS, "ulimit -u"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "disk"),
        (OSError(errno.EROFS, "Read-only file system"), "written"),
        (MemoryError(), "-j 1"),
        (NO_FOLDER, "TMPDIR"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_an_error_of_the_machine_says_what_to_do(error: BaseException, word: str) -> None:
    found = machine_error(error)
    assert found is not None
    assert found.code == "machine"
    assert word in str(found)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        BlockingIOError(errno.EAGAIN, "write could not complete without blocking", 5),
        RuntimeError("event loop is closed"),
        ValueError("x"),
    ],
    ids=str,
)
def test_any_other_exception_is_not_an_error_of_the_machine(error: BaseException) -> None:
    assert machine_error(error) is None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [["init", "new"], ["check"], ["doctor"], ["fmt"]])
def test_a_command_that_runs_out_of_something_exits_with_4(project, monkeypatch, capsys, command):
    monkeypatch.setattr("workbench.cli.app.build", failing(NO_PROCESS))
    assert run(command) == 4
    said = capsys.readouterr().err
    assert "ulimit -u" in said
    assert "bug" not in said


def test_replay_needs_no_temporary_folder(project, monkeypatch, capsys):
    from cli.test_mutate_command import save
    from support.kit import WINDOW

    write(project / "journeys", shop_files(WINDOW))
    save(project, "late", "OL-1", "mistake")
    monkeypatch.setattr(tempfile, "mkstemp", failing(NO_FOLDER))
    assert run(["replay"]) == 0
    assert "1 PASS" in capsys.readouterr().err


def test_replay_without_a_further_process_says_so(project, monkeypatch, capsys):
    from cli.test_mutate_command import save

    save(project, "late", "OL-1", "mistake")
    monkeypatch.setattr(subprocess, "Popen", failing(NO_PROCESS))
    assert run(["replay"]) == 4
    said = capsys.readouterr().err
    assert "ulimit -u" in said
    assert "bug" not in said


@pytest.mark.parametrize(
    ("error", "word"),
    [(NO_PROCESS, "ulimit -u"), (RuntimeError("can't start new thread"), "ulimit -u"), (NO_FOLDER, "TMPDIR")],
    ids=["no process", "no thread", "no temporary folder"],
)
def test_a_fork_server_that_cannot_start_says_what_to_do(monkeypatch, error, word):
    monkeypatch.setattr(worker.forkserver, "ensure_running", failing(error))
    with pytest.raises(UsageError, match=word):
        start_fork_server("rehearsal")


@pytest.mark.parametrize(
    "error",
    [NO_PROCESS, EOFError(), BrokenPipeError(errno.EPIPE, "Broken pipe"), ConnectionResetError()],
    ids=repr,
)
def test_a_worker_that_is_killed_before_it_loads_is_a_crash_and_not_an_interrupt(project, monkeypatch, error):
    async def start() -> None:
        pool = WorkerPool(project / "journeys")
        try:
            await pool.start("shop", "rehearsal")
        finally:
            await asyncio.sleep(0.3)  # the spare one fails as well, in silence
            pool.close()

    monkeypatch.setattr(ForkServerProcess, "start", failing(error))
    with pytest.raises(WorkerCrashed, match="no worker") as found:
        asyncio.run(start())
    assert found.value.hint


def test_a_folder_of_credentials_that_cannot_be_read_is_an_error_unless_a_model_is_chosen(monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "is_file", failing(PermissionError(errno.EACCES, "Permission denied")))
    with pytest.raises(UsageError, match="Permission denied"):
        resolve_model("", "")
    assert resolve_model("rehearsal", "") == "rehearsal"
    assert resolve_model("", "rehearsal") == "rehearsal"


def test_check_needs_no_temporary_folder(project, monkeypatch):
    monkeypatch.setattr(tempfile, "mkstemp", failing(NO_FOLDER))
    assert run(["check"]) == 0


@pytest.mark.parametrize("error", [NO_PROCESS, BrokenPipeError(errno.EPIPE, "Broken pipe")], ids=str)
def test_check_without_a_further_process_says_so(project, monkeypatch, capsys, error):
    monkeypatch.setattr(ForkServerProcess, "start", failing(error))
    assert run(["check"]) == 4
    said = capsys.readouterr().err
    assert "no worker" in said
    assert "interrupted" not in said


def test_a_worker_without_a_further_thread_says_so(project, monkeypatch):
    class FailingServer:
        def __init__(self, connection: object) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(worker_main, "isolate", lambda stacks: None)
    monkeypatch.setattr(worker_main, "WorkerServer", FailingServer)
    monkeypatch.setattr(worker_main.os, "_exit", sys.exit)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    with pytest.raises(SystemExit) as found:
        worker_main.main(None, "")  # type: ignore[arg-type]
    assert found.value.code == worker_main.OUT_OF_RESOURCES
