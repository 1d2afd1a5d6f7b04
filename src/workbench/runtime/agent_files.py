"""The files that make up an agent's code, and their hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import JourneyError
from .run_settings import RunSettings, read_run_settings

IGNORED = {"__pycache__", ".git", ".workbench"}


def agent_names(root: Path) -> list[str]:
    """List the agents in a journeys/ folder: the folders with an agent.py."""
    return sorted(p.parent.name for p in root.glob("*/agent.py") if p.is_file())


def shared_paths(root: Path) -> list[Path]:
    """List the files and folders of journeys/ that belong to no agent: the agents may share them."""
    return sorted(
        p for p in root.glob("*") if p.name not in IGNORED and not p.name.startswith(".") and not _is_agent(p)
    )


def _is_agent(path: Path) -> bool:
    return (path / "agent.py").is_file()


def walk(folder: str | Path) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Yield each folder below one and its entries, following links; each folder once, by its real path.

    Hidden folders are left out, and links to a folder that contains this one: they are no part of it.
    """
    above = {str(parent) for parent in Path(os.path.realpath(folder)).parents}
    pending, visited = [str(folder)], set(above)
    while pending:
        at = pending.pop()
        real = os.path.realpath(at)
        if real in visited:
            continue
        visited.add(real)
        try:
            with os.scandir(at) as found:
                entries = [entry for entry in found if entry.name not in IGNORED]
        except OSError:
            continue  # removed meanwhile, or not readable: a file in it is reported where it is needed
        yield at, entries
        pending += [entry.path for entry in entries if entry.is_dir() and not entry.name.startswith(".")]


def links(folder: Path) -> list[tuple[str, str]]:
    """Return what links below a folder lead to, outside of it, by real path, and the link below its real path."""
    root = os.path.realpath(folder)
    found = []
    for _, entries in walk(root):
        for entry in entries:
            if not entry.is_symlink():
                continue
            real = os.path.realpath(entry.path)
            if not (_is_in(real, root) or _is_in(root, real)):
                found.append((real, entry.path))
    return found


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def linked_folders(folder: Path) -> list[str]:
    """Return the real paths of what links below a folder lead to, outside of it: folders and files."""
    return sorted({real for real, _ in links(folder)})


def agent_files(root: Path, agent: str, settings: RunSettings | None = None) -> list[Path]:
    """List the files of an agent's code, in order: those of its folder, and those that agents share.

    Links are followed. Files that `[reload] ignore` names are left out. `settings` are those of the project;
    without them they are read. Raises JourneyError for invalid ones.
    """
    settings = read_run_settings(root) if settings is None else settings
    found = []
    for each in [root / agent, *(shared_paths(root) if agent else [])]:
        if each.is_dir():
            found += [Path(e.path) for _, entries in walk(each) for e in entries if e.is_file()]
        elif each.is_file():
            found.append(each)
    return sorted(p for p in found if _is_code(p) and not settings.is_ignored(p.relative_to(root).as_posix()))


def _is_code(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix != ".pyc"


def _data_files(root: Path, settings: RunSettings) -> list[Path]:
    """List the files of the data folders that journey code may read, in order."""
    folders = map(Path, settings.folders(root))
    return sorted(p for folder in folders for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


def _contents(root: Path, agent: str, settings: RunSettings) -> Iterator[tuple[str, bytes]]:
    """Yield the path relative to journeys/ and the bytes of each file of an agent; one just removed is skipped.

    Files of the data folders belong to every agent.
    """
    for path in [*agent_files(root, agent, settings), *(_data_files(root, settings) if agent else ())]:
        name = Path(os.path.relpath(path, root)).as_posix()
        try:
            yield name, path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            message = f"cannot be read: {error.strerror}"
            raise JourneyError(message, where=name, hint="make it readable, or remove it") from None


def hash_files(root: Path, agent: str, settings: RunSettings | None = None) -> tuple[str, dict[str, str]]:
    """Hash all files of an agent together, and each by its path relative to journeys/.

    `settings` are those of the project; without them they are read.
    """
    settings = read_run_settings(root) if settings is None else settings
    digest, files = hashlib.sha256(), {}
    for name, data in _contents(root, agent, settings):
        digest.update(name.encode() + b"\0" + data + b"\0")
        files[name] = hashlib.sha256(data).hexdigest()[:12]
    return digest.hexdigest()[:12], files


def code_hash(root: Path, agent: str) -> str:
    """Hash all files of an agent."""
    return hash_files(root, agent)[0]


def file_hashes(root: Path, agent: str) -> dict[str, str]:
    """Hash each file of an agent by its path below journeys/."""
    return hash_files(root, agent)[1]
