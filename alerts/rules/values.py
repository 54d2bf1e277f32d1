"""Reads the values a rule's settings hold. Each refuses what it cannot use with the field and the remedy."""

import math
import re
from collections.abc import Mapping

from alerts.errors import RuleError

#: A value as a settings file or a form gives it.
Value = float | str

_TAG = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")


def share(settings: Mapping[str, Value], field: str) -> float | None:
    """Return a number between 0 and 1, None where it is not set. Raises RuleError."""
    if field not in settings:
        return None
    number = _number(settings[field])
    if number is None or not 0 <= number <= 1:
        raise RuleError(field, f"{settings[field]!r} is not a number between 0 and 1; write one such as 0.8")
    return number


def level(settings: Mapping[str, Value], field: str) -> int | None:
    """Return an anger level, None where it is not set. Raises RuleError."""
    if field not in settings:
        return None
    number = _number(settings[field])
    if number not in (1, 2):
        raise RuleError(field, f"{settings[field]!r} is no level that can fire; write 1 (displeased) or 2 (angry)")
    return int(number)


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


def _number(value: Value) -> float | None:
    """Return a finite number; None for anything else. TOML's `true` is not one."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
