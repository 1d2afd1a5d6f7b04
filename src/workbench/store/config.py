"""Read the settings: workbench.toml of the project, then the file of the user."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ..engine.model_params import ModelParams
from ..errors import TranscriptError, UsageError
from ..files import write_atomically
from ..suggest import did_you_mean
from ..workspace.settings import KeyOverride, Settings
from .setting_checks import SETTINGS

CONFIG = "workbench.toml"


USER_SETTINGS = ("theme", "mouse", "keys")  # the settings that the user's own file may contain

USER_KEYS = {"run_code"}  # a folder of somebody else could put it on a key that everybody presses


def user_file() -> Path:
    """Return the path of the user's own settings; the file may not exist."""
    from platformdirs import user_config_path

    return user_config_path("workbench", appauthor=False) / "config.toml"


def user_state_folder() -> Path:
    """Return the folder of what Workbench remembers for the user; it may not exist."""
    from platformdirs import user_state_path

    return user_state_path("workbench", appauthor=False)


def read_settings_file(path: Path, known: tuple[str, ...] = tuple(SETTINGS)) -> dict[str, Any]:
    """Read the settings of a file; {} if there is none. Raises UsageError with file and line."""
    if not path.is_file():
        return {}
    import msgspec.toml  # most projects have no such file, and replay must start fast

    name = str(path) if path.name != CONFIG else path.name
    try:
        text = path.read_text("utf-8-sig")
        found: dict[str, Any] = msgspec.toml.decode(text)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=name) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{name}:{line[1]}" if line else name
        raise UsageError(f"not TOML: {error}", where=where, hint="fix the line") from None
    for key, value in found.items():
        where = f"{name}:{_line(text, '', key)}"
        if key not in known:
            hint = did_you_mean(key, known, f"settings: {', '.join(known)}")
            raise UsageError(f"unknown setting {key!r}", where=where, hint=hint)
        for inner, problem in SETTINGS[key](value).items():
            where = f"{name}:{_line(text, key if inner else '', inner or key)}"
            raise UsageError(f"{f'{key}.{inner}' if inner else key} {problem}", where=where)
    model = _model_settings(found)
    if "model" in found:
        place = ("model", "name") if isinstance(found["model"], dict) else ("", "model")
        model["model_where"] = f"{name}:{_line(text, *place)}"
    if "agent" in found:
        model["agent_where"] = f"{name}:{_line(text, '', 'agent')}"
    return found | model | {"keys": _overrides(found.get("keys", {}), name, text)}


def _model_settings(found: dict[str, Any]) -> dict[str, Any]:
    """Return the name of the model, "" if there is none, and its `params`."""
    chosen = found.get("model", "")
    if isinstance(chosen, str):
        return {"model": chosen}
    rest = {key: value for key, value in chosen.items() if key != "name"}
    return {"model": chosen.get("name", ""), "params": ModelParams(**rest)}


def _overrides(keys: dict[str, Any], name: str, text: str) -> dict[str, KeyOverride]:
    """Return the configured keys by the id of their action."""
    lists = {id: value if isinstance(value, list) else [value] for id, value in keys.items()}
    return {
        id: KeyOverride(tuple(key for key in many if key), f"{name}:{_line(text, 'keys', id)}")
        for id, many in lists.items()
    }


def merge_settings(project: dict[str, Any]) -> Settings:
    """Merge the settings of the project and of the user; the project wins. Raises UsageError."""
    for id in USER_KEYS & project.get("keys", {}).keys():
        where = project["keys"][id].where
        raise UsageError(f"a project cannot choose the key of {id}", where=where, hint=f"set it in {user_file()}")
    own = read_settings_file(user_file(), USER_SETTINGS)
    both = {**own, **project}
    return Settings(
        theme=str(both.get("theme", "")),
        mouse=bool(both.get("mouse", True)),
        keys={**own.get("keys", {}), **project.get("keys", {})},
    )


def keep_theme(theme: str, project: dict[str, Any]) -> str:
    """Write the theme to the user's own settings; returns where it is kept, or what overrides it."""
    if os.environ.get("WORKBENCH_THEME"):
        return "WORKBENCH_THEME is set: it applies again at the next start"
    if "theme" in project:
        return f"{CONFIG} sets another theme: it applies again at the next start"
    path, line = user_file(), f'theme = "{theme}"'
    try:
        text = path.read_text("utf-8-sig") if path.is_file() else ""
        tables = re.search(r"(?m)^[ \t]*\[", text)
        head, rest = (text[: tables.start()], text[tables.start() :]) if tables else (text, "")
        head, found = re.subn(r"(?m)^[ \t]*theme[ \t]*=.*$", line, head, count=1)
        head = head if found else f"{line}\n{head}"
        write_atomically(path, (head + rest).encode())
    except (OSError, UnicodeDecodeError, TranscriptError) as error:
        return f"not kept: {getattr(error, 'strerror', '') or error}"
    return f"kept in {path}"


def _line(text: str, section: str, key: str) -> int:
    """Find the line that sets a key of a section, else the line of the section; 1 if there is none."""
    table, around = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            table = head[1]
            if table == (section or key):
                around = number
            continue
        names = re.match(r"\s*([\w.\"' -]+?)\s*=", line)
        path = [*filter(None, table.split(".")), *re.findall(r"[\w-]+", names[1] if names else "")]
        wanted = [section, key] if section else [key]
        if names and path[: len(wanted)] == wanted:
            return number
        if names and section and path[:1] == [section] and table != section:
            around = number  # an inline table
    return around or 1
