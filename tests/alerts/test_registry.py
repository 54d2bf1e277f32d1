"""Kinds of rule: found by name, checked before use."""

import pytest

from alerts import registry
from alerts.errors import RuleError
from alerts.registry import Reads
from alerts.types import GroupBy, RuleKind
from tests import make

#: What a kind cannot do without.
NEEDED: dict[RuleKind, dict[str, float | str]] = {RuleKind.KEYWORD: {"query": "refund"}}


@pytest.mark.parametrize("kind", RuleKind)
def test_every_kind_can_be_checked_with_what_it_needs_alone(kind: RuleKind) -> None:
    needed = NEEDED.get(kind, {})
    registry.check_settings(kind, needed)
    rule = make.rule(kind=kind, settings=needed)

    if registry.reads(kind) is Reads.MENTIONS:
        assert registry.mention_checker(kind)(rule, []) == []
    else:
        assert registry.traffic_checker(kind)(rule, make.traffic()) == []


@pytest.mark.parametrize("kind", RuleKind)
def test_every_setting_accepts_its_own_example_and_choices(kind: RuleKind) -> None:
    for setting in registry.settings_of(kind):
        for value in (setting.example, *setting.choices):
            registry.check_settings(kind, {**NEEDED.get(kind, {}), setting.key: value})


@pytest.mark.parametrize("kind", RuleKind)
def test_every_kind_groups_its_own_way_and_refuses_what_it_cannot(kind: RuleKind) -> None:
    own = registry.check_group(kind, None)
    assert registry.check_group(kind, own) is own
    for group_by in set(GroupBy) - set(registry.KINDS[kind].groups):
        with pytest.raises(RuleError, match=r"^group_by: .* write one of"):
            registry.check_group(kind, group_by)


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
        ({"thresholds": "th 2"}, "thresholds"),
        ({"thresholds": "0.5"}, "thresholds"),
        ({"treshold": 0.5}, "treshold"),
    ],
)
def test_wrong_settings_name_the_field_and_the_remedy(settings: dict[str, float | str], field: str) -> None:
    with pytest.raises(RuleError, match=rf"^{field}: .*(write|known are)") as raised:
        registry.check_settings(RuleKind.ANGRY_MENTION, settings)

    assert raised.value.field == field
