"""Kinds of rule: found by name, checked before use."""

import pytest

from alerts import registry
from alerts.errors import RuleError
from alerts.types import RuleKind
from tests import make


@pytest.mark.parametrize("kind", RuleKind)
def test_every_kind_can_be_checked_with_no_settings(kind: RuleKind) -> None:
    registry.check_settings(kind, {})

    assert registry.checker(kind)(make.rule(kind=kind), []) == []


@pytest.mark.parametrize("kind", RuleKind)
def test_every_setting_accepts_its_own_example_and_choices(kind: RuleKind) -> None:
    for setting in registry.settings_of(kind):
        for value in (setting.example, *setting.choices):
            registry.check_settings(kind, {setting.key: value})


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"threshold": 1.01}, "threshold"),
        ({"threshold": -0.1}, "threshold"),
        ({"threshold": "high"}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"min_level": 0}, "min_level"),
        ({"min_level": 1.5}, "min_level"),
        ({"languages": "Klingon language"}, "languages"),
        ({"treshold": 0.5}, "treshold"),
    ],
)
def test_wrong_settings_name_the_field_and_the_remedy(settings: dict[str, float | str], field: str) -> None:
    with pytest.raises(RuleError, match=rf"^{field}: .*(write|known are)") as raised:
        registry.check_settings(RuleKind.ANGRY_MENTION, settings)

    assert raised.value.field == field


def test_an_unknown_kind_names_the_known_ones() -> None:
    assert registry.kind_named("angry_mention") is RuleKind.ANGRY_MENTION
    with pytest.raises(RuleError, match="known are angry_mention"):
        registry.kind_named("calm_mention")
