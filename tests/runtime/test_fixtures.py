"""A wrong fixture is reported with its line when it is read, not later in a conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.kit import shop_files, write
from workbench.errors import JourneyError
from workbench.runtime.agent_files import file_hashes
from workbench.runtime.loader import LoadedAgent, load


def shop_with(folder: Path, fixture: str) -> LoadedAgent:
    return load(write(folder, {**shop_files(), "shop/fixtures/base.json": fixture}), "shop")


def refused(folder: Path, fixture: str) -> JourneyError:
    with pytest.raises(JourneyError) as error:
        shop_with(folder, fixture)
    return error.value


def test_an_unknown_field_is_named_with_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, '{\n  "about": "a shop",\n  "custmer": {"id": "C-1"}\n}')
    assert error.where == "shop/fixtures/base.json:3"
    assert "'custmer'" in error.message
    assert "customer" in error.hint


def test_an_invalid_clock_is_reported_as_a_mistake_of_the_fixture(tmp_path: Path) -> None:
    error = refused(tmp_path, '{\n"clock": "10 March"}')
    assert "'10 March'" in error.message
    assert error.where == "shop/fixtures/base.json:2"
    assert "2026-03-10T10:00:00+01:00" in error.hint


def test_a_fixture_that_is_not_an_object_is_refused(tmp_path: Path) -> None:
    assert "not a fixture" in refused(tmp_path, "[1, 2]").message


def test_all_fields_are_optional(tmp_path: Path) -> None:
    setup = shop_with(tmp_path, "{}").fixtures["base"].setup
    assert (setup.agent, setup.fixture, setup.customer, setup.channel) == ("shop", "base", {}, "chat")


@pytest.mark.parametrize("fixture", ['{"about": 5}', '{"world": []}'])
def test_a_field_of_the_wrong_type_is_refused(tmp_path: Path, fixture: str) -> None:
    assert "about must be a string" in refused(tmp_path, fixture).message


def test_code_below_a_folder_named_workbench_is_found(tmp_path: Path) -> None:
    root = write(tmp_path / ".workbench" / "journeys", shop_files())
    assert "shop/agent.py" in file_hashes(root, "shop")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, shop_files())
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "persona.md":
            raise PermissionError(13, "Permission denied")
        if path.name == "manual.md":
            raise FileNotFoundError(2, "gone")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(JourneyError, match="Permission denied") as error:
        file_hashes(root, "shop")
    assert error.value.where == "shop/persona.md"
