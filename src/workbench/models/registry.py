"""Which model speaks: the rehearsal, or Claude."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..authoring.agent import Agent
from ..engine.model import Model
from ..errors import UsageError
from .rehearsal import RehearsalModel

REHEARSAL, CLAUDE = "rehearsal", "claude"
API = "https://api.anthropic.com"  # where the SDK asks if it is not told otherwise


def make_model(name: str, agent: Agent) -> Model:
    """The model called `name`: "rehearsal", "claude" (its default) or the id of a Claude model."""
    if name == REHEARSAL:
        return RehearsalModel(agent)
    from .claude import Claude  # the SDK costs 1.4 s and 74 MB: only where a live model is chosen

    return Claude() if name == CLAUDE else Claude(name)


def validate_model_name(name: str) -> str:
    """A model's name as the user gave it; raises UsageError for what cannot be one."""
    if name in (REHEARSAL, CLAUDE) or name.startswith("claude-"):
        return name
    if os.environ.get("ANTHROPIC_BASE_URL") and name:
        return name  # a server of the user's own may call its models anything
    raise UsageError(
        f"there is no model {name!r}",
        next="choose rehearsal, claude, or the id of a Claude model; with ANTHROPIC_BASE_URL any id",
    )


def resolve_model(asked: str, configured: str) -> str:
    """By option, else by configuration, else claude where there are credentials, else the rehearsal."""
    for name in (asked, configured):
        if name:
            return validate_model_name(name)
    return CLAUDE if credentials_likely() else REHEARSAL


def project_model(config: dict[str, Any]) -> str:
    """The live model that a project names in its settings, "" for none."""
    from .claude import DEFAULT_MODEL

    return {REHEARSAL: "", CLAUDE: DEFAULT_MODEL}.get(name := str(config.get("model", "")), name)


def server() -> str:
    """Whom a live model would be asked at: the host, with its port where that is not the usual one."""
    base = urlsplit(os.environ.get("ANTHROPIC_BASE_URL") or API)
    try:
        port = base.port
    except ValueError:
        port = None
    usual = port in (None, {"http": 80, "https": 443}.get(base.scheme))
    return (base.hostname or "") + ("" if usual else f":{port}")


def credentials_likely() -> bool:
    """Whether a credential seems to be there, told without loading the SDK (it costs 1.4 s).

    Only signs are looked for: variables, and the SDK's profile folder. `doctor` asks the SDK itself.
    """
    names = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")
    if any(os.environ.get(name) for name in names):
        return importlib.util.find_spec("anthropic") is not None
    home = os.environ.get("ANTHROPIC_CONFIG_DIR") or str(Path.home() / ".config" / "anthropic")
    return Path(home, "credentials").is_dir() or Path(home, "configs").is_dir()
