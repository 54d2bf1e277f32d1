"""Judges mentions and acts on the verdicts.

    claim a batch | judge outside any transaction | in one: take off the queue, store, find stories, raise alerts

A worker that dies anywhere leaves a lease to run out: the mentions are judged again, once.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import uuid4

from alerts.types import IncidentId, JudgedMention, StoryId
from analysis.terms import terms
from analysis.types import Analyser, Analysis
from collectors.types import SourceKind, whole_text
from service.failpoints import Failpoint, reach
from service.pipeline.alert import raise_alerts
from service.pipeline.judge import judge
from service.pipeline.owing import owe
from service.pipeline.stories import stories_of
from service.store import brand, clock, events, incident, story, verdict
from service.store.events import EventKind
from service.store.pool import Connection, Pool, commit
from service.store.verdict import Unjudged

log = logging.getLogger(__name__)

BATCH = 128
LEASE = timedelta(seconds=60)
#: An imported mention said longer ago than this, or nobody knows when, opens no incident.
IMPORT_IS_NEWS_FOR = timedelta(days=2)


async def analyse_due(pool: Pool, analyser: Analyser) -> int:
    """Judge one batch of waiting mentions; return how many were claimed."""
    token = uuid4()
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        if dead := await verdict.give_up(conn, now=now):
            log.error("mentions set aside: judging them kept ending the worker", extra={"mentions": dead})
        claimed = await verdict.claim(conn, now=now, lease=LEASE, token=token, limit=BATCH, again=False)
        if not claimed:
            claimed = await verdict.claim(conn, now=now, lease=LEASE, token=token, limit=1, again=True)
        if not claimed:
            return 0
        called = await brand.names(conn, [mention.brand_id for mention in claimed])
    reach(Failpoint.ANALYSE_CLAIMED)
    texts = [whole_text(mention.title, mention.text) for mention in claimed]
    names = [called.get(mention.brand_id, ()) for mention in claimed]
    verdicts = await asyncio.to_thread(judge, analyser, texts, names)
    reach(Failpoint.ANALYSE_JUDGED)

    async def store(conn: Connection) -> None:
        ours = await verdict.finish(conn, claimed, token)
        judged = [
            (mention, text, found)
            for mention, text, found in zip(claimed, texts, verdicts, strict=True)
            if mention.id in ours
        ]
        await _store(conn, judged, now=await clock.now(conn))

    await commit(pool, store, within=LEASE / 2)
    reach(Failpoint.ANALYSE_COMMITTED)
    return len(claimed)


async def _store(conn: Connection, judged: Sequence[tuple[Unjudged, str, Analysis]], *, now: datetime) -> None:
    """Store the verdicts and their consequences, brand by brand in one order: no deadlock between workers."""
    by_brand = sorted(judged, key=lambda one: (one[0].brand_id, one[0].id))
    touched: list[IncidentId] = []
    for brand_id, group in groupby(by_brand, key=lambda one: one[0].brand_id):
        await story.lock(conn, brand_id)
        of_brand = list(group)
        found = await stories_of(conn, brand_id, [(text, judgement) for _, text, judgement in of_brand], now=now)
        told = [(mention, text, judgement, of) for (mention, text, judgement), of in zip(of_brand, found, strict=True)]
        await verdict.record(
            conn,
            [(mention, story_id, judgement) for mention, _, judgement, story_id in told],
            terms=[terms(text) for _, text, _, _ in told],
            now=now,
        )
        touched += await raise_alerts(conn, [_judged(*one) for one in told if _may_wake(one[0], one[2])], now=now)
    await owe(conn, await incident.of_ids(conn, touched), now=now)
    await events.tell(conn, EventKind.MENTION, [mention.id for mention, _, _ in by_brand])


def _may_wake(mention: Unjudged, found: Analysis) -> bool:
    """Whether rules look at it: what the brand's own people say, and advertising, wakes nobody."""
    return not (mention.own or mention.reply_by_owner or found.is_promotion) and _is_news(mention)


def _is_news(mention: Unjudged) -> bool:
    """Whether somebody may be woken: an import is mostly history, and ten thousand old reviews are no emergency."""
    if mention.kind != SourceKind.IMPORT:
        return True
    return mention.published_at is not None and mention.first_seen_at - mention.published_at < IMPORT_IS_NEWS_FOR


def _judged(mention: Unjudged, text: str, found: Analysis, story_id: StoryId) -> JudgedMention:
    """Return the mention as rules see it: `text` is what was judged."""
    return JudgedMention(
        id=mention.id,
        version=mention.version,
        brand_id=mention.brand_id,
        source_id=mention.source_id,
        story_id=story_id,
        site=mention.site,
        url=mention.url,
        author_id=mention.author_id,
        author_name=mention.author_name,
        title=mention.title,
        text=text,
        said_at=mention.said_at,
        first_seen_at=mention.first_seen_at,
        rating=mention.rating,
        engagement=mention.engagement,
        reply_by_owner=mention.reply_by_owner,
        deleted=mention.deleted,
        analysis=found,
    )
