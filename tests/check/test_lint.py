"""`check` looks at one project, whatever else this process has loaded."""

from __future__ import annotations

from pathlib import Path

from support.kit import shop, shop_files, write
from workbench.check.lint import lint


def test_loaded_code_of_another_project_is_not_checked(tmp_path: Path) -> None:
    shop(tmp_path / "other")
    root = write(tmp_path / "journeys", shop_files("import os\nos._exit(7)\n"))
    assert [f.rule for f in lint(root, "shop")] == ["load"]
