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
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import ClassVar

from ..errors import TranscriptError
from ..files import write_atomically
from ..source import ROOT_PACKAGE

# increase it when `instrument` changes, so that cached code is compiled again
INSTRUMENTATION_VERSION = b"noted 3"


class JourneyLoader(importlib.machinery.SourceFileLoader):
    """Compiles modules, with a cache by the hash of the source.

    Asserts and docstrings are always compiled, whatever PYTHONOPTIMIZE says: they are rules and tool descriptions.
    """

    cache: Path | None = None
    instrumented = False  # whether code is instrumented to report undeclared inputs
    overrides: ClassVar[dict[str, CodeType]] = {}  # code that replaces a file, by its path

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        if path in self.overrides:
            return self.overrides[path]
        data = self.get_data(path)
        cached = self._cached(path, data)
        if cached is not None:
            with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
                code = marshal.loads(cached.read_bytes())
                if isinstance(code, CodeType):
                    return code
        code = self._compiled(data, path, fullname)
        if cached is not None:
            with contextlib.suppress(TranscriptError):  # the cache is optional
                write_atomically(cached, marshal.dumps(code))
        return code

    def _compiled(self, data: bytes, path: str, fullname: str) -> CodeType:
        if self.instrumented:
            from .nondeterminism import instrument

            return instrument(data, path, fullname)
        return compile(data, path, "exec", dont_inherit=True, optimize=0)

    def _cached(self, path: str, data: bytes) -> Path | None:
        if self.cache is None:
            return None
        digest = hashlib.sha256(
            b"\0".join(
                (
                    importlib.util.MAGIC_NUMBER,
                    INSTRUMENTATION_VERSION if self.instrumented else b"",
                    path.encode(),
                    data,
                )
            )
        )
        return self.cache / f"{digest.hexdigest()[:32]}.code"


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


def import_from(root: Path) -> None:
    """Import `journeys` from this folder from now on."""
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, JourneyFinder)]
    sys.meta_path.insert(0, JourneyFinder(root))
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


def compile_journey(root: Path, name: str, data: bytes) -> CodeType:
    """Compile `data` as the journey file `name` (path below journeys/). Raises SyntaxError or ValueError."""
    return compile(data, str(root.resolve() / name), "exec", dont_inherit=True, optimize=0)


def override_modules(codes: Iterable[CodeType]) -> None:
    """Load this code instead of the files it was compiled for, in this process. Nothing is written."""
    JourneyLoader.overrides = {code.co_filename: code for code in codes}


@contextlib.contextmanager
def instrumented() -> Iterator[None]:
    """Instrument the journey code that is loaded inside: it reports what it reads from the machine."""
    JourneyLoader.instrumented = True
    try:
        yield
    finally:
        JourneyLoader.instrumented = False
