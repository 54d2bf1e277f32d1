"""Quiet hours."""

from datetime import UTC, datetime, time

import pytest

from alerts import quiet
from alerts.errors import DutyError
from alerts.types import Contact, QuietHours, Urgency
from tests import make

NIGHT = QuietHours(starts=time(22), ends=time(7))


def sleeper(zone: str = "Europe/Berlin", hours: QuietHours = NIGHT) -> Contact:
    return make.contact(zone=zone, quiet=hours)


@pytest.mark.parametrize(
    ("hour", "waits"), [(19, False), (20, True), (22, True), (3, True), (4, True), (5, False), (12, False)]
)
def test_what_is_normal_waits_for_the_morning_where_the_contact_lives(hour: int, waits: bool) -> None:
    now = datetime(2026, 6, 1, hour, 30 if hour != 20 else 0, tzinfo=UTC)
    end = quiet.quiet_until(sleeper(), Urgency.NORMAL, now)

    assert (end is not None) == waits
    assert end is None or (end > now and (end.hour, end.minute) == (5, 0))


def test_what_is_urgent_goes_through_by_default() -> None:
    night = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)

    assert quiet.quiet_until(sleeper(), Urgency.URGENT, night) is None
    assert quiet.quiet_until(sleeper(), Urgency.HIGH, night) is None


def test_the_night_of_a_change_ends_by_the_wall() -> None:
    """Summer time ends on 25 October at 03:00: the night is an hour longer."""
    now = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)

    assert quiet.quiet_until(sleeper(), Urgency.NORMAL, now) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


def test_a_siesta_begins_and_ends_on_one_day() -> None:
    siesta = QuietHours(starts=time(13), ends=time(15), urgencies=frozenset(Urgency))
    at_noon, at_two = (datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (12, 14))

    assert quiet.quiet_until(sleeper("UTC", siesta), Urgency.URGENT, at_noon) is None
    assert quiet.quiet_until(sleeper("UTC", siesta), Urgency.URGENT, at_two) == at_two.replace(hour=15)


@pytest.mark.parametrize(
    ("starts", "ends", "zone", "field"),
    [
        ("22:00", None, "UTC", "quiet_to"),
        (None, "07:00", "UTC", "quiet_from"),
        ("22:00", "07:00", None, "zone"),
        ("25:00", "07:00", "UTC", "quiet_from"),
        ("07:00", "07:00", "UTC", "quiet_to"),
    ],
)
def test_half_a_wish_is_refused_by_its_field(
    starts: str | None, ends: str | None, zone: str | None, field: str
) -> None:
    with pytest.raises(DutyError) as refused:
        quiet.hours(starts, ends, (), zone=zone)

    assert refused.value.field == field
