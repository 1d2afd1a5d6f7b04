"""The sizes of panes, among the user's own files: they depend on the terminal, not on the project."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from ..errors import WorkbenchError
from ..files import write_private
from ..workspace.settings import PaneSizes, PaneSizeStore
from .config import user_state_folder


class StoredPaneSizes(PaneSizeStore):
    """Reads the file once, and writes it at every change."""

    def __init__(self) -> None:
        super().__init__()
        with contextlib.suppress(OSError, msgspec.DecodeError):  # without a usable file: the default sizes
            self._sizes = msgspec.json.decode(_path().read_bytes(), type=dict[str, PaneSizes])

    def set(self, screen: str, sizes: PaneSizes) -> None:
        super().set(screen, sizes)
        with contextlib.suppress(OSError, WorkbenchError):  # they are kept until the end of the program
            write_private(_path(), msgspec.json.encode(self._sizes))


def _path() -> Path:
    return user_state_folder() / "panes.json"
