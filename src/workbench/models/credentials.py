"""Find the credentials of a live model where the SDK looks for them, without loading it (1.5 s).

No secret is returned. The order is that of the SDK: environment variables, a named
profile, workload identity, the active profile, and headers in the environment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

API = "https://api.anthropic.com"  # the SDK's default
FEDERATION = ("ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID")
IDENTITY = ("ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE")
SECRET_HEADERS = ("authorization", "x-api-key")


class Credentials(msgspec.Struct, frozen=True):
    """The `source` of the credentials, "" if there are none, and the `server` that would be asked.

    `problem` explains why they cannot be used.
    """

    source: str = ""
    server: str = API
    problem: str = ""


def find_credentials() -> Credentials:
    """Find the credentials and the server."""
    try:
        source, profile = _find()
        config = _read_profile(profile) if profile else {}
    except OSError as error:
        return Credentials(problem=f"{_folder()} cannot be read: {error.strerror}")
    except (ValueError, msgspec.DecodeError) as error:
        return Credentials(problem=str(error))
    url = os.environ.get("ANTHROPIC_BASE_URL") or str(config.get("base_url") or API)
    server = _without_secrets(url)
    return Credentials(source, server or url.split("@")[-1], "" if server else "ANTHROPIC_BASE_URL is not a URL")


def _find() -> tuple[str, str]:
    """Return the source of the credentials and, if it is a profile, its name."""
    env = os.environ.get
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        if env(name):
            return name, ""
    if profile := env("ANTHROPIC_PROFILE"):
        return f"profile {profile} (ANTHROPIC_PROFILE)", profile
    if all(map(env, FEDERATION)) and any(map(env, IDENTITY)):
        return "workload identity", ""
    pointer = _folder() / "active_config"
    active = pointer.read_text("utf-8").strip() if pointer.is_file() else ""
    if active or _file(active or "default").is_file():
        return f"profile {active or 'default'}", active or "default"
    headers = {
        line.partition(":")[0].strip().lower() for line in (env("ANTHROPIC_CUSTOM_HEADERS") or "").split("\n")
    }
    return ("ANTHROPIC_CUSTOM_HEADERS" if headers & set(SECRET_HEADERS) else ""), ""


def _folder() -> Path:
    """Return the folder of the SDK's profiles."""
    if chosen := os.environ.get("ANTHROPIC_CONFIG_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "Anthropic"
    return Path.home() / ".config" / "anthropic"


def _file(profile: str) -> Path:
    """Return the file of a profile. Raises ValueError for a name that is not one."""
    if profile != profile.strip() or profile.startswith(".") or set("/\\\0") & set(profile):
        raise ValueError(f"{profile!r} is not a valid name of a profile")
    return _folder() / "configs" / f"{profile}.json"


def _read_profile(profile: str) -> dict[str, Any]:
    """Read the settings of a profile; the file contains no secret. Raises ValueError if there is none."""
    path = _file(profile)
    if not path.is_file():
        raise ValueError(f"profile {profile}: {path} does not exist")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"profile {profile}: {path} is not valid JSON: {error}") from None


def _without_secrets(url: str) -> str:
    """Return the scheme, host and port of a URL; "" if it has none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return (
        f"{parts.scheme}://{parts.hostname}{port}" if parts.scheme in ("http", "https") and parts.hostname else ""
    )
