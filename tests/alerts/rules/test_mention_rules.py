"""Rules about single mentions: what each flags, what it leaves alone, and why it says so."""

import time

import pytest

from alerts import registry
from alerts.errors import RuleError
from alerts.types import Alert, GroupBy, JudgedMention, RuleKind, Severity, StoryId
from collectors.types import Rating
from tests import make


def checked(kind: RuleKind, mention: JudgedMention, **settings: float | str) -> list[Alert]:
    return registry.mention_checker(kind)(make.rule(kind=kind, settings=settings), [mention])


def key(mention: JudgedMention, group_by: GroupBy) -> str:
    """Return the group key of the alert about a mention."""
    (alert,) = registry.mention_checker(RuleKind.ANGRY_MENTION)(make.rule(group_by=group_by), [mention])
    return alert.group_key


def reason(kind: RuleKind, mention: JudgedMention, **settings: float | str) -> str | None:
    """Return the code of the one alert."""
    found = checked(kind, mention, **settings)
    return found[0].reason.code if found else None


@pytest.mark.parametrize(
    ("value", "scale", "fires"),
    [(1, 5, True), (2, 5, True), (2.5, 5, False), (4, 10, True), (0, 1, True), (1, 1, False)],
)
def test_few_stars_of_any_scale(value: float, scale: float, fires: bool) -> None:
    mention = make.judged_mention(rating=Rating(value=value, scale=scale))

    assert bool(checked(RuleKind.LOW_RATING, mention)) == fires


def test_a_review_without_stars_is_no_low_rating() -> None:
    assert checked(RuleKind.LOW_RATING, make.judged_mention()) == []


def test_a_language_has_its_own_threshold() -> None:
    mention = make.judged_mention(analysis=make.analysis(language="th", anger=0.65))

    assert reason(RuleKind.ANGRY_MENTION, mention, threshold=0.7) is None
    assert reason(RuleKind.ANGRY_MENTION, mention, threshold=0.7, thresholds="zh 0.9, th 0.6") == "anger_threshold"


KIND = {"complaint": 0.1, "attack": 0.1, "question": 0.1, "praise": 0.1, "promotion": 0.1, "other": 0.0}


@pytest.mark.parametrize(
    ("text", "threat", "level", "expected"),
    [
        ("I will come and find you", 0.9, 2, "threat"),
        ("你等著收存證信函", 0.2, 1, "legal_word"),
        ("准备起诉你们", 0.2, 1, "legal_word"),
        ("เดี๋ยวเจอ สคบ. แน่", 0.2, 1, "legal_word"),
        ("See you in court", 0.05, 2, None),
        ("The lawyer next door loves this café", 0.01, 0, None),
        ("我一定要去消保會檢舉你們", None, 2, "legal_word"),
        ("The lawyer next door loves this café", None, 0, None),
    ],
)
def test_threats_by_the_model_first_and_by_the_words_where_it_hints(
    text: str, threat: float | None, level: int, expected: str | None
) -> None:
    kind = None if threat is None else {**KIND, "threat": threat}
    mention = make.judged_mention(text=text, analysis=make.analysis(kind=kind, anger_level=level))

    assert reason(RuleKind.THREAT, mention) == expected


@pytest.mark.parametrize(("churn", "fires"), [(0.6, True), (0.4, False), (None, False)])
def test_a_writer_who_leaves(churn: float | None, fires: bool) -> None:
    mention = make.judged_mention(analysis=make.analysis(churn=churn))

    assert bool(checked(RuleKind.CHURN_RISK, mention)) == fires


def test_many_hear_it_only_where_the_site_says_so() -> None:
    unhappy = make.analysis(negative=0.9, neutral=0.1, positive=0.0)
    loud = make.judged_mention(analysis=unhappy, engagement={"followers": 20_000})
    liked = make.judged_mention(analysis=unhappy, engagement={"likes": 150, "shares": 60, "views": 9})
    seen = make.judged_mention(analysis=unhappy, engagement={"views": 1_000_000})
    calm = make.judged_mention(analysis=make.analysis(), engagement={"followers": 20_000})

    assert reason(RuleKind.INFLUENTIAL_AUTHOR, loud) == "followers"
    assert reason(RuleKind.INFLUENTIAL_AUTHOR, liked) == "reactions"
    assert reason(RuleKind.INFLUENTIAL_AUTHOR, seen) is None
    assert reason(RuleKind.INFLUENTIAL_AUTHOR, calm) is None
    assert reason(RuleKind.INFLUENTIAL_AUTHOR, calm, mood="any") == "followers"


