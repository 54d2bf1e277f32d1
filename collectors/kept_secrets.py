"""Secrets of sources that are kept outside the database: a setting says where, and they are read when they are used.

secret = "env:EARSHOT_SECRET_LINE" stands for that variable, or for the file that EARSHOT_SECRET_LINE_FILE names.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from collectors.errors import SettingError
from collectors.registry import settings_of
from collectors.types import Source

#: Variables with this prefix are nobody's but ours to read: a setting must not lead to any other.
PREFIX = "EARSHOT_SECRET_"
_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


def with_secrets(source: Source, environment: Mapping[str, str] | None = None) -> Source:
    """Return the source with the secrets that are kept elsewhere. Raises SettingError for one that is not there."""
    settings = revealed(source.kind, source.settings, environment)
    return source if settings == source.settings else replace(source, settings=settings)


def revealed(kind: str, settings: Mapping[str, str], environment: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Return the settings with the secrets that are kept elsewhere. Raises SettingError for one that is not there."""
    secret = {setting.key for setting in settings_of(kind) if setting.secret}
    found = {
        key: _read(key, match[1], os.environ if environment is None else environment)
        for key, value in settings.items()
        if key in secret and (match := _REFERENCE.fullmatch(value.strip()))
    }
    return {**settings, **found} if found else settings


def _read(key: str, name: str, environment: Mapping[str, str]) -> str:
    if not name.startswith(PREFIX):
        raise SettingError(key, f"env:{name} is not read; rename the variable so that it begins with {PREFIX}")
    if value := environment.get(name, "").strip():
        return value
    path = environment.get(f"{name}_FILE", "").strip()
    if not path:
        raise SettingError(key, f"neither {name} nor {name}_FILE is set where Earshot runs; set one of them")
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(key, f"{name}_FILE names {path!r}, which cannot be read: {error}") from error
