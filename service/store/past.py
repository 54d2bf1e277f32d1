"""What rules over spans of time are checked against, and the checking of one span."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts import baseline, registry
from alerts.registry import Reads
from alerts.spans import Grid
from alerts.types import Alert, BrandId, Counts, JudgedMention, Makeup, Rhythm, Rule, RuleKind, Share, Traffic
from service.store import judged, traffic
from service.store.judged import Span
from service.store.pool import Connection
from service.store.traffic import Of

#: A source's rhythm is learnt from so long.
RHYTHM_MEMORY = timedelta(days=28)
#: What is usually said is learnt from the days before a span.
_USUAL = timedelta(days=7)
_MOST_TEXTS = 500
#: With fewer mentions no rule has to look closer.
_FEWEST = 3
_OF = {RuleKind.NEGATIVE_SHARE: Of.NEGATIVE, RuleKind.ANGER_SPIKE: Of.ANGRY}


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What is read once for all spans of a brand that are checked together."""

    brand_id: BrandId
    grid: Grid
    #: By the start of a step of the grid; steps left out had none.
    steps: Mapping[datetime, Counts] = field(default_factory=dict)
    #: By the start of an hour.
    hours: Mapping[datetime, Counts] = field(default_factory=dict)
    since: datetime | None = None
    pooled_week: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An alert about a span, and the mention that stands for it."""

    alert: Alert
    mention: JudgedMention


async def past_of(conn: Connection, rule: Rule, brand_id: BrandId, grid: Grid, *, ends: Sequence[datetime]) -> Past:
    """Return what the spans that end then are checked against."""
    reads = registry.reads(rule.kind)
    if reads is Reads.RHYTHMS:
        return Past(brand_id=brand_id, grid=grid)
    first, last = ends[0] - grid.length, ends[-1]
    steps = await traffic.steps(conn, brand_id, since=first, until=last, step=grid.step)
    if reads is Reads.COUNTS or not any(counts.total for counts in steps.values()):
        return Past(brand_id=brand_id, grid=grid, steps=steps)
    monday = first.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=first.weekday())
    week = await traffic.by_hour_of_week(conn, since=monday - 4 * baseline.WEEK, until=monday)
    return Past(
        brand_id=brand_id,
        grid=grid,
        steps=steps,
        hours=await traffic.history(conn, brand_id, since=first - baseline.MEMORY, until=last),
        since=await traffic.listened_since(conn, brand_id),
        pooled_week=baseline.pooled_week(week),
    )


async def check(conn: Connection, rule: Rule, past: Past, *, end: datetime, with_cause: bool = True) -> list[Found]:
    """Return the rule's alerts about the span that ends then. Raises RuleError."""
    span = await _span(conn, rule, past, end)
    checker = registry.traffic_checker(rule.kind)
    if not (alerts := checker(rule, span)):
        return []
    if span.telling is not None and with_cause:
        alerts = checker(rule, replace(span, makeup=await _makeup(conn, rule, span)))
    known = {mention.id: mention for mention in (span.telling, *(one.last for one in span.rhythms)) if mention}
    return [Found(alert=one, mention=known[one.mention_id]) for one in alerts]


async def _span(conn: Connection, rule: Rule, past: Past, end: datetime) -> Traffic:
    start = end - past.grid.length
    if registry.reads(rule.kind) is Reads.RHYTHMS:
        rhythms = await _rhythms(conn, past.brand_id, end)
        return Traffic(brand_id=past.brand_id, start=start, end=end, counts=Counts(), rhythms=rhythms)
    counts = Counts.summed(counts for at, counts in past.steps.items() if start <= at < end)
    span = Span(brand_id=past.brand_id, since=start, until=end)
    return Traffic(
        brand_id=past.brand_id,
        start=start,
        end=end,
        counts=counts,
        history=past.hours,
        since=past.since,
        pooled_week=past.pooled_week,
        telling=await judged.angriest(conn, span) if counts.total >= _FEWEST else None,
    )


async def _rhythms(conn: Connection, brand_id: BrandId, end: datetime) -> tuple[Rhythm, ...]:
    spoken = await traffic.spoken(conn, brand_id, since=end - RHYTHM_MEMORY, until=end)
    last = await judged.of_ids(conn, [one.last_id for one in spoken])
    return tuple(
        Rhythm(
            source_id=one.source_id,
            name=one.name,
            last_at=one.last_at,
            pauses=one.pauses,
            longest=one.longest,
            answered_at=one.answered_at,
            last=last[one.last_id],
        )
        for one in spoken
        if one.last_id in last
    )


async def _makeup(conn: Connection, rule: Rule, span: Traffic) -> Makeup:
    """Return what a span is made of."""
    of, brand_id = _OF.get(rule.kind, Of.ALL), span.brand_id
    said = await traffic.texts(conn, brand_id, since=span.start, until=span.end, of=of, most=_MOST_TEXTS)
    usual = await traffic.texts(
        conn, brand_id, since=span.start - _USUAL, until=span.start, of=Of.ALL, most=2 * _MOST_TEXTS
    )
    return Makeup(
        sources=tuple(await traffic.sources(conn, brand_id, since=span.start, until=span.end, of=of, most=3)),
        stories=tuple(await traffic.stories(conn, brand_id, since=span.start, until=span.end, of=of, most=3)),
        terms=tuple(_risen(said, usual)),
    )


def _risen(said: Sequence[str], usual: Sequence[str]) -> Iterator[Share]:
    """Yield the words that tell what is said from what is usually said."""
    from analysis.rising import rising  # noqa: PLC0415  # seldom needed
    from analysis.terms import terms  # noqa: PLC0415  # loads models for cutting words

    now, before = (Counter(term for text in texts for term in terms(text)) for texts in (said, usual))
    for one in rising(now, before, texts_now=len(said), texts_before=len(usual), most=5):
        yield Share(name=one.term, count=one.count)
