"""Real data that the project did not write, kept beside the repository and not in it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2].parent / "shared" / "data"


def data(*parts: str) -> Path:
    """The path of real data, for example data("anthropic-wire"); skips the test where it is absent."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs real data that a plain clone has not: ../shared/data/{'/'.join(parts)}")
    return path
