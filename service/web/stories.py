"""What many say alike: the stories of a period, and one with its course."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import StoryId
from service.measures import doubling_time
from service.store import mention, talk, trend
from service.store.mention import MentionFilter
from service.store.talk import ToldStory
from service.store.trend import Bucket, SpreadCounts
from service.web import chart, links, mention_view, render
from service.web.highlight import excerpt, marked_words
from service.web.mention_query import number
from service.web.scope import period_names, scope_of
from service.web.visit import PageRoute, SignedIn, Visit, or_missing
from service.web.wording import language_word

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_SHOWN, _MENTIONS_SHOWN = 40, 20
#: One mention is no story; it is shown on its own.
_LEAST = 2
#: How fast a story grows is measured over so long.
_WINDOW = timedelta(hours=6)
#: A story of less than this is drawn by the hour, and no chart begins longer ago than the other.
_SHORT, _LONGEST = timedelta(hours=48), timedelta(days=60)


def headline(told: ToldStory, limit: int = 160) -> str:
    """Return the words that told it first, in one line."""
    words = marked_words(told.title, told.text, None)
    return " ".join("".join(piece.text for piece in excerpt(words.title or words.text, limit)).split())


@router.get("/stories")
async def listed(visit: SignedIn) -> Response:
    """Return the stories told most in the period."""
    scope = await scope_of(visit)
    found = await talk.stories(
        visit.conn,
        brand_ids=scope.brand_ids,
        since=scope.stretch.since,
        until=scope.stretch.until,
        at_least=_LEAST,
        limit=_SHOWN,
    )
    return visit.page(
        "stories.html",
        here="stories",
        scope=scope,
        periods=period_names(visit.reader),
        stories=[(one, headline(one), [language_word(tag, visit.reader) for tag in one.languages]) for one in found],
    )


@router.get("/stories/{story_id}")
async def one(visit: SignedIn, story_id: str) -> Response:
    """Return one story with its course. Raises Missing."""
    known = _known(story_id)
    told = await _told(visit, known)
    spread = await _spread(visit, known, told)
    found = await mention.newest(visit.conn, MentionFilter(story_id=known), limit=_MENTIONS_SHOWN)
    reader = visit.reader
    return visit.page(
        "story.html",
        here="stories",
        story=told,
        headline=headline(told),
        spread=spread,
        doubling=_doubling(spread, visit),
        window=reader.span(_WINDOW),
        spoken=[language_word(tag, reader) for tag in told.languages],
        steps=await _steps(visit, told),
        series=chart.names(reader),
        chart_link=f"/stories/{known}/chart",
        mentions_link=links.with_query("/mentions", {"story": str(known)}),
        views=[mention_view.view(one, reader) for one in found],
    )


@router.get("/stories/{story_id}/chart")
async def drawn(visit: SignedIn, story_id: str) -> Response:
    """Return the specification of a story's chart. Raises Missing."""
    told = await _told(visit, _known(story_id))
    return render.data(visit.request, {"specification": chart.specification(await _steps(visit, told), visit.reader)})


def _known(story_id: str) -> StoryId:
    return StoryId(or_missing(number(story_id)))


async def _told(visit: Visit, story_id: StoryId) -> ToldStory:
    """Return a story as a whole. Raises Missing where it has no mention that counts."""
    first, last = or_missing(await talk.story(visit.conn, story_id))
    return or_missing(await talk.one(visit.conn, story_id, since=first, until=_after(last)))


def _after(at: datetime) -> datetime:
    return at + timedelta(microseconds=1)


async def _spread(visit: Visit, story_id: StoryId, told: ToldStory) -> SpreadCounts:
    return await trend.spread(
        visit.conn,
        brand_ids=None,
        story_id=story_id,
        since=told.first_at,
        until=max(_after(told.last_at), visit.reader.now),
        window=_WINDOW,
    )


def _doubling(spread: SpreadCounts, visit: Visit) -> str:
    """Return how fast it doubles, in words; '' where it does not grow."""
    hours = doubling_time(spread.before, spread.latest, _WINDOW)
    return "" if hours is None else visit.reader.span(timedelta(hours=hours))


async def _steps(visit: Visit, told: ToldStory) -> list[chart.Step]:
    """Return the story's course, by the hour while it is young."""
    reader = visit.reader
    until = _after(told.last_at)
    since = max(told.first_at, until - _LONGEST)
    bucket = Bucket.HOUR if until - since <= _SHORT else Bucket.DAY
    span = {"since": since, "until": until}
    zone = reader.zone.key
    counts = await talk.story_counts(visit.conn, told.id, bucket=bucket, zone=zone, **span)
    starts = await trend.starts(visit.conn, bucket=bucket, zone=zone, **span)
    every = sorted({*starts, *(step.start for step in counts)})
    return chart.steps(every, counts, set(), bucket=bucket, behind={"story": str(told.id)}, reader=reader)