def test_a_keyword_is_found_in_either_script_and_shown() -> None:
    (alert,) = checked(RuleKind.KEYWORD, make.judged_mention(text="吃完拉肚子，要求退款"), query="退款 OR 拉肚子")

    assert alert.reason.code == "keyword"
    assert alert.reason.values["words"] == "拉肚子 · 退款"
    assert checked(RuleKind.KEYWORD, make.judged_mention(text="要求退錢"), query="退钱")
    assert not checked(RuleKind.KEYWORD, make.judged_mention(text="好吃"), query="退款")


def test_a_query_and_a_pattern_must_both_be_found() -> None:
    settings = {"query": "refund", "pattern": r"order #\d+"}

    assert checked(RuleKind.KEYWORD, make.judged_mention(text="Refund my Order #12"), **settings)
    assert not checked(RuleKind.KEYWORD, make.judged_mention(text="Refund my order"), **settings)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "query"),
        ({"query": "("}, "query"),
        ({"query": "NOT refund"}, "query"),
        ({"pattern": "(?=x)"}, "pattern"),
        ({"pattern": r"(a)\1"}, "pattern"),
        ({"pattern": "a*"}, "pattern"),
        ({"pattern": "("}, "pattern"),
        ({"pattern": ""}, "pattern"),
        ({"pattern": "(a{1000}){1000}"}, "pattern"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_with_the_remedy(settings: dict[str, str], field: str) -> None:
    with pytest.raises(RuleError) as refused:
        registry.check_settings(RuleKind.KEYWORD, settings)

    assert refused.value.field == field


def test_no_text_makes_a_pattern_slow() -> None:
    evil = ["(a+)+$", "(a|aa)+$", "(.*a){20}", "([a-z]+)*x", "(a|a)*b", "(a?){50}a{50}"]
    mention = make.judged_mention(text="a" * 65_000 + "!")

    began = time.perf_counter()
    for pattern in evil:
        checked(RuleKind.KEYWORD, mention, pattern=pattern, query="aaa OR bbb")

    assert time.perf_counter() - began < 1


def test_own_answers_and_deleted_posts_are_let_be() -> None:
    for given in ({"reply_by_owner": True}, {"deleted": True}):
        assert checked(RuleKind.ANGRY_MENTION, make.judged_mention(**given)) == []


def test_grave_harm_makes_an_alert_critical() -> None:
    (grave,) = checked(RuleKind.ANGRY_MENTION, make.judged_mention(analysis=make.analysis(angry=True, severity=0.9)))
    (usual,) = checked(RuleKind.ANGRY_MENTION, make.judged_mention(analysis=make.analysis(angry=True, severity=0.4)))

    assert (grave.severity, usual.severity) == (Severity.CRITICAL, Severity.MAJOR)


@pytest.mark.parametrize(
    ("group_by", "together"),
    [
        (GroupBy.STORY, {"source_id", "author_id", "id"}),
        (GroupBy.BRAND, {"story_id", "source_id", "author_id", "id"}),
        (GroupBy.SOURCE, {"story_id", "author_id", "id"}),
        (GroupBy.AUTHOR, {"story_id", "source_id", "id"}),
        (GroupBy.NONE, {"story_id", "source_id", "author_id"}),
    ],
)
def test_what_a_rule_groups_by_is_one_incident(group_by: GroupBy, together: set[str]) -> None:
    mention = make.judged_mention(author_id="ann")
    others = {
        "story_id": make.judged_mention(author_id="ann", story_id=StoryId(99)),
        "source_id": make.judged_mention(author_id="ann", source_id=99),
        "author_id": make.judged_mention(author_id="bob"),
        "id": make.judged_mention(author_id="ann", id=99),
    }
    same = {name for name, other in others.items() if key(other, group_by) == key(mention, group_by)}

    assert same == together


def test_an_author_nobody_knows_stands_alone() -> None:
    first, second = (make.judged_mention(id=n, author_name=None) for n in (1, 2))

    assert key(first, GroupBy.AUTHOR) != key(second, GroupBy.AUTHOR)
