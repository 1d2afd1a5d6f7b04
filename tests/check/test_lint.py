"""`check` looks at one project, whatever else this process has loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.kit import shop, shop_files, write
from workbench.check.lint import lint


def test_loaded_code_of_another_project_is_not_checked(tmp_path: Path) -> None:
    shop(tmp_path / "other")
    root = write(tmp_path / "journeys", shop_files("import os\nos._exit(7)\n"))
    assert [f.rule for f in lint(root, "shop")] == ["load"]


@pytest.mark.parametrize("name", ["shop.v2", "shop:1", "a\\b"])
def test_a_folder_name_that_cannot_work_is_refused_by_that_name(tmp_path: Path, name: str) -> None:
    root = write(tmp_path / "journeys", shop_files())
    (root / "shop").rename(root / name)
    (finding,) = lint(root, name)
    assert repr(name) in finding.message
    assert finding.file == f"{name}/agent.py" or name.partition(":")[0] in finding.file
