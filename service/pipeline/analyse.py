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

from alerts.types import BrandId, JudgedMention, StoryId
from analysis import stories
from analysis.types import Analyser, Analysis
from collectors.types import SourceKind, whole_text
from service.failpoints import Failpoint, reach
from service.pipeline.alert import raise_alerts
from service.store import clock, events, story, verdict
from service.store.events import EventKind
from service.store.pool import Connection, Pool
from service.store.verdict import Unjudged

log = logging.getLogger(__name__)

BATCH = 128
LEASE = timedelta(seconds=60)
#: Posts further apart are told apart, however alike they read.
STORY_WINDOW = timedelta(days=3)
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
    reach(Failpoint.ANALYSE_CLAIMED)
    texts = [whole_text(mention.title, mention.text) for mention in claimed]
    verdicts = await asyncio.to_thread(analyser.analyse, texts)
    reach(Failpoint.ANALYSE_JUDGED)
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        ours = await verdict.finish(conn, claimed, token)
        judged = [
            (mention, text, found)
            for mention, text, found in zip(claimed, texts, verdicts, strict=True)
            if mention.id in ours
        ]
        await _store(conn, judged, now=now)
    reach(Failpoint.ANALYSE_COMMITTED)
    return len(claimed)


async def _store(conn: Connection, judged: Sequence[tuple[Unjudged, str, Analysis]], *, now: datetime) -> None:
    """Store the verdicts and their consequences, brand by brand in one order: no deadlock between workers."""
    by_brand = sorted(judged, key=lambda one: (one[0].brand_id, one[0].id))
    for brand_id, group in groupby(by_brand, key=lambda one: one[0].brand_id):
        await story.lock(conn, brand_id)
        told = [
            (mention, text, found, await _story_of(conn, brand_id, text, now=now)) for mention, text, found in group
        ]
        await verdict.record(conn, [(mention, story_id, found) for mention, _, found, story_id in told], now=now)
        await raise_alerts(conn, [_judged(*one) for one in told if _is_news(one[0])], now=now)
    await events.tell(conn, EventKind.MENTION, [mention.id for mention, _, _ in by_brand])


async def _story_of(conn: Connection, brand_id: BrandId, text: str, *, now: datetime) -> StoryId:
    """Return the recent story of the brand that the text tells again, else a new one."""
    signature = stories.signature(text)
    if signature is None:
        return await story.open_story(conn, brand_id, (), (), now=now)
    bands = stories.bands(signature)
    near = await story.candidates(conn, brand_id, bands, now=now, within=STORY_WINDOW)
    best = max(near, key=lambda one: stories.similarity(signature, one.signature), default=None)
    if best is not None and stories.same_story(signature, best.signature):
        await story.touch(conn, best.id, now=now)
        return best.id
    return await story.open_story(conn, brand_id, signature, bands, now=now)


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
        author_name=mention.author_name,
        title=mention.title,
        text=text,
        said_at=mention.said_at,
        first_seen_at=mention.first_seen_at,
        rating=mention.rating,
        deleted=mention.deleted,
        analysis=found,
    )
