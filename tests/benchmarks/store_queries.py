"""Every question that the pages and the API's lists put to the store, each beside its budget."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from alerts import query
from alerts.types import BrandId, IncidentId, IncidentStatus, MentionId, SourceId, StoryId
from service import terms
from service.store import brand_match, correction, incident, mention, search, source, talk, traffic, trend
from service.store.mention import MentionFilter, Place
from service.store.pool import Connection, Pool
from service.store.talk import AuthorSort
from service.store.term import Mood
from service.store.trend import Bucket, Grouping
from tests.benchmarks.budget import Line, percentile
from tests.benchmarks.store_load import DAYS, NOW

_ASK = Callable[[Connection], Awaitable[object]]
_MONTH = NOW - timedelta(days=30)
_TREND, _PAGE, _SEARCH = 20, 10, 300
#: For what DESIGN names no number: a page makes about ten of these and is to be there within a second.
_WHOLE = 100
#: Asked once a page and read from many mentions.
_HEAVY = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What is asked about: the busiest brand, and one of each other thing."""

    busy: BrandId
    quiet: BrandId
    source_id: SourceId
    story_id: StoryId
    incident_id: IncidentId
    author: str
    #: In the middle of the busiest brand's list.
    middle: Place


async def scene(conn: Connection) -> Scene:
    """Return what there is to ask about."""
    busy, *_, quiet = [row[0] for row in await conn.fetch("select id from brand order by id")]
    ((story_id, author),) = await conn.fetch(
        "select story_id, author_name from mention where brand_id = $1 order by said_at desc limit 1", busy
    )
    there = await conn.fetchval("select count(*) from mention where brand_id = $1", busy)
    ((said_at, last),) = await conn.fetch(
        "select said_at, id from mention where brand_id = $1 order by said_at desc offset $2 limit 1", busy, there // 2
    )
    return Scene(
        busy=BrandId(busy),
        quiet=BrandId(quiet),
        source_id=SourceId(await conn.fetchval("select min(id) from source where brand_id = $1", busy)),
        story_id=StoryId(story_id),
        incident_id=IncidentId(await conn.fetchval("select max(id) from incident")),
        author=author,
        middle=Place(said_at=said_at, id=MentionId(last)),
    )


def _trends(scene: Scene) -> Mapping[str, tuple[int, _ASK]]:
    counts = partial(
        trend.counts, brand_ids=[scene.busy], since=_MONTH, until=NOW, bucket=Bucket.HOUR, zone="Asia/Taipei"
    )
    causes = partial(trend.cause_counts, since=_MONTH, until=NOW, bucket=Bucket.DAY, zone="Asia/Taipei")
    gaps = partial(trend.gaps, brand_ids=[scene.busy], since=_MONTH, until=NOW, bucket=Bucket.HOUR)
    starts = partial(trend.starts, since=_MONTH, until=NOW, bucket=Bucket.HOUR)
    return {
        "trend, 30 days hourly, a brand": (_TREND, counts),
        "trend, 30 days hourly, by source": (_TREND, partial(counts, group=Grouping.SOURCE)),
        "trend, 30 days hourly, by language": (_TREND, partial(counts, group=Grouping.LANGUAGE)),
        "trend, 30 days daily, every brand": (_WHOLE, partial(counts, brand_ids=None, bucket=Bucket.DAY)),
        "trend, 90 days daily, a brand": (
            _WHOLE, partial(counts, since=NOW - timedelta(days=DAYS), bucket=Bucket.DAY)
        ),
        "share of voice, 30 days": (
            _WHOLE, partial(counts, brand_ids=None, bucket=Bucket.DAY, group=Grouping.BRAND)
        ),
        "causes, 30 days, a brand": (_WHOLE, partial(causes, brand_ids=[scene.busy])),
        "causes, 30 days, every brand": (_WHOLE, partial(causes, brand_ids=None)),
        "gaps, 30 days": (_WHOLE, partial(gaps, zone="Asia/Taipei")),
        "steps of 30 days": (_TREND, partial(starts, zone="Asia/Taipei")),
        "total of everything": (_WHOLE, trend.total),
        "spread of a brand, 14 days": (
            _HEAVY,
            partial(
                trend.spread, brand_ids=[scene.busy], story_id=None, since=NOW - timedelta(days=14), until=NOW,
                window=timedelta(hours=6),
            ),
        ),
        "an hour of a brand in steps of 5 minutes (a rule)": (
            _WHOLE,
            partial(
                traffic.steps, brand_id=scene.busy, since=NOW - timedelta(hours=1), until=NOW, step=timedelta(minutes=5)
            ),
        ),
    }  # fmt: skip


