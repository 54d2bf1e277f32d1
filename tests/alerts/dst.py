"""Every night on which the clocks of any zone are changed, 2024 to 2030, minute by minute: `make dst`."""

import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from alerts import oncall
from alerts.oncall import Layer, Schedule, ScheduleId
from alerts.types import ContactId

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_SINCE, _UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
_WEEK = 7 * _DAY
_MEMBERS = (ContactId(1), ContactId(2), ContactId(3))


def changes(zone: ZoneInfo) -> list[datetime]:
    """Return the instants at which a zone's clocks are changed, to the minute."""
    found: list[datetime] = []
    at = _SINCE
    while at < _UNTIL:
        offset = at.astimezone(zone).utcoffset()
        if (at + _WEEK).astimezone(zone).utcoffset() != offset:
            low, high = 0, _WEEK // _MINUTE
            while high - low > 1:
                middle = (low + high) // 2
                same = (at + middle * _MINUTE).astimezone(zone).utcoffset() == offset
                low, high = (middle, high) if same else (low, middle)
            found.append(at + high * _MINUTE)
        at += _WEEK
    return found


def kinds_of_zones() -> list[str]:
    """Return one zone of each set of rules that changes clocks: hundreds of names mean the same."""
    kinds: dict[tuple[object, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        if found := changes(zone):
            kinds.setdefault(tuple((at, at.astimezone(zone).utcoffset()) for at in found), name)
    return list(kinds.values())


def walk(name: str, at: datetime, turn: timedelta, *, minutes: int) -> int:
    """Prove the rules for two days on either side of one change, and return how many instants that were: somebody is on
    call, by the wall it is their turn, and two are only in time that happens twice."""
    zone = ZoneInfo(name)
    start = (at - 3 * _DAY).astimezone(zone).replace(tzinfo=None, minute=30, second=0, microsecond=0)
    layer = Layer(members=_MEMBERS, turn=turn, starts=start)
    care = Schedule(id=ScheduleId(1), name="Care", zone=name, layers=(layer,))
    moment, seen = at - 2 * _DAY, 0
    while moment < at + 2 * _DAY:
        found = oncall.on_call(care, moment)
        wall = moment.astimezone(zone).replace(tzinfo=None)
        assert _MEMBERS[(wall - start) // turn % len(_MEMBERS)] in found, (name, moment)
        assert len(found) == 1 or _is_near_twice(moment, at, zone), (name, moment, found)
        moment += timedelta(minutes=minutes)
        seen += 1
    return seen


def _is_near_twice(moment: datetime, at: datetime, zone: ZoneInfo) -> bool:
    """Whether an instant lies in the hours that happen twice at a change."""
    before = (at - _MINUTE).astimezone(zone).utcoffset() or timedelta()
    after = at.astimezone(zone).utcoffset() or timedelta()
    return after < before and at - (before - after) <= moment < at + (before - after)


def main() -> None:
    """Walk through all of them."""
    seen = 0
    for name in kinds_of_zones():
        nights = changes(ZoneInfo(name))
        for at in nights:
            for turn in (_DAY, 12 * _HOUR, _HOUR):
                seen += walk(name, at, turn, minutes=1)
        sys.stdout.write(f"{name}: {len(nights)} changes\n")
        sys.stdout.flush()
    sys.stdout.write(f"{seen} instants, no gap\n")


if __name__ == "__main__":
    main()
