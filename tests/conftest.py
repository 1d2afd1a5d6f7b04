"""What holds in every test: no key, no profile, no way to a real server."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or no program of a test could be interrupted
# Without compiled files every program of a test, and every worker of pytest, compiles all it imports:
# this doubles the time of the whole run. It is said before the workers start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
DEAD_END = "http://127.0.0.1:9"  # nobody listens on the discard port


@pytest.fixture(autouse=True)
def no_real_model(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Model calls are off, and loudly: a test that reaches for a server not on this machine fails.

    What this process opens is seen at the socket; what a process started by a
    test opens ends at a proxy that is not there. A loopback server is set by
    the test that wants one (tests/support/loopback.py).
    """
    for name in list(os.environ):
        if name.startswith("ANTHROPIC_") or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "TMUX", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".local/state"))
    cache = tmp_path_factory.getbasetemp() / "cache"  # shared: compiled code is valid for every test
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, DEAD_END)
        monkeypatch.setenv(name.upper(), DEAD_END)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")

    reached: list[str] = []
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def guarded_look_up(host: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name not in HERE:
            reached.append(str(name))
            raise OSError(f"model calls are off in tests: {name} was to be looked up")
        return look_up(host, *rest, **more)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in HERE:
            reached.append(str(address[0]))
            raise OSError(f"model calls are off in tests: {address[0]} was to be connected to")
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    yield
    if reached:
        pytest.fail(
            f"this test reached for {', '.join(sorted(set(reached)))}: use tests/support/loopback.py",
            pytrace=False,
        )
