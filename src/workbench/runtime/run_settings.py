"""What belongs to an agent's code, and what it sees beside its files: [replay] and [reload] of workbench.toml."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import msgspec

from ..errors import JourneyError

FILE = "workbench.toml"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ReplayTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The environment variables and the folders of the project that journey code may read."""

    environment: dict[str, str] = {}
    data: list[str] = []

    def __post_init__(self) -> None:
        for name, value in self.environment.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a variable")
            if "\0" in value:
                raise ValueError(f"the value of {name} contains a null character")
        for folder in self.data:
            parts = PurePosixPath(folder).parts
            if not parts or parts[0] in ("/", "..", ".", "journeys", "transcripts", ".workbench") or ".." in parts:
                raise ValueError(f"{folder!r} is not a data folder of the project, such as 'prices'")


class ReloadTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Patterns of files below journeys/ that are not code, such as "shop/cache/*": saving them reloads nothing."""

    ignore: list[str] = []

    def __post_init__(self) -> None:
        for pattern in self.ignore:
            everything = not pattern.strip("*/.")
            if everything or pattern.startswith("/") or ".." in PurePosixPath(pattern).parts:
                raise ValueError(f"{pattern!r} is not a pattern of files below journeys/, such as 'shop/cache/*'")


class RunSettings(msgspec.Struct, frozen=True):
    """The settings of the project that a process with journey code needs."""

    environment: dict[str, str] = {}
    data: list[str] = []
    ignore: list[str] = []

    def folders(self, root: Path) -> list[str]:
        """Return the full paths of the data folders; `root` is journeys/."""
        return [str(root.parent / name) for name in self.data]

    def is_ignored(self, path: str) -> bool:
        """Return whether a pattern fits a path below journeys/, or a folder that it is in: it is not code."""
        parts = path.split("/")
        prefixes = ["/".join(parts[:size]) for size in range(1, len(parts) + 1)]
        return any(fnmatchcase(prefix, pattern.rstrip("/")) for pattern in self.ignore for prefix in prefixes)


class _File(msgspec.Struct):
    replay: ReplayTable = ReplayTable()
    reload: ReloadTable = ReloadTable()


def read_run_settings(root: Path) -> RunSettings:
    """Read the settings of the project of `root` (journeys/). Raises JourneyError."""
    try:
        text = (root.parent / FILE).read_text("utf-8-sig")
    except FileNotFoundError:
        return RunSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise JourneyError(f"cannot be read: {error}", where=FILE, hint="make it readable UTF-8") from None
    if "replay" not in text and "reload" not in text:
        return RunSettings()
    import msgspec.toml  # most projects do not need it, and replay must start fast

    try:
        found = msgspec.toml.decode(text, type=_File)
    except msgspec.DecodeError as error:
        table = "reload" if "$.reload" in str(error) else "replay"
        lines = [n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith(f"[{table}")]
        where = f"{FILE}:{lines[0] if lines else 1}"
        raise JourneyError(f"[{table}]: {error}", where=where, hint="see docs/configuration.md") from None
    return RunSettings(found.replay.environment, found.replay.data, found.reload.ignore)
