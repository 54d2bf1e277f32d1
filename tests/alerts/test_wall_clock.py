"""Wall clocks on the nights when they are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts import wall_clock
from alerts.errors import DutyError

BERLIN = ZoneInfo("Europe/Berlin")


def test_an_ordinary_time_is_one_instant() -> None:
    wall = datetime.fromisoformat("2026-06-01T09:00")

    assert wall_clock.first(wall, BERLIN) == wall_clock.last(wall, BERLIN) == datetime(2026, 6, 1, 7, 0, tzinfo=UTC)


def test_an_hour_that_happens_twice_lasts_from_its_first_to_its_last() -> None:
    wall = datetime.fromisoformat("2026-10-25T02:30")

    assert wall_clock.last(wall, BERLIN) - wall_clock.first(wall, BERLIN) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("Europe/Berlin", datetime.fromisoformat("2026-03-29T02:30"), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime.fromisoformat("2026-10-04T02:15"), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("Pacific/Apia", datetime.fromisoformat("2011-12-30T12:00"), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
    ],
)
def test_a_time_that_does_not_happen_is_when_the_clocks_are_changed(
    zone: str, wall: datetime, instant: datetime
) -> None:
    assert wall_clock.first(wall, ZoneInfo(zone)) == wall_clock.last(wall, ZoneInfo(zone)) == instant


@pytest.mark.parametrize("text", ["", "24:00", "7", "07:60", "7:5", "٢٢:٣٠", "07:00:00", " 07:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(DutyError, match="write one such as 22:30"):
        wall_clock.read("quiet_from", text)


def test_a_zone_that_is_not_there_is_refused() -> None:
    assert wall_clock.check_zone("zone", "Asia/Taipei") == "Asia/Taipei"
    with pytest.raises(DutyError, match="Taipeh"):
        wall_clock.check_zone("zone", "Asia/Taipeh")