def _lists(scene: Scene) -> Mapping[str, tuple[int, _ASK]]:
    busy = MentionFilter(brand_id=scene.busy)
    month = replace(busy, since=_MONTH)

    def newest(wanted: MentionFilter) -> _ASK:
        return partial(mention.newest, wanted=wanted, limit=51)

    return {
        "newest page, a brand": (_PAGE, newest(busy)),
        "newest page, everything": (_PAGE, newest(MentionFilter())),
        "newest page, the quietest brand": (_PAGE, newest(MentionFilter(brand_id=scene.quiet))),
        "a page in the middle": (_PAGE, partial(mention.newest, wanted=busy, after=scene.middle, limit=51)),
        "angry page, a brand": (_PAGE, newest(replace(busy, angry=True))),
        "angry page, a brand's month": (_PAGE, newest(replace(month, angry=True))),
        "angry page, everything": (_PAGE, newest(MentionFilter(angry=True))),
        "angriest first, a brand": (_WHOLE, partial(mention.angriest, wanted=busy, limit=51)),
        "angriest first, a brand's month": (_WHOLE, partial(mention.angriest, wanted=month, limit=51)),
        "angriest first, everything": (_WHOLE, partial(mention.angriest, wanted=MentionFilter(), limit=51)),
        "page of a label": (_WHOLE, newest(replace(busy, label="negative"))),
        "page of a language": (_WHOLE, newest(replace(busy, language="th"))),
        "page of a source": (_WHOLE, newest(MentionFilter(source_id=scene.source_id))),
        "page of a kind": (_WHOLE, newest(replace(busy, kind="threat"))),
        "page of a cause": (_WHOLE, newest(replace(busy, cause="hygiene"))),
        "page of a cause, everything": (_WHOLE, newest(MentionFilter(cause="hygiene"))),
        "page of an author, a brand": (_WHOLE, newest(replace(busy, author=scene.author))),
        "page of an author, everything": (_WHOLE, newest(MentionFilter(author=scene.author))),
        "page of an unknown author": (_WHOLE, newest(replace(busy, author="nobody"))),
        "page of a story": (_WHOLE, newest(MentionFilter(story_id=scene.story_id))),
        "page of an incident": (_WHOLE, newest(MentionFilter(incident_id=scene.incident_id))),
        "page of what is left out of counts": (_WHOLE, newest(replace(busy, counted=False))),
    }


def _searches(scene: Scene) -> Mapping[str, tuple[int, _ASK]]:
    month = MentionFilter(brand_id=scene.busy, since=_MONTH)
    quiet = replace(month, brand_id=scene.quiet)
    year = MentionFilter(since=NOW - timedelta(days=365))
    asked = {
        "a common word": "服務",
        "two common words near": "บริการ NEAR/8 แย่",
        "words without another": "cold soup -refund",
        "a number of one": "no00000040",
        "a word of nobody": "食物中毒",
    }
    found: dict[str, tuple[int, _ASK]] = {}
    for what, words in asked.items():
        parsed = query.parse(words)
        for where, wanted in (("a brand's month", month), ("a quiet brand's month", quiet), ("everything", year)):
            found[f"search {where}: {what}"] = (_SEARCH, partial(search.newest, wanted=wanted, asked=parsed))
    ranked = query.parse("服務 很差")
    found["most relevant of a brand's month"] = (
        _SEARCH, partial(search.most_relevant, wanted=month, asked=ranked)
    )  # fmt: skip
    found["angriest matches of a brand's month"] = (
        _SEARCH, partial(search.angriest, wanted=month, asked=ranked)
    )  # fmt: skip
    return found


