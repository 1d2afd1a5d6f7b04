"""What journey code sees beside its own files: the table [replay] of workbench.toml."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import msgspec

from ..errors import JourneyError

FILE = "workbench.toml"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class RunSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The environment variables and the folders of the project that journey code may read."""

    environment: dict[str, str] = {}
    data: list[str] = []

    def __post_init__(self) -> None:
        for name in self.environment:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a variable")
        for folder in self.data:
            parts = PurePosixPath(folder).parts
            if not parts or parts[0] in ("/", "..", ".", "journeys", "transcripts", ".workbench") or ".." in parts:
                raise ValueError(f"{folder!r} is not a data folder of the project, such as 'prices'")

    def folders(self, root: Path) -> list[str]:
        """Return the full paths of the data folders; `root` is journeys/."""
        return [str(root.parent / name) for name in self.data]


class _File(msgspec.Struct):
    replay: RunSettings = RunSettings()


def read_run_settings(root: Path) -> RunSettings:
    """Read the settings of the project of `root` (journeys/). Raises JourneyError."""
    try:
        text = (root.parent / FILE).read_text("utf-8")
    except FileNotFoundError:
        return RunSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise JourneyError(f"cannot be read: {error}", where=FILE, hint="make it readable UTF-8") from None
    if "replay" not in text:
        return RunSettings()
    import msgspec.toml  # most projects do not need it, and replay must start fast

    try:
        return msgspec.toml.decode(text, type=_File).replay
    except msgspec.DecodeError as error:
        lines = [n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith("[replay")]
        where = f"{FILE}:{lines[0] if lines else 1}"
        raise JourneyError(f"[replay]: {error}", where=where, hint="see docs/configuration.md") from None
