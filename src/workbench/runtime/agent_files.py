"""The files that make up an agent's code, and their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import JourneyError

IGNORED = {"__pycache__", ".git", ".workbench"}


def agent_names(root: Path) -> list[str]:
    """The agents under a journeys/ folder: every folder that holds an agent.py."""
    return sorted(p.parent.name for p in root.glob("*/agent.py"))


def agent_files(root: Path, agent: str) -> list[Path]:
    """Every file that counts as an agent's code, in order."""
    return sorted(
        p
        for p in (root / agent).rglob("*")
        if p.is_file()
        and not (IGNORED & set(p.relative_to(root).parts))
        and not p.name.startswith(".")
        and p.suffix != ".pyc"
    )


def _contents(root: Path, agent: str) -> Iterator[tuple[str, bytes]]:
    """Each of an agent's files by its path below journeys/. One that has just gone counts no more."""
    for path in agent_files(root, agent):
        name = path.relative_to(root).as_posix()
        try:
            yield name, path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            message = f"it cannot be read: {error.strerror}"
            raise JourneyError(message, where=name, next="make it readable, or take it away") from None


def hash_files(root: Path, agent: str) -> tuple[str, dict[str, str]]:
    """The hash of all of an agent's files, and of each by its path below journeys/, read once."""
    seal, files = hashlib.sha256(), {}
    for name, data in _contents(root, agent):
        seal.update(name.encode() + b"\0" + data + b"\0")
        files[name] = hashlib.sha256(data).hexdigest()[:12]
    return seal.hexdigest()[:12], files


def code_hash(root: Path, agent: str) -> str:
    return hash_files(root, agent)[0]


def file_hashes(root: Path, agent: str) -> dict[str, str]:
    return hash_files(root, agent)[1]
