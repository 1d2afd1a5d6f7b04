"""Check the settings as the screens do."""

from __future__ import annotations

from ..models.registry import validate_model_name
from ..store.config import merge_settings
from ..store.project import Project
from ..workspace.settings import Settings


def checked_settings(project: Project) -> Settings:
    """Return the settings. Raises UsageError, with file and line, if the workbench would not start with them."""
    settings = merge_settings(project.config)
    if project.model:
        validate_model_name(project.model, project.model_where)
    if project.config.get("agent"):
        project.agent()
    if settings.keys:
        from ..tui.actions import check_overrides  # Textual is needed only for keys

        check_overrides(settings.keys)
    return settings
