"""Create models by name."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..authoring.agent import Agent
from ..engine.model import Model
from ..engine.model_params import ModelParams
from ..errors import UsageError
from .rehearsal import RehearsalModel

REHEARSAL, CLAUDE = "rehearsal", "claude"
API = "https://api.anthropic.com"  # the SDK's default


def make_model(name: str, agent: Agent, params: ModelParams | None = None) -> Model:
    """Return the model called `name`: "rehearsal", "claude" (the default model) or the id of a Claude model.

    `params` are for a live model; the rehearsal is a script.
    """
    if name == REHEARSAL:
        return RehearsalModel(agent)
    from .claude import configured  # the SDK costs 1.4 s and 74 MB: imported only for a live model

    return configured("" if name == CLAUDE else name, params or ModelParams())


def validate_model_name(name: str, where: str = "") -> str:
    """Return the model name as given. Raises UsageError for an invalid one."""
    if name in (REHEARSAL, CLAUDE) or name.startswith("claude-"):
        return name
    if os.environ.get("ANTHROPIC_BASE_URL") and name:
        return name  # another server may use any model name
    raise UsageError(
        f"unknown model {name!r}",
        where=where,
        hint="choose rehearsal, claude, or the id of a Claude model; with ANTHROPIC_BASE_URL any id",
    )


def resolve_model(asked: str, configured: str, where: str = "") -> str:
    """Return the option, else the setting, else claude if there are credentials, else the rehearsal.

    `where` is the line of the setting.
    """
    if asked or configured:
        return validate_model_name(asked or configured, "" if asked else where)
    return CLAUDE if credentials_likely() else REHEARSAL


def project_model(config: dict[str, Any]) -> str:
    """Return the live model in the project's settings, "" if there is none."""
    from .claude import DEFAULT_MODEL

    return {REHEARSAL: "", CLAUDE: DEFAULT_MODEL}.get(name := str(config.get("model", "")), name)


def server() -> str:
    """Return the host of the live model's server, with a port that is not the default."""
    base = urlsplit(os.environ.get("ANTHROPIC_BASE_URL") or API)
    try:
        port = base.port
    except ValueError:
        port = None
    usual = port in (None, {"http": 80, "https": 443}.get(base.scheme))
    return (base.hostname or "") + ("" if usual else f":{port}")


def credentials_likely() -> bool:
    """Return whether there seem to be credentials, without loading the SDK (1.4 s).

    Checks environment variables and the SDK's profile folder only; `doctor` uses the SDK itself.
    Raises UsageError if the folder cannot be read.
    """
    names = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")
    if any(os.environ.get(name) for name in names):
        return importlib.util.find_spec("anthropic") is not None
    home = os.environ.get("ANTHROPIC_CONFIG_DIR") or str(Path.home() / ".config" / "anthropic")
    try:
        return Path(home, "credentials").is_dir() or Path(home, "configs").is_dir()
    except OSError as error:
        raise UsageError(
            f"cannot look for credentials: {error.strerror}", where=home,
            hint="make the folder readable, or choose a model: --model rehearsal",
        ) from None  # fmt: skip
