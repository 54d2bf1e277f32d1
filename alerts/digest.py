"""When a digest is due, and of which days. Pure.

A digest is owed once its days are over and its hour has come, however long ago: whoever looks later, after a night
without power or a change of clocks, finds the same one. Only the last period is owed: a week of downtime ends in one
daily digest, not in seven.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from alerts import wall_clock
from alerts.types import DigestKind, DigestWish

_DAYS = {DigestKind.DAILY: 1, DigestKind.WEEKLY: 7}


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """The days of one digest, from midnight to midnight by the contact's clock."""

    kind: DigestKind
    starts: date
    since: datetime
    until: datetime

    def before(self, zone: tzinfo) -> "Period":
        """Return the equally many days before."""
        return period(self.kind, self.starts - timedelta(days=_DAYS[self.kind]), zone)


def period(kind: DigestKind, starts: date, zone: tzinfo) -> Period:
    """Return the period that starts on a day; a day may have 23 or 25 hours."""
    ends = starts + timedelta(days=_DAYS[kind])
    since, until = (wall_clock.first(datetime.combine(day, time()), zone) for day in (starts, ends))
    return Period(kind=kind, starts=starts, since=since, until=until)


def latest(kind: DigestKind, *, at: time, zone: tzinfo, now: datetime) -> Period:
    """Return the last period that is over and whose hour on the day after has come."""
    today = now.astimezone(zone).date()
    days = _DAYS[kind]
    ended = today if kind is DigestKind.DAILY else today - timedelta(days=today.weekday())
    if wall_clock.first(datetime.combine(ended, at), zone) > now:
        ended -= timedelta(days=days)
    return period(kind, ended - timedelta(days=days), zone)


def containing(kind: DigestKind, day: date, zone: tzinfo) -> Period:
    """Return the period in which a day lies."""
    return period(kind, day if kind is DigestKind.DAILY else day - timedelta(days=day.weekday()), zone)


def wish(kinds: Collection[DigestKind], at: str, *, always: bool) -> DigestWish:
    """Return what a contact's settings mean. Raises DutyError, its field one of a contact's."""
    return DigestWish(kinds=frozenset(kinds), at=wall_clock.read("digest_at", at), always=always)
