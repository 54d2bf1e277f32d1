"""What fires, what does not, and what the reason says."""

import pytest

from alerts.errors import RuleError
from alerts.rules.angry_mention import check
from alerts.types import BrandId, MentionId, RuleId, StoryId
from tests import make


def test_an_angry_mention_fires_once_with_its_group_key_and_numbers() -> None:
    mention = make.judged_mention(brand_id=BrandId(4), story_id=StoryId(9), version=3)

    [alert] = check(make.rule(id=RuleId(2)), [mention])

    assert alert.group_key == "2|4|9"
    assert (alert.rule_id, alert.mention_id, alert.version) == (2, mention.id, 3)
    assert alert.reason.code == "angry"
    assert alert.reason.values == {"anger": 0.97, "level": 2, "language": "en"}


def test_a_calm_mention_is_silent() -> None:
    assert check(make.rule(), [make.judged_mention(analysis=make.analysis())]) == []


def test_a_deleted_mention_never_fires() -> None:
    assert check(make.rule(settings={"threshold": 0}), [make.judged_mention(deleted=True)]) == []


def test_a_rule_of_another_brand_is_silent() -> None:
    assert check(make.rule(brand_id=BrandId(2)), [make.judged_mention(brand_id=BrandId(1))]) == []


def test_alerts_come_in_the_order_of_the_window() -> None:
    window = [make.judged_mention(id=MentionId(n)) for n in (5, 3, 8)]

    assert [alert.mention_id for alert in check(make.rule(), window)] == [5, 3, 8]


@pytest.mark.parametrize(("anger", "fires"), [(0.59, False), (0.6, True), (0.9, True)])
def test_a_threshold_takes_the_place_of_the_languages_own(anger: float, fires: bool) -> None:
    verdict = make.analysis(anger=anger, angry=False)

    alerts = check(make.rule(settings={"threshold": "0.6"}), [make.judged_mention(analysis=verdict)])

    assert bool(alerts) is fires
    for alert in alerts:
        assert alert.reason.code == "anger_threshold"
        assert alert.reason.values["threshold"] == 0.6


@pytest.mark.parametrize(("min_level", "fires"), [(1, True), (2, False)])
def test_a_level_takes_the_place_of_the_languages_own(min_level: int, fires: bool) -> None:
    verdict = make.analysis(anger=0.4, anger_level=1)

    alerts = check(make.rule(settings={"min_level": min_level}), [make.judged_mention(analysis=verdict)])

    assert bool(alerts) is fires


def test_threshold_and_level_must_both_be_reached() -> None:
    verdict = make.analysis(anger=0.9, anger_level=1)

    assert check(make.rule(settings={"threshold": 0.5, "min_level": 2}), [make.judged_mention(analysis=verdict)]) == []


@pytest.mark.parametrize(
    ("languages", "language", "fires"),
    [
        ("th", "en", False),
        ("TH , en", "en", True),
        ("zh", "zh-Hant", True),
        ("zh-hans", "zh-Hant", False),
        ("zh-Hans", "zh-Hans", True),
        ("z", "zh-Hant", None),
        ("", "en", None),
    ],
)
def test_languages_narrow_a_rule(languages: str, language: str, fires: bool | None) -> None:
    window = [make.judged_mention(analysis=make.analysis(angry=True, language=language))]
    rule = make.rule(settings={"languages": languages})

    if fires is None:
        with pytest.raises(RuleError, match="languages"):
            check(rule, window)
    else:
        assert bool(check(rule, window)) is fires
