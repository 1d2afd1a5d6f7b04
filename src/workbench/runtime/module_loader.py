"""Import journey modules from source, with a cache of compiled code."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import marshal
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import ClassVar

from ..errors import TranscriptError
from ..files import write_atomically
from ..source import ROOT_PACKAGE


class JourneyLoader(importlib.machinery.SourceFileLoader):
    """Compiles modules, with a cache by the hash of the source.

    Asserts and docstrings are always compiled, whatever PYTHONOPTIMIZE says: they are rules and tool descriptions.
    """

    cache: Path | None = None
    cache_fixed = False
    sources: ClassVar[dict[str, bytes]] = {}  # content that replaces a file, by its path

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        replaced = self.sources.get(path)
        data = self.get_data(path) if replaced is None else replaced
        return compile_cached(path, data, self.cache, write=replaced is None)


def compile_cached(path: str, data: bytes, cache: Path | None, write: bool = True) -> CodeType:
    """Compile the content of a file, or take it from the cache. Raises SyntaxError or ValueError."""
    cached = None if cache is None else cache / f"{_cache_key(path, data)}.code"
    if cached is not None:
        with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
            code = marshal.loads(cached.read_bytes())
            if isinstance(code, CodeType):
                return code
    code = compile(data, path, "exec", dont_inherit=True, optimize=0)
    if cached is not None and write:
        with contextlib.suppress(TranscriptError):  # the cache is optional
            write_atomically(cached, marshal.dumps(code))
    return code


def _cache_key(path: str, data: bytes) -> str:
    return hashlib.sha256(b"\0".join((importlib.util.MAGIC_NUMBER, path.encode(), data))).hexdigest()[:32]


def fill_cache(files: Iterable[Path]) -> None:
    """Compile files into the cache, without running them: a process without write access loads them fast."""
    cache = code_cache()
    for path in files:
        with contextlib.suppress(OSError, SyntaxError, ValueError):  # loading reports it
            compile_cached(str(path), path.read_bytes(), cache)


class JourneyFinder:
    """Finds `journeys` and everything below it in one folder; packages need no __init__.py."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        parts = fullname.split(".")
        if parts[0] != ROOT_PACKAGE:
            return None
        folder = self.root.joinpath(*parts[1:])
        file = folder.with_suffix(".py")
        if len(parts) > 1 and file.is_file():
            return importlib.util.spec_from_file_location(
                fullname, file, loader=JourneyLoader(fullname, str(file))
            )
        if not folder.is_dir():
            return None
        init = folder / "__init__.py"
        if init.is_file():
            return importlib.util.spec_from_file_location(
                fullname, init, loader=JourneyLoader(fullname, str(init)), submodule_search_locations=[str(folder)]
            )
        spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        return spec


def fix_cache() -> Path | None:
    """Find the folder of compiled code before the environment is pinned, and return it."""
    JourneyLoader.cache, JourneyLoader.cache_fixed = code_cache(), True
    return JourneyLoader.cache


def import_from(root: Path) -> None:
    """Import `journeys` from this folder from now on."""
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, JourneyFinder)]
    sys.meta_path.insert(0, JourneyFinder(root))
    if not JourneyLoader.cache_fixed:
        JourneyLoader.cache = code_cache()
    importlib.invalidate_caches()


def code_cache() -> Path | None:
    """Return the user's private folder of compiled code; None if there cannot be one.

    It is never a folder of the project: a project from elsewhere could bring compiled code that
    differs from its source.
    """
    try:
        folder = _user_cache() / "workbench" / "code"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError):  # a read-only or missing home
        return None
    owned = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
    return folder if owned else None


def _user_cache() -> Path:
    """Return the user's cache folder. Raises RuntimeError without a home."""
    # platformdirs says the same, and costs 23 ms at every start of replay
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def replace_sources(root: Path, sources: Mapping[str, bytes]) -> None:
    """Load this content instead of the files at these paths below journeys/, in this process."""
    JourneyLoader.sources = {str(root.resolve() / name): data for name, data in sources.items()}
