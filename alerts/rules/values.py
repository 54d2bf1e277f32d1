"""Reads the values a rule's settings hold. Each refuses what it cannot use with the field and the remedy."""

import math
import re
from collections.abc import Mapping
from datetime import timedelta

from alerts.errors import RuleError

#: A value as a settings file or a form gives it.
Value = float | str

_TAG = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")
WINDOWS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "24h": timedelta(hours=24)}


def share(settings: Mapping[str, Value], field: str) -> float | None:
    """Return a number between 0 and 1, None where it is not set. Raises RuleError."""
    if field not in settings:
        return None
    number = _number(settings[field])
    if number is None or not 0 <= number <= 1:
        raise RuleError(field, f"{settings[field]!r} is not a number between 0 and 1; write one such as 0.8")
    return number


def shares(settings: Mapping[str, Value], field: str) -> Mapping[str, float]:
    """Return a number between 0 and 1 for each language named, such as `zh-Hant 0.7, th 0.6`. Raises RuleError."""
    found: dict[str, float] = {}
    for part in str(settings[field]).split(",") if field in settings else ():
        tag, _, given = part.strip().replace(":", " ").rpartition(" ")
        tag, number = tag.strip().lower(), _number(given)
        if not _TAG.fullmatch(tag) or number is None or not 0 <= number <= 1:
            raise RuleError(
                field,
                f"{part.strip()!r} is no language with a number between 0 and 1; "
                "write pairs with commas between, such as zh-Hant 0.7, th 0.6",
            )
        found[tag] = number
    return found


def level(settings: Mapping[str, Value], field: str) -> int | None:
    """Return an anger level, None where it is not set. Raises RuleError."""
    if field not in settings:
        return None
    number = _number(settings[field])
    if number not in (1, 2):
        raise RuleError(field, f"{settings[field]!r} is no level that can fire; write 1 (displeased) or 2 (angry)")
    return int(number)


def count(settings: Mapping[str, Value], field: str, *, default: int) -> int:
    """Return a whole number from 1 to a billion. Raises RuleError."""
    if field not in settings:
        return default
    number = _number(settings[field])
    if number is None or number != int(number) or not 1 <= number <= 10**9:
        raise RuleError(field, f"{settings[field]!r} is no whole number from 1; write one such as {default}")
    return int(number)


def number(settings: Mapping[str, Value], field: str, *, least: float, most: float, default: float) -> float:
    """Return a number within bounds. Raises RuleError."""
    if field not in settings:
        return default
    found = _number(settings[field])
    if found is None or not least <= found <= most:
        raise RuleError(
            field, f"{settings[field]!r} is no number between {least:g} and {most:g}; write one such as {default:g}"
        )
    return found


def window(settings: Mapping[str, Value], field: str, *, default: str) -> timedelta:
    """Return one of the spans of time a rule can look at. Raises RuleError."""
    given = str(settings.get(field, default)).strip()
    if given not in WINDOWS:
        raise RuleError(field, f"{given!r} is no span of time a rule looks at; write one of {', '.join(WINDOWS)}")
    return WINDOWS[given]


def choice(settings: Mapping[str, Value], field: str, choices: tuple[str, ...], *, default: str) -> str:
    """Return one of the choices. Raises RuleError."""
    given = str(settings.get(field, default)).strip()
    if given not in choices:
        raise RuleError(field, f"{given!r} is no choice here; write one of {', '.join(choices)}")
    return given


def languages(settings: Mapping[str, Value], field: str) -> tuple[str, ...] | None:
    """Return lower-case language tags, None where it is not set. Raises RuleError."""
    if field not in settings:
        return None
    tags = tuple(tag.strip().lower() for tag in str(settings[field]).split(","))
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise RuleError(field, f"{tag!r} is not a language; write tags with commas between, such as zh-Hant, th")
    return tags


def speaks(language: str, tags: tuple[str, ...]) -> bool:
    """Whether one of the tags names the language: `zh` names both scripts, `zh-hant` only one."""
    language = language.lower()
    return any(language == tag or language.startswith(f"{tag}-") for tag in tags)


def of_language(language: str, given: Mapping[str, float]) -> float | None:
    """Return what is given for a language; the narrower tag wins. None: nothing is."""
    fitting = [tag for tag in given if speaks(language, (tag,))]
    return given[max(fitting, key=len)] if fitting else None


def _number(value: Value) -> float | None:
    """Return a finite number; None for anything else. TOML's `true` is not one."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
