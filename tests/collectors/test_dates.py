"""Dates as places send them; what cannot be a date is none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.dates import from_epoch, parse_date, zone_named
from collectors.errors import SettingError
from tests.make import NOW


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-05T14:30:00Z", "2024-03-05T14:30"),
        ("2024-03-05T14:30:00.123456+08:00", "2024-03-05T06:30"),
        ("2024-03-05T14:30:00+0800", "2024-03-05T06:30"),
        ("2024-03-05t14:30z", "2024-03-05T14:30"),
        ("2024-03-05 14:30", "2024-03-05T14:30"),
        ("2024-03-05", "2024-03-05T00:00"),
        ("20240305T143000Z", "2024-03-05T14:30"),
        ("20240305", "2024-03-05T00:00"),
        ("2024-03-05T24:00:00Z", "2024-03-06T00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00"),
        ("2003-12-31T10:14:55-08:00", "2003-12-31T18:14"),
        ("2024.03.05 14:30", "2024-03-05T14:30"),
        ("2024/03/05 (二) 14:30:00", "2024-03-05T14:30"),
        ("Tue, 05 Mar 2024 14:30:00 +0800", "2024-03-05T06:30"),
        ("Tue, 5 Mar 2024 14:30 GMT", "2024-03-05T14:30"),
        ("Tue, 5 Mar 2024 14:30:00 CST", "2024-03-05T20:30"),
        ("Tue, 5 Mar 2024 14:30:00 HKT", "2024-03-05T06:30"),
        ("5 Mar 24 14:30:00 EST", "2024-03-05T19:30"),
        ("Tue, 05 Mar 2024 14:30:00 +25:00", "2024-03-05T14:30"),
        ("Tue, 05 Mar 2024 14:30:00 Nowhere", "2024-03-05T14:30"),
        ("Tuesday, 05 March 2024 14:30:00 UTC", "2024-03-05T14:30"),
        ("Tue Mar  5 14:30:00 2024", "2024-03-05T14:30"),
        ("Tue Mar 05 14:30:00 +0800 2024", "2024-03-05T06:30"),
        ("March 5, 2024 2:30 PM", "2024-03-05T14:30"),
        ("March 5, 2024 12:10 am", "2024-03-05T00:10"),
        ("Mar 5 2024", "2024-03-05T00:00"),
        ("25/12/2024 14:30", "2024-12-25T14:30"),
        ("12/25/2024", "2024-12-25T00:00"),
        ("5/3/2567 10:00", "2024-03-05T10:00"),
        ("2024年3月5日 14:30", "2024-03-05T14:30"),
        ("2024年3月5日 下午2:30", "2024-03-05T14:30"),
        ("2024年3月5日 上午12時05分", "2024-03-05T00:05"),
        ("2024年3月5日 星期二 14:30", "2024-03-05T14:30"),
        ("民國113年3月5日", "2024-03-05T00:00"),
        ("113/03/05 08:00", "2024-03-05T08:00"),
        ("5 มี.ค. 2567 14:30 น.", "2024-03-05T14:30"),
        ("5 มีนาคม 2567", "2024-03-05T00:00"),
        ("วันอังคารที่ 5 มีนาคม พ.ศ. 2567 เวลา 14:30 น.", "2024-03-05T14:30"),
        ("2024－03－05　14：30", "2024-03-05T14:30"),
        ("1709620200", "2024-03-05T06:30"),
        ("1709620200000", "2024-03-05T06:30"),
        ("2026-03-06T11:59:00Z", "2026-03-06T11:59"),
    ],
)
def test_a_date_is_read(text: str, moment: str) -> None:
    found = parse_date(text, now=NOW)

    assert found is not None
    assert found.isoformat()[:16] == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "0000-01-01T00:00:00Z", "0001-01-01", "-0001-01-01", "10000-01-01", "20000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59", "2024-02-31", "Sat, 31 Feb 2024 25:61:00 GMT", "2024-13-01",
        "2024-03-05T25:00:00Z",
        "2026-03-06T12:00:01Z", "1989-12-31", "05/03/2024", "00/00/0000", "99999999999999999999", "1e400", "2024-03",
        "Tue, 00 Mar 2024 00:00:00 GMT", "31 มี.ค. 9999", "民國1年1月1日", "24/03/05",
    ],
)  # fmt: skip
def test_what_is_no_date_of_a_post_is_none(text: str) -> None:
    assert parse_date(text, now=NOW) is None


def test_the_order_of_day_and_month_can_be_told() -> None:
    first, second = (parse_date("05/03/2024", now=NOW, day_first=order) for order in (True, False))

    assert first == datetime(2024, 3, 5, tzinfo=UTC)
    assert second == datetime(2024, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day_first", "day"),
    [
        ("5/6/25", True, "2025-06-05"),
        ("5/6/25", False, "2025-05-06"),
        ("5/6/25", None, None),
        ("5/25/25", None, "2025-05-25"),
        ("5/5/25", None, "2025-05-05"),
        # The 25th, or the year 2025?
        ("25/12/24", None, None),
        ("25/12/24", True, "2024-12-25"),
        ("25/12/24", False, None),
        ("5-6-25 14:30", True, "2025-06-05"),
        ("5/6/256", True, None),
    ],
)
def test_years_of_two_digits_need_an_order_that_is_known(text: str, day_first: bool | None, day: str | None) -> None:
    found = parse_date(text, now=NOW, day_first=day_first)

    assert (found and found.isoformat()[:10]) == day


@pytest.mark.parametrize("name", ["Nowhere", "Asia", "../etc/passwd", "/etc/passwd", "asia/taipei", "x" * 5000, "\0"])
def test_a_zone_that_does_not_exist_is_refused_by_name(name: str) -> None:
    with pytest.raises(SettingError, match="zone: there is no time zone"):
        zone_named(name)


def test_no_zone_is_utc() -> None:
    assert zone_named(" ") is UTC
    assert str(zone_named(" Asia/Taipei ")) == "Asia/Taipei"


def test_chinese_months_are_read_in_the_form_of_e_mail() -> None:
    expected = datetime(2024, 3, 5, 2, 0, tzinfo=UTC)

    for written in (
        "Tue, 05 三月 2024 10:00:00 +0800",
        "二, 05 三月 2024 10:00:00 +0800",
        "05 3月 2024 10:00:00 +0800",
    ):
        assert parse_date(written, now=NOW) == expected
    assert parse_date("05 十二月 2023", now=NOW) == datetime(2023, 12, 5, tzinfo=UTC)


def test_points_part_a_day_from_its_month_and_seven_digits_are_of_taiwan() -> None:
    assert parse_date("05.03.2024", now=NOW) == datetime(2024, 3, 5, tzinfo=UTC)
    assert parse_date("05/03/2024", now=NOW) is None
    assert parse_date("1130305", now=NOW) == datetime(2024, 3, 5, tzinfo=UTC)
    assert parse_date("1231305", now=NOW) is None


def test_cst_is_the_sources_own_time_where_it_calls_it_so() -> None:
    written = "Tue Mar 05 10:00:00 CST 2024"

    assert parse_date(written, now=NOW) == datetime(2024, 3, 5, 16, 0, tzinfo=UTC)
    assert parse_date(written, now=NOW, zone=zone_named("Asia/Taipei")) == datetime(2024, 3, 5, 2, 0, tzinfo=UTC)


def test_a_date_without_a_zone_can_be_given_one() -> None:
    taipei = timezone(timedelta(hours=8))

    assert parse_date("2024-03-05 14:30", now=NOW, zone=taipei) == datetime(2024, 3, 5, 6, 30, tzinfo=UTC)


_ISO_LIKE = r"\A[0-9]{1,6}[-/][0-9]{1,3}[-/][0-9]{1,3}[T ][0-9:.]{0,12}[Z+-]?[0-9:]{0,6}\Z"
_MAIL_LIKE = r"\A(Mon, )?[0-9]{1,3} (Feb|Mar|มี\.ค\.) [0-9]{1,6} [0-9:]{0,10} ([A-Z]{1,5}|[+-][0-9]{1,6})\Z"


@given(st.one_of(st.text(max_size=60), st.from_regex(_ISO_LIKE), st.from_regex(_MAIL_LIKE)))
def test_any_text_is_a_plausible_moment_or_none(text: str) -> None:
    found = parse_date(text, now=NOW)

    assert found is None or datetime(1990, 1, 1, tzinfo=UTC) <= found <= NOW + timedelta(days=1)


@given(st.floats())
def test_any_number_is_a_plausible_moment_or_none(seconds: float) -> None:
    found = from_epoch(seconds, now=NOW)

    assert found is None or datetime(1990, 1, 1, tzinfo=UTC) <= found <= NOW + timedelta(days=1)
