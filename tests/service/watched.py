"""Sets up what a worker needs: a brand, a source, a rule, a contact."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.types import BrandId, ContactId, RuleId, RuleKind, RuleMode, SourceId, Urgency
from collectors.types import SourceKind
from service.store import brand, clock, contact, rule, source
from service.store.pool import Connection

FURIOUS = "氣死我了！這什麼爛店，店員罵我活該還把我趕出去，垃圾服務，我一定要去消保會檢舉你們，大家不要再去了！！！"
FURIOUS_EN = (
    "Disgusting scam company! They lied to my face, stole my money and laughed at me. I am furious, "
    "the worst service ever, I will report these thieves and never come back!!!"
)
CALM = "The noodles were fine and the waiter was friendly."


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What was set up."""

    brand_id: BrandId
    source_id: SourceId
    rule_id: RuleId
    contact_id: ContactId


async def watch(
    conn: Connection,
    feed_url: str,
    *,
    interval: timedelta = timedelta(minutes=5),
    suffix: str = "",
) -> Watched:
    """Watch a brand through one feed and tell one contact of angry mentions: of every brand, or, where the names have
    a suffix, of this one."""
    now = await clock.now(conn)
    brand_id = await brand.ensure(conn, f"Lantern Noodles{suffix}", now=now)
    source_id = await source.put(
        conn,
        brand_id=brand_id,
        kind=SourceKind.FEED,
        name="Forum",
        settings={"url": feed_url},
        interval=interval,
        allow_private=True,
        enabled=True,
        now=now,
    )
    contact_id = await contact.put(
        conn, name=f"On call{suffix}", email=f"oncall{suffix}@example.com", language="zh-Hant", enabled=True, now=now
    )
    rule_id = await rule.put(
        conn,
        brand_id=brand_id if suffix else None,
        kind=RuleKind.ANGRY_MENTION,
        name=f"Angry mentions{suffix}",
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=now,
    )
    await contact.tie(conn, rule_id, [contact_id])
    return Watched(brand_id=brand_id, source_id=source_id, rule_id=rule_id, contact_id=contact_id)
