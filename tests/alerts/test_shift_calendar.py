"""Shifts in a calendar: everybody's or one person's, under names that stay."""

from datetime import datetime, timedelta
from itertools import pairwise

from icalendar import Calendar

from alerts import shift_calendar
from alerts.oncall import Layer, Schedule, ScheduleId
from alerts.types import ContactId
from tests import make

ANN, MEI = ContactId(1), ContactId(2)
NAMES = {ANN: "Ann, of the shop; 安", MEI: "Mei"}
LAYER = Layer(members=(ANN, MEI), starts=datetime(2026, 1, 1, 9), turn=timedelta(days=7))  # noqa: DTZ001  # by the wall
CARE = Schedule(id=ScheduleId(1), name="Care", zone="Europe/Berlin", layers=(LAYER,))


def events(now: datetime, *, only: ContactId | None = None) -> dict[str, tuple[datetime, datetime, str]]:
    written = shift_calendar.written("Care", [CARE], NAMES, only=only, now=now)
    found = Calendar.from_ical(written).walk("VEVENT")
    return {str(one["uid"]): (one.decoded("dtstart"), one.decoded("dtend"), str(one["summary"])) for one in found}


def test_shifts_follow_each_other_and_hand_over_at_nine_by_the_wall_in_summer_too() -> None:
    found = list(events(make.NOW).values())

    assert all(one[1] == other[0] for one, other in pairwise(found))
    assert {one[1].hour for one in found[:-1]} == {7, 8}
    assert {one[2] for one in found} == {"Care: Ann, of the shop; 安", "Care: Mei"}


def test_a_persons_calendar_has_their_shifts_alone() -> None:
    assert {one[2] for one in events(make.NOW, only=MEI).values()} == {"Care: Mei"}


def test_a_shift_keeps_its_name_when_the_calendar_is_read_again() -> None:
    today, tomorrow = events(make.NOW), events(make.NOW + timedelta(days=1))

    assert list(today)[:-1] == list(tomorrow)[: len(today) - 1]
