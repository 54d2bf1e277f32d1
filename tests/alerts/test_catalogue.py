"""Words, numbers and times in four languages, and which language a browser wants."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment

from alerts.catalogue import LANGUAGES, NATIVE_NAMES, Catalogue, negotiate
from alerts.gaps import gaps
from alerts.rendering import LOCALE

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Overview"
msgstr "總覽"

msgctxt "verb"
msgid "Open"
msgstr "開啟"

msgid "%(n)s mention"
msgid_plural "%(n)s mentions"
msgstr[0] "%(n)s 則提及"

#, fuzzy
msgid "Maybe"
msgstr "也許"
"""
TEMPLATE = (
    "{% trans %}Overview{% endtrans %} {% trans n=3 %}{{ n }} mention{% pluralize %}{{ n }} mentions{% endtrans %}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "locale" / "zh-Hant" / "LC_MESSAGES" / "web.po"
    path.parent.mkdir(parents=True)
    path.write_text(PO, "utf-8")
    return tmp_path / "locale"


def test_words_plurals_and_contexts_are_found_and_fuzzy_ones_are_not(folder: Path) -> None:
    words = Catalogue(folder, "web", "zh-Hant")

    assert words.gettext("Overview") == "總覽"
    assert words.pgettext("verb", "Open") == "開啟"
    assert words.ngettext("%(n)s mention", "%(n)s mentions", 1) == "%(n)s 則提及"
    assert words.gettext("Maybe") == "Maybe"
    assert words.gettext("Not there") == "Not there"


def test_english_needs_no_file(tmp_path: Path) -> None:
    words = Catalogue(tmp_path, "web", "en")

    assert words.gettext("Overview") == "Overview"
    assert [words.ngettext("one", "many", n) for n in (0, 1, 2)] == ["many", "one", "many"]
    assert words.pgettext("verb", "Open") == "Open"
    assert words.npgettext("verb", "one", "many", 2) == "many"


def test_a_template_speaks_the_language(folder: Path) -> None:
    environment = Environment(loader=DictLoader({"page": TEMPLATE}), autoescape=True)
    Catalogue(folder, "web", "zh-Hant").install(environment)

    assert environment.get_template("page").render() == "總覽 3 則提及"


def test_a_language_we_do_not_speak_is_an_error(folder: Path) -> None:
    with pytest.raises(ValueError, match="there are en, zh-Hant, zh-Hans, th"):
        Catalogue(folder, "web", "fr")


def test_gaps_names_what_is_missing_fuzzy_unused_and_broken(folder: Path, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "page.html").write_text("{% trans %}Overview{% endtrans %}{{ _('Maybe') }}", "utf-8")
    (sources / "page.py").write_text("words.gettext('New here')\nwords.npgettext('x', 'one', 'many', 2)\n", "utf-8")
    path = folder / "zh-Hant" / "LC_MESSAGES" / "web.po"
    path.write_text(PO.replace('"總覽"', '"總覽 %(n)s"'), "utf-8")

    found = gaps(folder, "web", "zh-Hant", [sources])

    assert found
    assert set(found.missing) == {"Maybe", "New here", "x|one"}
    assert found.fuzzy == ("Maybe",)
    assert set(found.unused) == {"verb|Open", "%(n)s mention"}
    assert found.broken == ("Overview",)


def test_english_has_no_gaps(tmp_path: Path) -> None:
    assert not gaps(tmp_path, "web", "en", [tmp_path])


def test_every_language_has_its_own_name() -> None:
    assert tuple(NATIVE_NAMES) == LANGUAGES
    assert NATIVE_NAMES["th"] == "ไทย"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-CN", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-Hans-TW", "zh-Hans"),
        ("TH-th", "th"),
        ("en-US;q=0.5, th;q=0.9", "th"),
        ("th;q=0, en", "en"),
        ("fr, de;q=0.9", "en"),
        ("th;q=nonsense, zh-TW;q=0.1", "zh-Hant"),
        ("th;q=nan, en;q=0.1", "en"),
    ],
)
def test_a_browser_gets_the_language_it_likes_best(header: str | None, language: str) -> None:
    assert negotiate(header) == language


@given(st.text())
def test_any_header_is_answered(header: str) -> None:
    assert negotiate(header) in LANGUAGES


@pytest.mark.parametrize(
    ("language", "date", "number"),
    [
        ("en", "31 Dec 2025", "12,345.6"),
        ("zh-Hant", "2025年12月31日", "12,345.6"),
        ("zh-Hans", "2025年12月31日", "12,345.6"),
        ("th", "31 ธ.ค. 2568", "12,345.6"),
    ],
)
def test_dates_and_numbers_are_written_as_people_write_them(language: str, date: str, number: str) -> None:
    words = Catalogue(LOCALE, "alerts", language)

    assert words.date(datetime(2025, 12, 31, tzinfo=UTC)) == date
    assert words.number(12345.6) == number


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        (ZoneInfo("Asia/Taipei"), "1 Jan 2026 01:30 UTC+8"),
        (ZoneInfo("Asia/Kolkata"), "31 Dec 2025 23:00 UTC+5:30"),
        (UTC, "31 Dec 2025 17:30 UTC"),
        (timezone(-timedelta(hours=3, minutes=30)), "31 Dec 2025 14:00 UTC−3:30"),
    ],
)
def test_a_time_says_its_zone(zone: ZoneInfo, shown: str) -> None:
    words = Catalogue(Path(), "alerts", "en")

    assert words.datetime(datetime(2025, 12, 31, 17, 30, tzinfo=UTC), zone) == shown


@pytest.mark.parametrize(("share", "shown"), [(0, "0%"), (0.001, "1%"), (0.5, "50%"), (0.9999, "99%"), (1, "100%")])
def test_only_certainty_is_shown_as_such(share: float, shown: str) -> None:
    assert Catalogue(Path(), "alerts", "en").percent(share) == shown


@pytest.mark.parametrize(
    ("tag", "name"), [("zh-Hant", "Traditional Chinese"), ("th", "Thai"), ("x y", "x y"), ("ja", "Japanese")]
)
def test_a_language_is_called_by_its_name(tag: str, name: str) -> None:
    assert Catalogue(Path(), "alerts", "en").language_name(tag) == name
