"""Writes a configuration as TOML that `read` reads back to the same."""

import json
from collections.abc import Iterable
from datetime import timedelta

from pydantic import BaseModel

from service.configuration.read import Configuration


def _value(value: object) -> str:
    if isinstance(value, BaseModel):
        given = ((key, one) for key, one in dict(value).items() if one is not None)
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in given) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, timedelta):
        return f'"{int(value.total_seconds())}s"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    # JSON's string form is TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _entry(noun: str, entry: BaseModel) -> Iterable[str]:
    yield f"[[{noun}]]"
    fields = dict(entry)
    settings = fields.pop("settings", {})
    for key, value in fields.items():
        if value is not None:
            yield f"{key} = {_value(value)}"
    if settings:
        yield f"[{noun}.settings]"
        for key, value in settings.items():
            yield f"{_value(key)} = {_value(value)}"
    yield ""


def written(configuration: Configuration) -> str:
    """Return the configuration as TOML."""
    lines = [line for noun, entries in dict(configuration).items() for entry in entries for line in _entry(noun, entry)]
    return "\n".join(lines)
