"""Read the settings: workbench.toml of the project, then the file of the user."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ..errors import UsageError
from ..runtime.run_settings import ReloadTable, ReplayTable
from ..workspace.settings import THEMES, KeyOverride, Settings

CONFIG = "workbench.toml"


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a string"


def _theme(value: Any) -> str:
    return "" if value in THEMES else f"must be one of {', '.join(THEMES)}"


def _yes_no(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _keys(value: Any) -> str:
    return "" if isinstance(value, dict) else "must be a table: [keys]"


def _replay(value: Any) -> str:
    """Check the table that `runtime/run_settings.py` reads."""
    try:
        msgspec.convert(value, ReplayTable)
    except msgspec.ValidationError as error:
        return f'must be like environment = {{ SHOP = "berlin" }}, data = ["prices"]: {error}'
    return ""


def _reload(value: Any) -> str:
    """Check the table that `runtime/run_settings.py` reads."""
    try:
        msgspec.convert(value, ReloadTable)
    except msgspec.ValidationError as error:
        return f'must be like ignore = ["shop/cache/*"]: {error}'
    return ""


def _key(value: Any) -> str:
    many = value if isinstance(value, list) else [value]
    return "" if all(isinstance(one, str) for one in many) else "must be a key, or a list of keys"


SETTINGS: dict[str, Callable[[Any], str]] = {  # a check that returns what is wrong with a value, or ""
    "agent": _text,
    "model": _text,
    "theme": _theme,
    "mouse": _yes_no,
    "keys": _keys,
    "replay": _replay,
    "reload": _reload,
}
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
            raise UsageError(f"unknown setting {key!r}", where=where, hint=f"settings: {', '.join(known)}")
        if wrong := SETTINGS[key](value):
            raise UsageError(f"{key} {wrong}", where=where)
    keys, found["keys"] = found.get("keys", {}), {}
    for id, value in keys.items():
        where = f"{name}:{_line(text, 'keys', id)}"
        if wrong := _key(value):
            raise UsageError(f"{id} {wrong}", where=where, hint='for example: annotate = "m"')
        many = value if isinstance(value, list) else [value]
        found["keys"][id] = KeyOverride(tuple(one for one in many if one), where)
    return found


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


def _line(text: str, section: str, key: str) -> int:
    """Find the line that sets a key of a section; 1 if there is none."""
    now = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            now = head[1]
            if not section and now == key:
                return number
        elif now == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return 1
