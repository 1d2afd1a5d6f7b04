"""Start replay servers, the same way everywhere: isolated, with fixed inputs of the interpreter.

Imports nothing but the standard library, because a command starts its server before its own imports.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = ["-P", "-s", "-m", "workbench.runtime.server_main"]
# On Linux the order of a set of objects follows their addresses, which differ in every process. They stay
# the same after exec without address space randomization, if the system allows that (containers may not).
_FIXED_ADDRESSES = """
import ctypes, os, sys
ctypes.CDLL(None).personality(0x0040000)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
HASH_SEED = "0"
# what Python needs to start, and the folders of the cache and of temporary files; nothing else of the user's
_KEPT = (
    "HOME",
    "XDG_CACHE_HOME",
    "LOCALAPPDATA",
    "TMPDIR",
    "TEMP",
    "TMP",
    "PATH",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
)
_FIXED = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}

_prestarted: list[subprocess.Popen[bytes]] = []


def prestart() -> None:
    """Start the server that will be asked first, so that it starts while this process imports."""
    with contextlib.suppress(OSError):  # the first request reports it
        _prestarted.append(_start(HASH_SEED))


def start_server(hash_seed: str = HASH_SEED) -> subprocess.Popen[bytes]:
    """Start a replay server: no working folder on its path, a small environment, a fixed hash seed."""
    return _prestarted.pop() if _prestarted and hash_seed == HASH_SEED else _start(hash_seed)


def _start(hash_seed: str) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    workbench = Path(__file__).parents[2]
    installed = workbench.name in ("site-packages", "dist-packages")  # on the path, behind the standard library
    path = {} if installed else {"PYTHONPATH": str(workbench)}
    start = ["-I", "-S", "-c", _FIXED_ADDRESSES] if sys.platform == "linux" else []
    return subprocess.Popen(
        [sys.executable, *start, *PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # ctrl+c is for the command, which ends its servers
        env={**kept, **_FIXED, **path, "PYTHONHASHSEED": hash_seed},
    )
