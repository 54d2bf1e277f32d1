"""How brands compare, and how far something spreads."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator

from alerts.types import BrandId, StoryId
from service.api.access import Reading
from service.api.errors import Invalid
from service.api.measures import Measures
from service.api.parameters import PREFIX, BrandGiven, Id, Named, Shape, Since, Until, Words, brand_of
from service.api.query import Read
from service.api.trends import period_of
from service.measures import doubling_time, ratio
from service.store import brand, trend
from service.store.trend import Bucket, Grouping, TrendCounts

router = APIRouter(prefix=PREFIX, tags=["trends"])
_MOST_BRANDS = 20
_WEEKS_2 = timedelta(days=14)

VOICE_DEFINITIONS = {
    "share": "The brand's mentions / the mentions of all brands of the set, in the same period and by the same rules: "
    "own, promotional and deleted ones left out; 0 to 1, adding up to 1; null where nothing was said. A post about two "
    "of them counts for both. The usual 聲量佔比 of a named set.",
    "set": "Only the named brands are compared; a share says nothing about a market beyond them.",
}
SPREAD_DEFINITIONS = {
    "total": "Mentions of the period that count.",
    "channels": "擴散廣度: places (sites) at which it was said in the period. Source: KEYPO, which counts 14 days.",
    "authors": "People who said it, told apart by source and id or name; the nameless of a source are one.",
    "articles": "Mentions that are no comment or reply.",
    "comments": "Comments and replies.",
    "discussion": "討論強度: comments / articles; null without articles. Source: KEYPO, which counts 14 days.",
    "velocity": "Mentions an hour in the last window of the period: latest / window.",
    "doubling_hours": "window x ln 2 / ln(latest / before): hours in which the volume doubles if it goes on growing so "
    "(exponential growth); null without growth.",
    "latest": "Mentions in the last window of the period.",
    "before": "Mentions in the window before that.",
}


class Voice(Measures):
    """One brand of the set."""

    brand: Named
    share: float | None = Field(description=VOICE_DEFINITIONS["share"])


class VoiceStep(Shape):
    """One bucket."""

    start: datetime
    total: int
    shares: dict[str, float | None] = Field(description="By the brand's name.")


class ShareOfVoice(Shape):
    """How much of what is said about a set of brands is about each."""

    brands: list[Voice] = Field(description="The most spoken of first.")
    buckets: list[VoiceStep]
    total: int
    definitions: dict[str, str]


class VoiceQuery(Shape):
    """Which brands, and when."""

    brand: Annotated[
        list[Words], Field(min_length=2, max_length=_MOST_BRANDS, description="Brands' ids or names; at least two.")
    ]
    since: Since = None
    until: Until = None
    bucket: Bucket = Bucket.DAY
    tz: Annotated[Words, Field(max_length=64, description="IANA time zone.", examples=["Asia/Taipei"])] = "UTC"


@router.get("/share-of-voice", summary="Compare a set of brands")
async def share_of_voice(asked: Reading, query: Annotated[VoiceQuery, Depends(Read(VoiceQuery))]) -> ShareOfVoice:
    """The last 30 days by default. The same filters hold for every brand."""
    since, until = period_of(query.since, query.until, query.bucket, query.tz, now=asked.now)
    chosen: dict[BrandId, str] = {}
    for given in query.brand:
        brand_id = await brand_of(asked.conn, given)
        found = await brand.get(asked.conn, brand_id) if brand_id is not None else None
        if found is not None:
            chosen[found.id] = found.name
    if len(chosen) < 2:
        raise Invalid("brand", "names fewer than two different brands; give it again for each brand of the set")
    rows = await trend.counts(
        asked.conn,
        brand_ids=list(chosen),
        since=since,
        until=until,
        bucket=query.bucket,
        zone=query.tz,
        group=Grouping.BRAND,
    )
    by_brand: dict[str, list[TrendCounts]] = defaultdict(list)
    by_start: dict[datetime, dict[str, int]] = defaultdict(dict)
    for row in rows:
        by_brand[row.group].append(row)
        by_start[row.start][row.group] = row.total
    total = sum(row.total for row in rows)
    voices = [_voice(brand_id, name, by_brand[str(brand_id)], total) for brand_id, name in chosen.items()]
    return ShareOfVoice(
        brands=sorted(voices, key=lambda voice: (-voice.total, voice.brand.name)),
        buckets=[_step(start, counted, chosen) for start, counted in sorted(by_start.items())],
        total=total,
        definitions=VOICE_DEFINITIONS,
    )


def _voice(brand_id: BrandId, name: str, rows: list[TrendCounts], total: int) -> Voice:
    measures = Measures.of(rows)
    return Voice(brand=Named(id=brand_id, name=name), share=ratio(measures.total, total), **measures.model_dump())


def _step(start: datetime, counted: dict[str, int], chosen: dict[BrandId, str]) -> VoiceStep:
    total = sum(counted.values())
    shares = {name: ratio(counted.get(str(brand_id), 0), total) for brand_id, name in chosen.items()}
    return VoiceStep(start=start, total=total, shares=shares)


def _defined(name: str) -> Any:
    return Field(description=SPREAD_DEFINITIONS[name])


class Spread(Shape):
    """How far and how fast something was said."""

    start: datetime = Field(alias="from", description="When the period begins.")
    end: datetime = Field(alias="to", description="When it ends; half open.")
    total: int = _defined("total")
    channels: int = _defined("channels")
    authors: int = _defined("authors")
    articles: int = _defined("articles")
    comments: int = _defined("comments")
    discussion: float | None = _defined("discussion")
    latest: int = _defined("latest")
    before: int = _defined("before")
    velocity: float = _defined("velocity")
    doubling_hours: float | None = _defined("doubling_hours")
    definitions: dict[str, str] = Field(description="What each measure means.")


class SpreadQuery(Shape):
    """What is looked at."""

    brand: BrandGiven = None
    story: Annotated[Id | None, Field(description="Only mentions of this story.")] = None
    since: Since = None
    until: Until = None
    window: Annotated[float, Field(gt=0, le=336, description="Hours over which speed is measured.")] = 6

    @model_validator(mode="after")
    def _check(self) -> "SpreadQuery":
        if self.since and self.until and self.since >= self.until:
            raise ValueError("`to` must lie after `from`")
        return self


@router.get("/spread", summary="Say how far and how fast something spreads")
async def spread(asked: Reading, query: Annotated[SpreadQuery, Depends(Read(SpreadQuery))]) -> Spread:
    """The last 14 days by default, of one brand or story, or of everything."""
    until = query.until or asked.now
    since = query.since or until - _WEEKS_2
    if since >= until:
        raise Invalid("from", "must lie before now")
    brand_id = await brand_of(asked.conn, query.brand)
    window = timedelta(hours=query.window)
    found = await trend.spread(
        asked.conn,
        brand_ids=None if brand_id is None else [brand_id],
        story_id=None if query.story is None else StoryId(query.story),
        since=since,
        until=until,
        window=window,
    )
    return Spread(
        start=since,
        end=until,
        total=found.total,
        channels=found.channels,
        authors=found.authors,
        articles=found.articles,
        comments=found.total - found.articles,
        discussion=ratio(found.total - found.articles, found.articles),
        latest=found.latest,
        before=found.before,
        velocity=found.latest / query.window,
        doubling_hours=doubling_time(found.before, found.latest, window),
        definitions=SPREAD_DEFINITIONS,
    )
