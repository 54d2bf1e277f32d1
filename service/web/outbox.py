"""What people are told: every e-mail with how far it came, and each exactly as it is sent."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from alerts.posts import rendered
from alerts.rendering import Rendered
from alerts.types import NotificationId, NotificationState, Post, Purpose, Verification
from service import posts
from service.store import component, notification
from service.store.notification import OutboxEntry
from service.web import health, links, render, wording
from service.web.visit import Missing, PageRoute, Responding, SignedIn, Visit, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_A_PAGE = 40


@router.get("/outbox")
async def listed(visit: SignedIn) -> Response:
    """Return a page of e-mails, last owed first."""
    query = visit.request.query_params
    state = next((known for known in NotificationState if known == query.get("state")), None)
    found = await notification.newest(visit.conn, state=state, after=_after(query.get("older")), limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    last = f"{shown[-1].created_at.isoformat()}_{shown[-1].id}" if len(found) > _A_PAGE else None
    return visit.page(
        "outbox.html",
        here="outbox",
        state=state,
        entries=shown,
        counts=await notification.waiting(visit.conn),
        states=wording.states(visit.reader),
        purposes=wording.purposes(visit.reader),
        notices=health.mail_notices(await component.every(visit.conn), visit.settings, visit.reader),
        older=links.with_query("/outbox", {"state": state, "older": last}) if last else None,
        newest=links.with_query("/outbox", {"state": state}) if query.get("older") else None,
    )


@router.get("/outbox/{notification_id}")
async def one(visit: SignedIn, notification_id: str) -> Response:
    """Return one e-mail with the conversations about it. Raises Missing."""
    entry = await _entry(visit, notification_id)
    tries = await notification.attempts(visit.conn, entry.id)
    return visit.page(
        "letter.html",
        here="outbox",
        entry=entry,
        letter=await _letter(visit, entry),
        tries=[(attempt, wording.remedy(attempt.outcome, visit.reader)) for attempt in tries],
        outcomes=wording.outcomes(visit.reader),
        states=wording.states(visit.reader),
        purposes=wording.purposes(visit.reader),
        urgency=wording.urgency(entry.urgency, visit.reader),
        sender=visit.settings.mail_from,
        notices=health.mail_notices(await component.every(visit.conn), visit.settings, visit.reader),
    )


@router.get("/outbox/{notification_id}/html")
async def framed(visit: SignedIn, notification_id: str) -> Response:
    """Return the e-mail's HTML part for the frame on its page: no script, no form, no way out. Raises Missing."""
    letter = await _letter(visit, await _entry(visit, notification_id))
    return render.answer(visit.request, letter.page, policy=render.MAIL_POLICY)


@router.post("/outbox/{notification_id}/retry")
async def retry(visit: Responding, notification_id: str) -> Response:
    """Try an e-mail that was given up again. Raises Missing."""
    await visit.form()
    entry = await _entry(visit, notification_id)
    async with visit.conn.transaction():
        await notification.try_again(visit.conn, entry.id, now=visit.reader.now)
    return render.moved(f"/outbox/{entry.id}")


async def _entry(visit: Visit, notification_id: str) -> OutboxEntry:
    """Return what the address names. Raises Missing."""
    try:
        known = NotificationId(UUID(notification_id))
    except ValueError:
        raise Missing from None
    return or_missing(await notification.get(visit.conn, known))


async def _letter(visit: Visit, entry: OutboxEntry) -> Rendered:
    """Return the e-mail as the channel makes it. Raises Missing."""
    post = await _post(visit, entry)
    if post is None:
        raise Missing
    return rendered(post, zone=visit.reader.zone)


async def _post(visit: Visit, entry: OutboxEntry) -> Post | None:
    """Return what an e-mail says; its secrets stay with whom it was sent to."""
    public_url = visit.settings.public_url
    if entry.purpose is Purpose.VERIFY:
        asked = await notification.recipient(visit.conn, entry.id)
        url = f"{public_url}/contacts/verify?token=…"
        return None if asked is None else Verification(notification_id=entry.id, contact=asked, url=url)
    until = entry.sent_at or visit.reader.now
    return await posts.read(visit.conn, entry.id, entry.purpose, public_url=public_url, until=until)


def _after(text: str | None) -> tuple[datetime, UUID] | None:
    """Return where the page before ended."""
    when, _, row = (text or "").partition("_")
    try:
        at, known = datetime.fromisoformat(when), UUID(row)
    except ValueError:
        return None
    return None if at.tzinfo is None else (at, known)
