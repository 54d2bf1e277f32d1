"""When a contact wants to be left in peace, and until when. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts import wall_clock
from alerts.errors import DutyError
from alerts.types import Contact, QuietHours, Urgency

_DAY = timedelta(days=1)


def quiet_until(contact: Contact, urgency: Urgency, now: datetime) -> datetime | None:
    """Return when the contact may be told of something this urgent; None: now."""
    quiet = contact.quiet
    if quiet is None or contact.zone is None or urgency not in quiet.urgencies:
        return None
    zone = ZoneInfo(contact.zone)
    today = now.astimezone(zone).date()
    for day in (today - _DAY, today):
        starts = datetime.combine(day, quiet.starts)
        ends = datetime.combine(day + _DAY * (quiet.ends <= quiet.starts), quiet.ends)
        if wall_clock.first(starts, zone) <= now < (end := wall_clock.last(ends, zone)):
            return end
    return None


def zone_of(contact: Contact, usual: ZoneInfo) -> ZoneInfo:
    """Return the zone the contact lives by."""
    return usual if contact.zone is None else ZoneInfo(contact.zone)


def hours(
    starts: str | None, ends: str | None, urgencies: Collection[Urgency], *, zone: str | None
) -> QuietHours | None:
    """Return the quiet hours that two times such as «22:30» mean; None where neither is given, `urgencies` empty: only
    what is of normal urgency waits. Raises DutyError, its field one of a contact's."""
    if starts is None and ends is None:
        return None
    for field, given in (("quiet_from", starts), ("quiet_to", ends)):
        if given is None:
            raise DutyError(field, "is missing; quiet hours have a start and an end, such as 22:00 and 07:00")
    if zone is None:
        raise DutyError("zone", "is missing; quiet hours need one, such as Asia/Taipei")
    quiet = QuietHours(
        starts=wall_clock.read("quiet_from", starts or ""),
        ends=wall_clock.read("quiet_to", ends or ""),
        urgencies=frozenset(urgencies) or frozenset({Urgency.NORMAL}),
    )
    if quiet.starts == quiet.ends:
        raise DutyError("quiet_to", "is the start; choose another end, or leave both away for no quiet hours")
    return quiet
