"""Shifts as an iCalendar file, which calendars read and keep reading. Pure.

Times are instants in UTC, so that a calendar needs no rules of ours for nights on which clocks are changed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from alerts.oncall import Schedule, shifts
from alerts.types import ContactId

#: So much of what was and of what comes is told.
BEFORE, AFTER = timedelta(days=14), timedelta(days=92)
_ASK_AGAIN = timedelta(hours=1)


def written(
    name: str,
    schedules: Sequence[Schedule],
    people: Mapping[ContactId, str],
    *,
    only: ContactId | None = None,
    now: datetime,
) -> bytes:
    """Return the file: everybody's shifts of schedules, or `only` one person's."""
    made = Calendar()
    made.add("prodid", "-//Earshot//On call//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("refresh-interval", _ASK_AGAIN, parameters={"VALUE": "DURATION"})
    for schedule in schedules:
        for shift in shifts(schedule, now - BEFORE, now + AFTER):
            if shift.contacts and (only is None or only in shift.contacts):
                who = ", ".join(people.get(one, "?") for one in shift.contacts)
                made.add_component(_event(schedule, who, shift.starts_at, shift.ends_at, now))
    return bytes(made.to_ical())


def _event(schedule: Schedule, who: str, starts_at: datetime, ends_at: datetime, now: datetime) -> Event:
    event = Event()
    # The same shift keeps its name when the file is read again.
    event.add("uid", f"{schedule.id}-{int(ends_at.timestamp())}@earshot")
    event.add("dtstamp", now)
    event.add("dtstart", starts_at)
    event.add("dtend", ends_at)
    event.add("summary", f"{schedule.name}: {who}")
    event.add("transp", "TRANSPARENT")
    return event
