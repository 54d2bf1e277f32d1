"""Who is on call: turns, layers, overrides, and every night on which the clocks of any zone are changed."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import oncall
from alerts.errors import DutyError
from alerts.oncall import Layer, Override, OverrideId, Schedule, ScheduleId
from alerts.types import ContactId
from tests.alerts import dst

ANN, MEI, SAI = ContactId(1), ContactId(2), ContactId(3)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def layer(*members: ContactId, turn: timedelta = WEEK, starts: str = "2024-01-01T09:00", **given: object) -> Layer:
    return Layer(members=members, turn=turn, starts=wall(starts), **given)  # type: ignore[arg-type]  # named by tests


def schedule(*layers: Layer, zone: str = "Europe/Berlin", overrides: tuple[Override, ...] = ()) -> Schedule:
    return Schedule(id=ScheduleId(1), name="Care", zone=zone, layers=layers, overrides=overrides)


def override(contact_id: ContactId, starts: str, ends: str) -> Override:
    return Override(id=OverrideId(1), contact_id=contact_id, starts_at=utc(starts), ends_at=utc(ends), author="ann")


def test_a_week_is_handed_over_at_nine_by_the_wall_in_winter_and_in_summer() -> None:
    care = schedule(layer(ANN, MEI))

    assert oncall.on_call(care, utc("2024-01-08T07:59")) == (ANN,)
    assert oncall.on_call(care, utc("2024-01-08T08:00")) == (MEI,)
    assert oncall.on_call(care, utc("2024-07-08T06:59")) == (ANN,)
    assert oncall.on_call(care, utc("2024-07-08T07:00")) == (MEI,)


def test_nobody_is_on_call_before_the_first_hand_over_and_after_the_end() -> None:
    care = schedule(layer(ANN, ends=wall("2024-02-01T00:00")))

    assert oncall.on_call(care, utc("2024-01-01T07:59")) == ()
    assert oncall.on_call(care, utc("2024-01-31T22:59")) == (ANN,)
    assert oncall.on_call(care, utc("2024-01-31T23:00")) == ()


def test_a_later_layer_covers_the_earlier_while_it_runs() -> None:
    office = layer(MEI, weekdays=frozenset(range(5)), hours=(time(9), time(18)))
    care = schedule(layer(ANN), office, zone="Asia/Taipei")

    assert oncall.on_call(care, utc("2026-03-02T01:00")) == (MEI,)
    assert oncall.on_call(care, utc("2026-03-02T10:00")) == (ANN,)
    assert oncall.on_call(care, utc("2026-03-01T02:00")) == (ANN,)


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    friday_night = layer(MEI, weekdays=frozenset({4}), hours=(time(22), time(6)))
    care = schedule(friday_night, zone="UTC")

    assert oncall.on_call(care, utc("2026-03-07T05:59")) == (MEI,)
    assert oncall.on_call(care, utc("2026-03-07T06:00")) == ()
    assert oncall.on_call(care, utc("2026-03-06T05:00")) == ()


def test_whoever_takes_over_has_it_and_the_newest_override_counts() -> None:
    first = override(MEI, "2026-03-02T10:00", "2026-03-02T14:00")
    second = override(SAI, "2026-03-02T12:00", "2026-03-02T13:00")
    care = schedule(layer(ANN), overrides=(first, second))
    found = oncall.shifts(care, utc("2026-03-02T09:00"), utc("2026-03-02T15:00"))

    assert [(shift.contacts, shift.starts_at.hour) for shift in found] == [
        ((ANN,), 9),
        ((MEI,), 10),
        ((SAI,), 12),
        ((MEI,), 13),
        ((ANN,), 14),
    ]


def test_in_the_hour_that_happens_twice_both_are_on_call() -> None:
    care = schedule(layer(ANN, MEI, turn=DAY, starts="2024-10-26T02:30"))

    assert oncall.on_call(care, utc("2024-10-27T00:29")) == (ANN,)
    assert oncall.on_call(care, utc("2024-10-27T00:30")) == (ANN, MEI)
    assert oncall.on_call(care, utc("2024-10-27T01:29")) == (ANN, MEI)
    assert oncall.on_call(care, utc("2024-10-27T01:30")) == (MEI,)


def test_a_hand_over_that_does_not_happen_is_when_the_clocks_are_changed() -> None:
    care = schedule(layer(ANN, MEI, turn=DAY, starts="2024-03-30T02:30"))

    assert oncall.on_call(care, utc("2024-03-31T00:59")) == (ANN,)
    assert oncall.on_call(care, utc("2024-03-31T01:00")) == (MEI,)


def test_gaps_are_found() -> None:
    office = layer(MEI, hours=(time(9), time(18)))
    found = oncall.lacks(schedule(office, zone="UTC"), {MEI}, utc("2026-03-02T00:00"), utc("2026-03-03T00:00"))

    assert [(gap.starts_at.hour, gap.ends_at.hour) for gap in found] == [(0, 9), (18, 0)]


def test_somebody_who_cannot_be_told_is_as_good_as_nobody() -> None:
    found = oncall.lacks(schedule(layer(ANN, MEI)), {ANN}, utc("2024-01-02T00:00"), utc("2024-01-16T00:00"))

    assert [(lack.starts_at, lack.unreached) for lack in found] == [(utc("2024-01-08T08:00"), (MEI,))]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"turn": timedelta(minutes=30)}, "turn"),
        ({"turn": timedelta(hours=1, minutes=30)}, "turn"),
        ({"turn": timedelta(days=367)}, "turn"),
        ({"ends": wall("2023-01-01T00:00")}, "ends"),
        ({"ends": utc("2025-01-01T00:00")}, "starts"),
    ],
)
def test_a_layer_that_cannot_be_is_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(DutyError) as refused:
        oncall.check(layer(ANN, **given))  # type: ignore[arg-type]  # named above

    assert refused.value.field == field


def test_no_zone_has_a_gap_or_two_on_call_outside_the_hours_that_happen_twice() -> None:
    """The last two changes of each set of rules; `make dst` walks through all of them minute by minute."""
    zones = dst.kinds_of_zones()

    assert len(zones) > 30
    for name in zones:
        for at in dst.changes(ZoneInfo(name))[-2:]:
            dst.walk(name, at, DAY, minutes=15)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "America/St_Johns", "UTC"]),
    turn=st.integers(1, 24 * 15),
    start=st.datetimes(wall("2024-01-01T00:00"), wall("2026-01-01T00:00")),
    at=st.datetimes(wall("2026-01-02T00:00"), wall("2027-01-01T00:00"), timezones=st.just(UTC)),
)
def test_shifts_say_the_same_as_every_instant_and_leave_nothing_out(
    name: str, turn: int, start: datetime, at: datetime
) -> None:
    care = schedule(Layer(members=(ANN, MEI, SAI), turn=turn * HOUR, starts=start), zone=name)
    found = oncall.shifts(care, at, at + 3 * DAY)

    assert (found[0].starts_at, found[-1].ends_at) == (at, at + 3 * DAY)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    for shift in found:
        middle = shift.starts_at + (shift.ends_at - shift.starts_at) / 2
        assert shift.contacts
        assert oncall.on_call(care, shift.starts_at) == oncall.on_call(care, middle) == shift.contacts
