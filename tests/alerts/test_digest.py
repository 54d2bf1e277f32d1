"""When digests are due: once a period, by the contact's clock, on nights of changes too."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import digest
from alerts.digest import latest, period
from alerts.errors import DutyError
from alerts.types import DigestKind

TAIPEI = ZoneInfo("Asia/Taipei")
ZONES = ("Asia/Taipei", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Gaza", "Asia/Kathmandu")
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def test_a_day_is_told_on_the_morning_after() -> None:
    before = latest(DigestKind.DAILY, at=time(8), zone=TAIPEI, now=datetime(2026, 3, 5, 7, 59, tzinfo=TAIPEI))
    after = latest(DigestKind.DAILY, at=time(8), zone=TAIPEI, now=datetime(2026, 3, 5, 8, 0, tzinfo=TAIPEI))

    assert before.starts == date(2026, 3, 3)
    assert after.starts == date(2026, 3, 4)
    assert after.since == datetime(2026, 3, 4, tzinfo=TAIPEI)
    assert after.until == datetime(2026, 3, 5, tzinfo=TAIPEI)


def test_a_week_is_told_on_monday() -> None:
    sunday = latest(DigestKind.WEEKLY, at=time(8), zone=TAIPEI, now=datetime(2026, 3, 8, 23, 0, tzinfo=TAIPEI))
    monday = latest(DigestKind.WEEKLY, at=time(8), zone=TAIPEI, now=datetime(2026, 3, 9, 8, 0, tzinfo=TAIPEI))

    assert sunday.starts == date(2026, 2, 23)
    assert monday.starts == date(2026, 3, 2)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_on_which_clocks_change_is_whole(day: date, hours: int) -> None:
    found = period(DigestKind.DAILY, day, ZoneInfo("Europe/Berlin"))

    assert found.until - found.since == timedelta(hours=hours)


@given(kind=st.sampled_from(DigestKind), zone=st.sampled_from(ZONES).map(ZoneInfo), now=MOMENTS, at=TIMES)
def test_what_is_due_is_over_and_the_next_is_not(kind: DigestKind, zone: ZoneInfo, now: datetime, at: time) -> None:
    found = latest(kind, at=at, zone=zone, now=now)
    following = digest.containing(kind, found.until.astimezone(zone).date(), zone)

    assert found.until <= now
    assert found.until == following.since
    assert found.before(zone).until == found.since
    assert following.until + timedelta(days=1, hours=2) > now


@given(kind=st.sampled_from(DigestKind), zone=st.sampled_from(ZONES).map(ZoneInfo), start=MOMENTS, at=TIMES)
def test_each_period_comes_once_and_in_order(kind: DigestKind, zone: ZoneInfo, start: datetime, at: time) -> None:
    moments = [start + timedelta(minutes=40 * n) for n in range(0, 40 * 24, 7)]
    seen = [latest(kind, at=at, zone=zone, now=now) for now in moments]
    distinct = list(dict.fromkeys(seen))

    assert [one.since for one in distinct] == sorted(one.since for one in distinct)
    assert all(one.until == other.since for one, other in itertools.pairwise(distinct))


def test_a_time_that_is_none_is_refused_with_its_field() -> None:
    with pytest.raises(DutyError) as refused:
        digest.wish([DigestKind.DAILY], "25:00", always=False)

    assert refused.value.field == "digest_at"
