"""Confine this process to what a replay may do, by means of the operating system.

On Linux, Landlock refuses to read other files than the given ones and to write any, and a seccomp
filter refuses the network and programs. Neither can be undone, and processes forked later inherit
both. Elsewhere `runtime/monitor.py` is the only protection: it refuses what Python reports.

The numbers are from the kernel's landlock.h, seccomp.h, audit.h and unistd.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from ..replay.verdict import Protection

_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 1, 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ = 1 << 2 | 1 << 3  # files and folders
_READ_FILE, _WRITE_FILE = 1 << 2, 1 << 1
# all rights over files that a version of Landlock knows, by version
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}


class _Numbers(NamedTuple):
    """The numbers of system calls on one machine type."""

    machine: int
    execve: int
    execveat: int
    socket: int
    ptrace: int
    process_vm_readv: int
    process_vm_writev: int


_NUMBERS = {
    "x86_64": _Numbers(0xC000003E, 59, 322, 41, 101, 310, 311),
    "aarch64": _Numbers(0xC00000B7, 221, 281, 198, 117, 270, 271),
}
_IO_URING_SETUP = 425
_X32 = 0x40000000  # the first number of the other call table of x86_64


def end_with_parent() -> None:
    """Let the system end this process when its parent ends, whatever it is doing. Linux only."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Make this process the parent of what its ended children leave running, so that it can end it. Linux only."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def confine(folders: Iterable[str]) -> Protection:
    """Allow this process to read these files and folders only, and to start no program and no connection."""
    if sys.platform != "linux":
        return "hooks"
    end_with_parent()
    libc = _libc()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return "hooks"
    files, network = _restrict_files(libc, folders), _restrict_calls(libc)
    return "system" if files and network else "files" if files else "network" if network else "hooks"


def _restrict_files(libc: ctypes.CDLL, folders: Iterable[str]) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    rights = struct.pack("=Q", _RIGHTS[min(version, max(_RIGHTS))])
    rules = libc.syscall(_CREATE_RULESET, rights, len(rights), 0)
    if rules < 0:
        return False
    try:
        allowed = [(folder, _READ) for folder in folders] + [(os.devnull, _READ_FILE | _WRITE_FILE)]
        return all(_allow(libc, rules, *one) for one in allowed) and not libc.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> bool:
    """Allow these rights below a path; a path that does not exist needs none."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        rule = struct.pack("=Qi", rights if os.path.isdir(path) else rights & ~(1 << 3), opened)
        return not libc.syscall(_ADD_RULE, rules, 1, rule, 0)
    finally:
        os.close(opened)


# seccomp: a program of (code, jump if true, jump if false, value)

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # 1: EPERM
_INTERNET = (2, 10)  # AF_INET, AF_INET6


def _restrict_calls(libc: ctypes.CDLL) -> bool:
    numbers = _NUMBERS.get(platform.machine())
    if numbers is None:
        return False
    program = b"".join(struct.pack("=HBBI", *step) for step in _filter(numbers))
    code = ctypes.create_string_buffer(program, len(program))
    return not libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _program(code, len(program) // 8))


def _program(code: ctypes.Array[ctypes.c_char], steps: int) -> ctypes.Array[ctypes.c_char]:
    """Return the struct sock_fprog of these steps."""
    pointer = ctypes.addressof(code)
    packed = struct.pack("@HP", steps, pointer)
    return ctypes.create_string_buffer(packed, len(packed))


def _filter(numbers: _Numbers) -> list[tuple[int, int, int, int]]:
    """Return the filter: it kills for programs and the internet, refuses other sockets, and allows the rest."""
    refused = (numbers.ptrace, numbers.process_vm_readv, numbers.process_vm_writev, _IO_URING_SETUP)
    steps = [
        (_LOAD, 0, 0, 4),  # the machine type
        (_EQUAL, 1, 0, numbers.machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # the number of the call
    ]
    if numbers.machine == _NUMBERS["x86_64"].machine:
        steps += _when(_AT_LEAST, _X32, _KILL)
    for number in (numbers.execve, numbers.execveat):
        steps += _when(_EQUAL, number, _KILL)
    for number in refused:
        steps += _when(_EQUAL, number, _REFUSE)
    of_socket = [(_LOAD, 0, 0, 16)]  # its first argument: the family
    for family in _INTERNET:
        of_socket += _when(_EQUAL, family, _KILL)
    of_socket.append((_RETURN, 0, 0, _REFUSE))
    steps.append((_EQUAL, 0, len(of_socket), numbers.socket))
    return [*steps, *of_socket, (_RETURN, 0, 0, _ALLOW)]


def _when(test: int, value: int, then: int) -> list[tuple[int, int, int, int]]:
    return [(test, 0, 1, value), (_RETURN, 0, 0, then)]
