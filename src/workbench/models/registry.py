"""Create models by name."""

from __future__ import annotations

import importlib.util
import os
from typing import Any
from urllib.parse import urlsplit

from ..authoring.agent import Agent
from ..engine.model import Model
from ..engine.model_params import ModelParams
from ..errors import UsageError
from .credentials import API, find_credentials
from .pricing import PRICES
from .rehearsal import RehearsalModel

REHEARSAL, CLAUDE = "rehearsal", "claude"


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
    """Return whether there seem to be credentials, without loading the SDK (1.5 s). Raises UsageError."""
    found = find_credentials()
    if found.problem:
        hint = "fix it, or choose a model: --model rehearsal"
        raise UsageError(f"cannot look for credentials: {found.problem}", hint=hint)
    return bool(found.source) and importlib.util.find_spec("anthropic") is not None


def known_models() -> tuple[str, ...]:
    """Return the names to suggest: the rehearsal, the default model, and the current model of each family."""
    families = {name.split("-")[1]: name for name in reversed(PRICES)}  # the newest of each comes first there
    return (REHEARSAL, CLAUDE, *reversed(families.values()))


def model_note(name: str) -> str:
    """Describe where a model is asked, and with which credentials."""
    if name == REHEARSAL:
        return "a script that you wrote; it has no parameters"
    found = find_credentials()
    if found.problem or not found.source:
        return f"no credentials: {found.problem or 'set ANTHROPIC_API_KEY; workbench doctor looks for them'}"
    return f"asks {found.server} with the credentials of {found.source}"


def model_problem(name: str) -> str:
    """Explain why a name cannot be a model; "" if it can."""
    try:
        validate_model_name(name)
    except UsageError as error:
        return f"{error.message}; {error.hint}"
    return ""
