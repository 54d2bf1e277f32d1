"""The digest in four languages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.catalogue import LANGUAGES
from alerts.digest_letter import rendered
from alerts.types import Activity, BrandDigest, Counts, DigestKind, RisingWord, Voice
from analysis.types import Because
from tests import make

ZONE = ZoneInfo("Asia/Taipei")


def voice(**given: object) -> Voice:
    return Voice(mention=make.judged_mention(**given), url="http://127.0.0.1:8000/mentions/7")


def brand(**given: object) -> BrandDigest:
    return make.brand_digest(**given)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Daily report, 5 Mar 2026: 3 angry of 40 mentions"),
        ("zh-Hant", "2026年3月5日 每日報告：40 則貼文中有 3 則憤怒"),
        ("zh-Hans", "2026年3月5日 每日报告：40 条帖子中有 3 条愤怒"),
        ("th", "รายงานประจำวัน 5 มี.ค. 2569: โกรธ 3 จาก 40 โพสต์"),
    ],
)
def test_the_subject_tells_enough(language: str, subject: str) -> None:
    assert rendered(make.digest(contact=make.contact(language=language)), zone=ZONE).subject == subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_parts_tell_the_same(language: str) -> None:
    told = brand(
        angry=(voice(text="You lied to my face.", url="https://forum.example/7"),),
        rising=(RisingWord(term="refund", count=9),),
        activity=Activity(answered=11, recovered=12, recommending=13),
    )
    letter = rendered(make.digest(contact=make.contact(language=language), brands=(told,)), zone=ZONE)

    for words in ("Lantern Noodles", "You lied to my face.", "refund", "11", "12", "13", "40", "/mentions/7"):
        assert words in letter.text, words
        assert words in letter.html, words
    assert "https://forum.example/7" in letter.text
    assert "%(" not in letter.text + letter.html


def test_it_loads_nothing_and_runs_nothing() -> None:
    html = rendered(make.digest(), zone=ZONE).html

    assert not any(sign in html for sign in ("<img", "<script", "<link", "url(", "<form", "@import"))


def test_hostile_words_stay_words() -> None:
    said = voice(text="<img src=x onerror=alert(1)>", url="javascript:1")
    told = brand(brand="<script>alert(1)</script>", angry=(said,))
    letter = rendered(make.digest(brands=(told,)), zone=ZONE)

    assert "<script>" not in letter.html
    assert "<img" not in letter.html
    assert "javascript:" not in letter.html


def test_a_long_post_is_quoted_around_what_decided() -> None:
    text = f"{'Nice weather. ' * 100}You lied to my face.{' And so on.' * 50}"
    start = text.index("You lied")
    because = (Because(start=start, end=start + 8, text="You lied"),)
    told = brand(angry=(voice(text=text, analysis=make.analysis(because=because)),))
    letter = rendered(make.digest(brands=(told,)), zone=ZONE)

    assert "<mark" in letter.html
    assert "You lied" in letter.text


def test_quiet_days_are_told_as_quiet() -> None:
    letter = rendered(make.digest(brands=(brand(counts=Counts(), angry=()),)), zone=ZONE)

    assert letter.subject == "Daily report, 5 Mar 2026: nothing was said"
    assert "Nothing was said." in letter.text


@pytest.mark.parametrize(("course", "said"), [(1, "Worse"), (-1, "Better"), (0, "About as much anger")])
def test_the_course_is_said(course: int, said: str) -> None:
    assert said in rendered(make.digest(brands=(brand(course=course),)), zone=ZONE).text


def test_a_week_names_its_first_and_last_day() -> None:
    since = datetime(2026, 3, 1, 16, tzinfo=UTC)
    letter = rendered(make.digest(kind=DigestKind.WEEKLY, since=since, until=since + timedelta(days=7)), zone=ZONE)

    assert letter.subject.startswith("Weekly report, 2 Mar 2026 – 8 Mar 2026: ")
