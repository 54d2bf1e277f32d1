"""Sets the demo up: a brand, its sources, a rule and a contact. Never a post: those are fetched."""

from datetime import datetime, timedelta

from alerts.types import RuleKind, RuleMode, Urgency
from collectors.types import SourceKind
from service.demo.feeds import FEEDS
from service.store import brand, contact, rule, source
from service.store.pool import Connection

BRAND = "Lantern Tea (demo)"
CONTACT = "On call (demo)"
RULE = "Angry mentions (demo)"
#: Short, so that posts can be watched arriving; a real feed is polled every few minutes.
INTERVAL = timedelta(seconds=5)


async def started_at(conn: Connection) -> datetime | None:
    """Return when the demo was first started; None before."""
    watched = await brand.named(conn, BRAND)
    return None if watched is None else await brand.created_at(conn, watched.id)


async def seed(conn: Connection, *, feeds_url: str, now: datetime) -> None:
    """Make the demo be so. In the caller's transaction."""
    brand_id = await brand.ensure(conn, BRAND, now=now, demo=True)
    for feed in FEEDS:
        await source.put(
            conn,
            brand_id=brand_id,
            kind=SourceKind.FEED,
            name=feed.title,
            settings={"url": f"{feeds_url}/{feed.name}"},
            interval=INTERVAL,
            allow_private=True,
            enabled=True,
            now=now,
        )
    contact_id = await contact.put(
        conn, name=CONTACT, email="oncall@lantern.example", language="en", enabled=True, demo=True, now=now
    )
    rule_id = await rule.put(
        conn,
        brand_id=brand_id,
        kind=RuleKind.ANGRY_MENTION,
        name=RULE,
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=now,
    )
    await contact.tie(conn, rule_id, [contact_id])
