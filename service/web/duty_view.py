"""A week of a schedule as rows of people and columns of days, each cell a bar that is as long as the shift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerts import oncall, wall_clock
from alerts.escalation import Weak, Weakness
from alerts.oncall import Schedule, Shift
from alerts.types import ContactId
from service.web.health import Notice
from service.web.reader import Reader

DAYS = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A part of a day, in hundredths of it."""

    x: float
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What somebody has of a day."""

    bars: tuple[Bar, ...]
    #: The same in words, one for each.
    said: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One person's week, or that of nobody."""

    #: None: nobody is on call.
    name: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftView:
    """A shift as its line shows it."""

    names: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    #: Its border by the schedule's own clock and in UTC.
    exactly: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DutyView:
    """One schedule on the page."""

    schedule: Schedule
    #: Who has it now; none: nobody.
    now: tuple[str, ...]
    #: The shifts of the week, the one that runs first.
    shifts: tuple[ShiftView, ...]
    days: tuple[str, ...]
    rows: tuple[Row, ...]


def view(schedule: Schedule, names: Mapping[ContactId, str], reader: Reader) -> DutyView:
    """Return a schedule's week from today on, by the reader's days."""
    today = reader.now.astimezone(reader.zone).date()
    borders = [_midnight(today + number * _DAY, reader.zone) for number in range(DAYS + 1)]
    week = oncall.shifts(schedule, borders[0], borders[-1])
    ahead = oncall.shifts(schedule, reader.now, borders[-1] + _DAY * DAYS)[: DAYS * 2]
    who: list[ContactId | None] = list(dict.fromkeys(one for shift in week for one in shift.contacts))
    if any(not shift.contacts for shift in week):
        who.append(None)
    return DutyView(
        schedule=schedule,
        now=_names(oncall.on_call(schedule, reader.now), names),
        shifts=tuple(_shift(one, schedule, names, reader) for one in ahead),
        days=tuple(reader.day(border) for border in borders[:-1]),
        rows=tuple(_row(one, names, week, borders, reader) for one in who),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return wall_clock.first(datetime.combine(day, time()), zone)


def _names(contacts: Sequence[ContactId], names: Mapping[ContactId, str]) -> tuple[str, ...]:
    return tuple(names.get(one, "?") for one in contacts)


def _shift(shift: Shift, schedule: Schedule, names: Mapping[ContactId, str], reader: Reader) -> ShiftView:
    there = reader.words.datetime(shift.ends_at, ZoneInfo(schedule.zone))
    utc = reader.words.datetime(shift.ends_at, UTC)
    return ShiftView(
        names=_names(shift.contacts, names),
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        exactly=there if there == utc else f"{there} · {utc}",
    )


def _row(
    who: ContactId | None,
    names: Mapping[ContactId, str],
    week: Sequence[Shift],
    borders: Sequence[datetime],
    reader: Reader,
) -> Row:
    has = [shift for shift in week if (who in shift.contacts if who is not None else not shift.contacts)]
    cells = [_cell(has, start, end, reader) for start, end in pairwise(borders)]
    return Row(name=None if who is None else names.get(who, "?"), cells=tuple(cells))


def _cell(has: Sequence[Shift], start: datetime, end: datetime, reader: Reader) -> Cell:
    parts = [(max(one.starts_at, start), min(one.ends_at, end)) for one in has]
    within = [(begins, ends) for begins, ends in parts if begins < ends]
    bars = [
        Bar(
            x=round(100 * ((begins - start) / (end - start)), 2),
            width=round(100 * ((ends - begins) / (end - start)), 2),
        )
        for begins, ends in within
    ]
    said = [f"{reader.clock(begins)}–{'24:00' if ends == end else reader.clock(ends)}" for begins, ends in within]
    return Cell(bars=tuple(bars), said=tuple(said))


def notices(found: Sequence[Weakness], reader: Reader) -> list[Notice]:
    """Return what should be mended before somebody is needed, each with what to do."""
    _ = reader.words.gettext
    shown = []
    for one in found[:5]:
        values = {
            "name": one.name,
            "people": ", ".join(one.people),
            "from": reader.moment(one.starts_at) if one.starts_at else "",
            "to": reader.moment(one.ends_at) if one.ends_at else "",
        }
        title = {
            Weak.LAST_RESORT: _("The last resort of “%(name)s” cannot be told"),
            Weak.NOBODY: _("“%(name)s”: nobody is on call from %(from)s to %(to)s"),
            Weak.UNREACHED: _("“%(name)s”: %(people)s cannot be told, from %(from)s to %(to)s"),
        }[one.weak]
        remedy = {
            Weak.LAST_RESORT: _("Name a contact that is verified; until then everybody is told in its place."),
            Weak.NOBODY: _("Let somebody take over; until then the last resort is told."),
            Weak.UNREACHED: _("See on the page of contacts what is wrong, or let somebody else take over."),
        }[one.weak]
        shown.append(Notice(title=title % values, remedy=remedy))
    return shown