def _talk(scene: Scene) -> Mapping[str, tuple[int, _ASK]]:
    seven = NOW - timedelta(days=7)
    today, week = date(2026, 3, 6), timedelta(days=7)
    told = partial(talk.stories, at_least=2, limit=50)
    speak = partial(talk.authors, brand_ids=[scene.busy], limit=50)
    words = partial(terms.risen, brand_id=scene.busy, since=today - week, until=today, most=30)
    return {
        "stories of 7 days, a brand": (_HEAVY, partial(told, brand_ids=[scene.busy], since=seven, until=NOW)),
        "stories of 30 days, a brand": (_HEAVY, partial(told, brand_ids=[scene.busy], since=_MONTH, until=NOW)),
        "authors of 7 days, a brand": (_HEAVY, partial(speak, sort=AuthorSort.OFTEN, since=seven, until=NOW)),
        "authors of 30 days, a brand": (_HEAVY, partial(speak, sort=AuthorSort.TURNED, since=_MONTH, until=NOW)),
        "rising words of 7 days, a brand": (_HEAVY, partial(words, mood=Mood.ALL)),
        "rising words of the angry": (_HEAVY, partial(words, mood=Mood.ANGRY)),
        "rising words of 7 days, everything": (_HEAVY, partial(words, brand_id=None, mood=Mood.ALL)),
        "one story": (_WHOLE, partial(talk.one, story_id=scene.story_id, since=_MONTH, until=NOW)),
        "a story's span": (_WHOLE, partial(talk.story, story_id=scene.story_id)),
        "a story's course": (
            _WHOLE,
            partial(
                talk.story_counts,
                story_id=scene.story_id,
                bucket=Bucket.HOUR,
                zone="Asia/Taipei",
                since=_MONTH,
                until=NOW,
            ),
        ),
        "spread of a story": (
            _WHOLE,
            partial(
                trend.spread,
                brand_ids=None,
                story_id=scene.story_id,
                window=timedelta(hours=6),
                since=_MONTH,
                until=NOW,
            ),
        ),
    }


def _others(scene: Scene) -> Mapping[str, tuple[int, _ASK]]:
    async def whole(conn: Connection) -> None:
        stored = await mention.get(conn, scene.middle.id)
        assert stored is not None
        await mention.versions(conn, stored.id)
        await brand_match.why(conn, stored)

    return {
        "one mention, whole": (_PAGE, whole),
        "incidents, newest": (_WHOLE, partial(incident.newest, limit=51)),
        "incidents, open of a brand": (
            _WHOLE, partial(incident.newest, brand_id=scene.busy, statuses=[IncidentStatus.TRIGGERED], limit=10)
        ),
        "incidents by status": (_WHOLE, partial(incident.count_by_status, brand_id=scene.busy)),
        "sources with their health": (_WHOLE, partial(source.health, now=NOW)),
        "corrections, newest": (_WHOLE, partial(correction.lessons, before=None, limit=51)),
        "quality by language": (_HEAVY, partial(correction.by_language, since=NOW - timedelta(days=DAYS))),
    }  # fmt: skip


def questions(scene: Scene) -> dict[str, tuple[int, _ASK]]:
    """Return every question with its budget in milliseconds."""
    return {**_trends(scene), **_lists(scene), **_searches(scene), **_talk(scene), **_others(scene)}


async def measure(pool: Pool, *, turns: int, only: str = "") -> AsyncIterator[Line]:
    """Yield the median and the 95th percentile of every question, warm; only of those that have the word."""
    async with pool.acquire() as conn:
        for what, (budget, ask) in questions(await scene(conn)).items():
            if only not in what:
                continue
            await ask(conn)
            taken = []
            for _ in range(turns):
                began = time.perf_counter()
                await ask(conn)
                taken.append((time.perf_counter() - began) * 1000)
                if sum(taken) > 20_000:
                    break
            p50, p95 = percentile(taken, 50), percentile(taken, 95)
            measured = f"p50 {p50:.1f}, p95 {p95:.1f} ms, least {min(taken):.1f}"
            yield Line(what=what, budget=f"p95 ≤ {budget} ms", measured=measured, holds=p95 <= budget)
