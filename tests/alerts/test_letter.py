"""The letter in four languages: every word translated, numbers and times as each language writes them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.catalogue import LANGUAGES
from alerts.gaps import gaps
from alerts.letter import rendered
from alerts.rendering import DOMAIN, FOLDER, LOCALE
from alerts.types import Purpose, Reason, Urgency
from collectors.types import Rating
from tests import make

ZONE = ZoneInfo("Asia/Taipei")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated(language: str) -> None:
    found = gaps(LOCALE, DOMAIN, language, [FOLDER])

    assert not found, found


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "[Urgent] Lantern Noodles: Never again! You lied to my face and laughed."),
        ("zh-Hant", "【緊急】Lantern Noodles：Never again! You lied to my face and laughed."),
        ("zh-Hans", "【紧急】Lantern Noodles：Never again! You lied to my face and laughed."),
        ("th", "[เร่งด่วน] Lantern Noodles: Never again! You lied to my face and laughed."),
        ("fr", "[Urgent] Lantern Noodles: Never again! You lied to my face and laughed."),
    ],
)
def test_the_subject_is_in_the_contacts_language(language: str, subject: str) -> None:
    assert rendered(make.message(contact=make.contact(language=language)), zone=ZONE).subject == subject


@pytest.mark.parametrize(
    ("language", "posted"),
    [
        ("en", "Posted: 5 Mar 2026 20:00 UTC+8"),
        ("zh-Hant", "發布時間：2026年3月5日 20:00 UTC+8"),
        ("zh-Hans", "发布时间：2026年3月5日 20:00 UTC+8"),
        ("th", "โพสต์เมื่อ: 5 มี.ค. 2569 20:00 UTC+8"),
    ],
)
def test_times_are_written_as_the_language_writes_them(language: str, posted: str) -> None:
    assert posted in rendered(make.message(contact=make.contact(language=language)), zone=ZONE).text


REASONS = [
    (Reason(code="angry", values={"anger": 0.97, "language": "th"}), ("97%", "Thai")),
    (Reason(code="angry", values={"anger": 0.97, "threshold": 0.5}), ("97%", "50%")),
    (Reason(code="angry", values={"anger": 0.999, "language": "und"}), ("99%", "not recognised")),
    (Reason(code="anger_threshold", values={"anger": 0.61, "threshold": 0.6, "language": "en"}), ("61%", "60%")),
    (Reason(code="anger_level", values={"anger": 0.4, "min_level": 1}), ("40%", "displeased")),
    (Reason(code="anger_level", values={"anger": 0.4, "min_level": 2}), ("40%",)),
    (Reason(code="angry"), ("matched",)),
    (Reason(code="from a later version", values={"x": "%(y)s"}), ("matched",)),
]


@pytest.mark.parametrize(("reason", "said"), REASONS)
def test_a_reason_says_its_numbers(reason: Reason, said: tuple[str, ...]) -> None:
    text = rendered(make.message(reason=reason), zone=ZONE).text
    [why] = [line for line in text.split("\n") if line.startswith("Why it was flagged: ")]

    assert all(words in why for words in said), why


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("reason", "said"), REASONS)
def test_no_placeholder_is_left_in_any_language(language: str, reason: Reason, said: tuple[str, ...]) -> None:
    message = make.message(
        contact=make.contact(language=language),
        reason=replace(reason, values={key: value for key, value in reason.values.items() if key != "x"}),
        mention=make.judged_mention(rating=Rating(value=1, scale=5)),
    )
    for cycle in (1, 2):
        words = rendered(replace(message, cycle=cycle), zone=ZONE)

        assert "%(" not in words.subject + words.text + words.html
        assert not [number for number in said if number.endswith("%") and number not in words.text]


@pytest.mark.parametrize("urgency", Urgency)
def test_a_return_is_called_one(urgency: Urgency) -> None:
    words = rendered(make.message(cycle=2, urgency=urgency), zone=ZONE)

    assert "Again:" in words.subject
    assert words.text.startswith("It is back: ")


def test_displeasure_is_not_called_anger() -> None:
    mention = make.judged_mention(analysis=make.analysis(anger=0.3, anger_level=1))

    assert rendered(make.message(mention=mention), zone=ZONE).text.startswith("Someone is unhappy with")


def test_a_title_that_only_repeats_the_words_is_left_out() -> None:
    mention = make.judged_mention(title="Never again!", text="Never again! You lied.")

    assert rendered(make.message(mention=mention), zone=ZONE).text.count("Never again!") == 1


def test_a_title_of_its_own_is_shown_before_the_words() -> None:
    words = rendered(make.message(mention=make.judged_mention(title="負評", text="態度很差")), zone=ZONE)

    assert "> 負評\n>\n> 態度很差\n" in words.text
    assert "負評 態度很差" in words.subject


def test_a_mention_without_words_still_makes_a_letter() -> None:
    words = rendered(make.message(mention=make.judged_mention(text="", author_name=None)), zone=ZONE)

    assert words.subject == "[Urgent] Lantern Noodles:"
    assert "Author: not known" in words.text


def test_the_templates_lie_beside_the_code() -> None:
    assert {path.name for path in (Path(FOLDER) / "templates").iterdir()} >= {"incident.html", "incident.txt"}


@pytest.mark.parametrize(
    ("language", "minutes", "said"),
    [
        ("en", 15, "Nobody has acknowledged this incident for 15 minutes; now it is your turn."),
        ("en", 125, "Nobody has acknowledged this incident for 2 hours; now it is your turn."),
        ("zh-Hant", 15, "這起事件已有 15 分鐘無人接手，現在輪到您處理。"),
        ("zh-Hans", 15, "这起事件已有 15 分钟无人接手，现在轮到您处理。"),
        ("th", 15, "ยังไม่มีใครรับเรื่องนี้มา 15 นาทีแล้ว ตอนนี้ถึงตาคุณ"),
    ],
)
def test_whoever_is_next_reads_how_long_nobody_acknowledged(language: str, minutes: int, said: str) -> None:
    message = make.message(
        purpose=Purpose.AGAIN, unanswered=timedelta(minutes=minutes), contact=make.contact(language=language)
    )
    letter = rendered(message, zone=ZONE)

    assert said in letter.text
    assert said in letter.html


def test_the_last_resort_reads_that_there_is_nobody_else() -> None:
    for purpose in (Purpose.FIRST, Purpose.AGAIN):
        assert "you are the last resort" in rendered(make.message(purpose=purpose, last_resort=True), zone=ZONE).text
    assert "last resort" not in rendered(make.message(), zone=ZONE).text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Mei acknowledged this incident"),
        ("zh-Hant", "Mei 已接手這起事件"),
        ("zh-Hans", "Mei 已接手这起事件"),
        ("th", "Mei รับเรื่องนี้แล้ว"),
    ],
)
def test_a_reminder_says_who_has_it_and_when_others_are_told(language: str, words: str) -> None:
    message = make.message(
        purpose=Purpose.REMINDER,
        acknowledged_by="Mei",
        holds_until=datetime(2026, 3, 5, 12, tzinfo=UTC),
        contact=make.contact(language=language),
    )
    mail = rendered(message, zone=ZONE)

    assert words in mail.text
    assert words in mail.html
    assert "20:00" in mail.text
