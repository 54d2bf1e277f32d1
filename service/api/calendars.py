"""Addresses at which calendars read shifts. Each holds a token, which is shown once and can be revoked."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, status
from pydantic import Field

from alerts import shift_calendar
from alerts.oncall import ScheduleId
from alerts.types import ContactId
from service.api.access import Asked, Reading, Writing
from service.api.errors import Invalid, NotFound
from service.api.parameters import PREFIX, Id, Page, Shape
from service.store import calendar, clock, contact, schedule
from service.store.calendar import Feed, FeedId
from service.store.pool import Connection, Pool

router = APIRouter(prefix=PREFIX, tags=["on call"])
#: For calendars, not for users of the API.
reading = APIRouter(prefix=f"{PREFIX}/calendar", include_in_schema=False)
Token = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


class CalendarBody(Shape):
    """Whose shifts: those of a schedule, or of a person in all schedules."""

    schedule: Id | None = None
    contact: Id | None = None


class CalendarItem(Shape):
    """An address at which a calendar reads shifts."""

    id: int
    schedule: int | None
    contact: int | None
    author: str
    created_at: datetime


class CalendarMade(CalendarItem):
    """A new address."""

    url: str = Field(description="Shown this once. Whoever knows it can read the shifts.")


@router.get("/calendars", summary="List the addresses at which calendars read shifts")
async def calendars_list(asked: Reading) -> Page[CalendarItem]:
    """All in one page, the oldest first; without their tokens."""
    return Page(items=[_item(one) for one in await calendar.every(asked.conn)], next=None)


@router.post("/calendars", summary="Make an address for a calendar", status_code=status.HTTP_201_CREATED)
async def calendar_add(asked: Writing, request: Request, body: CalendarBody) -> CalendarMade:
    """Put it into any calendar that takes iCalendar addresses; the answer is the only time it is shown."""
    if (body.schedule is None) == (body.contact is None):
        raise Invalid("schedule", "name a schedule or a contact, one of the two")
    schedule_id = None if body.schedule is None else ScheduleId(body.schedule)
    contact_id = None if body.contact is None else ContactId(body.contact)
    await _check(asked, schedule_id, contact_id)
    feed_id, token = await calendar.add(
        asked.conn, schedule_id=schedule_id, contact_id=contact_id, author=asked.caller.name, now=asked.now
    )
    return CalendarMade(
        id=feed_id,
        schedule=schedule_id,
        contact=contact_id,
        author=asked.caller.name,
        created_at=asked.now,
        url=f"{request.app.state.settings.public_url}{PREFIX}/calendar/{token}.ics",
    )


@router.delete("/calendars/{id}", summary="Revoke a calendar's address", status_code=status.HTTP_204_NO_CONTENT)
async def calendar_revoke(asked: Writing, feed_id: Annotated[Id, Path(alias="id")]) -> None:
    """It opens nothing any more."""
    if not await calendar.revoke(asked.conn, FeedId(feed_id)):
        raise NotFound(f"There is no calendar {feed_id}.")


@reading.get("/{token}.ics")
async def read(request: Request, token: Token) -> Response:
    """Return the shifts that the token opens, two weeks back and three months ahead."""
    pool: Pool = request.app.state.pool
    async with pool.acquire() as conn:
        feed = await calendar.of_token(conn, token)
        if feed is None:
            raise NotFound("There is no such calendar; the address was revoked, or is not whole.")
        body = await _written(conn, feed)
    return Response(body, media_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, max-age=300"})


async def _written(conn: Connection, feed: Feed) -> bytes:
    now = await clock.now(conn)
    people = {one.id: one.name for one in await contact.every(conn)}
    every = await schedule.every(conn, overrides_since=now - shift_calendar.BEFORE)
    meant = [one for one in every if feed.schedule_id in (None, one.id)]
    name = meant[0].name if feed.contact_id is None else people[feed.contact_id]
    return shift_calendar.written(name, meant, people, only=feed.contact_id, now=now)


async def _check(asked: Asked, schedule_id: ScheduleId | None, contact_id: ContactId | None) -> None:
    """Raise Invalid for what is not there."""
    if schedule_id is not None:
        found = await schedule.get(asked.conn, schedule_id, overrides_since=asked.now)
        if found is None:
            raise Invalid("schedule", f"there is no schedule {schedule_id}; GET /api/v1/schedules lists them")
    if contact_id is not None and await contact.get(asked.conn, contact_id) is None:
        raise Invalid("contact", f"there is no contact {contact_id}; GET /api/v1/contacts lists them")


def _item(one: Feed) -> CalendarItem:
    return CalendarItem(
        id=one.id, schedule=one.schedule_id, contact=one.contact_id, author=one.author, created_at=one.created_at
    )
