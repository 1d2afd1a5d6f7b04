"""A project for commands to work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.kit import late_talk, put, saved, shop_files, write


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of the shop without policies, with a guard in it; the command is run there."""
    write(tmp_path / "journeys", shop_files())
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "golden", saved(late_talk(tmp_path)))
    return tmp_path
