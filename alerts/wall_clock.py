"""From a time on a wall clock to the instant it stands for, on the nights when clocks are changed too. Pure.

An hour that happens twice begins at its first and ends at its second occurrence; one that does not happen begins and
ends when the clocks are put forward. Spans that share a border by the wall therefore overlap, and never leave a gap.
"""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import available_timezones

from alerts.errors import DutyError

_SECOND = timedelta(seconds=1)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def read(field: str, text: str) -> time:
    """Return the time of day a text such as «22:30» means. Raises DutyError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise DutyError(field, "is no time of day; write one such as 22:30")
    return time(int(match[1]), int(match[2]))


def check_zone(field: str, name: str) -> str:
    """Return the name of a zone that there is. Raises DutyError."""
    if name not in available_timezones():
        raise DutyError(field, f"there is no zone {name!r}; write an IANA name such as Asia/Taipei")
    return name


def first(wall: datetime, zone: tzinfo) -> datetime:
    """Return the first instant, in UTC, at which the wall's clock shows this or, where it never does, a later time."""
    return _instant(wall, zone, fold=0)


def last(wall: datetime, zone: tzinfo) -> datetime:
    """Return the last instant, in UTC, at which the wall's clock shows this or, where it never does, the first at
    which it shows a later time."""
    return _instant(wall, zone, fold=1)


def _instant(wall: datetime, zone: tzinfo, *, fold: int) -> datetime:
    local = wall.replace(tzinfo=zone)
    early, late = (local.replace(fold=one).astimezone(UTC) for one in (0, 1))
    # In a gap the offset of before leads behind the change, and that of after before it.
    return _change_between(late, early, zone) if late < early else (early, late)[fold]


def _change_between(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the instant at which the clocks are changed."""
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + high * _SECOND
