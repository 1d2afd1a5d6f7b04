"""Check the values of the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..engine.model_params import ModelParams, invalid_params
from ..runtime.run_settings import ReloadTable, ReplayTable
from ..suggest import did_you_mean
from ..workspace.settings import THEMES

Wrong = Mapping[str, str]  # what is wrong with a setting: by the key in its table, "" for all of it


def _text(value: Any) -> Wrong:
    return {} if isinstance(value, str) else {"": "must be a string"}


def _theme(value: Any) -> Wrong:
    return {} if value in THEMES else {"": f"must be one of {', '.join(THEMES)}"}


def _yes_no(value: Any) -> Wrong:
    return {} if isinstance(value, bool) else {"": "must be true or false"}


def _keys(value: Any) -> Wrong:
    if not isinstance(value, dict):
        return {"": "must be a table: [keys]"}
    problem = 'must be a key, or a list of keys, for example "m"'
    return {id: problem for id, keys in value.items() if not _is_key(keys)}


def _is_key(value: Any) -> bool:
    return all(isinstance(one, str) for one in (value if isinstance(value, list) else [value]))


def _model(value: Any) -> Wrong:
    """Check the name of a model, or the table with its name and parameters."""
    if isinstance(value, str):
        return {}
    if not isinstance(value, dict):
        return {"": 'must be a name, or a table: [model] with name = "claude"'}
    known = ("name", *ModelParams.__struct_fields__)
    others = f"use {', '.join(known)}"
    wrong = {key: f"is unknown; {did_you_mean(key, known, others)}" for key in value if key not in known}
    if not isinstance(value.get("name", ""), str):
        wrong["name"] = "must be a string"
    return wrong or invalid_params(value)


def _table(kind: type[ReplayTable | ReloadTable], example: str) -> Callable[[Any], Wrong]:
    """Return a check of a table that `runtime/run_settings.py` reads."""

    def check(value: Any) -> Wrong:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            at = re.search(r"\$\.(\w+)", str(error))
            return {at[1] if at else "": f"must be like {example}: {error}"}
        return {}

    return check


SETTINGS: dict[str, Callable[[Any], Wrong]] = {
    "agent": _text,
    "model": _model,
    "theme": _theme,
    "mouse": _yes_no,
    "keys": _keys,
    "replay": _table(ReplayTable, 'environment = { SHOP = "berlin" }, data = ["prices"]'),
    "reload": _table(ReloadTable, 'ignore = ["shop/cache/*"]'),
}
