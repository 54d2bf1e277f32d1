"""The kinds of rule: the module that checks each, imported on use, and the settings each takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from alerts.errors import RuleError
from alerts.rules import values
from alerts.types import RuleChecker, RuleKind
from collectors.types import Setting


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """One setting and what reads it."""

    setting: Setting
    #: Called with all settings and the key. Raises RuleError.
    read: Callable[[Mapping[str, values.Value], str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of rule."""

    #: module:attribute of its RuleChecker
    checker: str
    settings: tuple[Declared, ...]


KINDS: Mapping[RuleKind, Kind] = {
    RuleKind.ANGRY_MENTION: Kind(
        checker="alerts.rules.angry_mention:check",
        settings=(
            Declared(
                setting=Setting(
                    key="threshold",
                    description="Fire from this probability of anger, 0 to 1, in place of the language's own threshold",
                    example="0.8",
                ),
                read=values.share,
            ),
            Declared(
                setting=Setting(
                    key="min_level",
                    description="Fire from this anger level: 1 is displeased, 2 is angry",
                    example="2",
                    choices=("1", "2"),
                ),
                read=values.level,
            ),
            Declared(
                setting=Setting(
                    key="languages",
                    description="Only mentions in these languages, with commas between",
                    example="zh-Hant, th",
                ),
                read=values.languages,
            ),
        ),
    ),
}


def kind_named(name: str) -> RuleKind:
    """Return the kind of this name. Raises RuleError."""
    try:
        return RuleKind(name)
    except ValueError:
        raise RuleError("kind", f"there is no rule kind {name!r}; known are {', '.join(RuleKind)}") from None


def settings_of(kind: RuleKind) -> tuple[Setting, ...]:
    """Return the settings this kind takes, enough to show a form."""
    return tuple(declared.setting for declared in KINDS[kind].settings)


def check_settings(kind: RuleKind, settings: Mapping[str, values.Value]) -> None:
    """Raise RuleError, naming field and remedy, where the settings cannot be used."""
    declared = {one.setting.key: one for one in KINDS[kind].settings}
    for key in settings:
        if key not in declared:
            raise RuleError(str(key), f"{kind} has no such setting; known are {', '.join(declared)}")
        declared[key].read(settings, key)


def checker(kind: RuleKind) -> RuleChecker:
    """Return the function that checks rules of this kind."""
    module, _, attribute = KINDS[kind].checker.partition(":")
    return cast("RuleChecker", getattr(import_module(module), attribute))
