"""Files below .workbench/ are private, and a link with the name of a temporary file is not followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.files import write_atomically
from workbench.store.failures import Failures
from workbench.store.project import Project
from workbench.store.session_log import SessionLogs


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".workbench" / "sessions").mkdir(parents=True)
    return Project(tmp_path)


def test_the_workspace_with_unsent_text_is_private(project: Project) -> None:
    SessionLogs(project.state, project.transcripts).save_workspace(b'{"draft": "unsent"}')
    (file,) = project.state.glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_list_of_last_failures_is_private(project: Project) -> None:
    Failures(project).update(["transcripts/a.json"], [])
    Failures(project).update(["transcripts/b.json"], [])
    assert (project.state / "failed.json").stat().st_mode & 0o777 == 0o600


def test_a_new_state_folder_is_private(tmp_path: Path) -> None:
    project = Project(tmp_path)
    Failures(project).update(["transcripts/a.json"], [])
    assert project.state.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_a_temporary_file_is_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "file.json"
    victim.write_text("precious")
    (tmp_path / f".file.json.{os.getpid()}.tmp").symlink_to(victim)
    write_atomically(path, b"new")
    assert victim.read_text() == "precious"
    assert path.read_bytes() == b"new"
    assert not path.is_symlink()
