"""What is ordinary: false alarms on replayed ordinary traffic, and what must not be missed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import baseline, spans
from alerts.rules import spikes
from alerts.types import BrandId, Counts, RuleKind, Traffic
from tests import make

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
TELLING = make.judged_mention()
FLAT = baseline.pooled_week({})


@dataclass(frozen=True, kw_only=True)
class Brand:
    """A brand of ordinary traffic: loud by day, quieter at weekends, with days louder than others, and with posts that
    draw answers."""

    level: float
    night: float
    weekend: float
    spread: float

    def quarters(self, weeks: int, random: Random) -> list[int]:
        """Return counts by quarter of an hour, from a Monday on."""
        counts = []
        for day in range(weeks * 7):
            loudness = random.lognormvariate(0, 0.25) * (self.weekend if day % 7 >= 5 else 1)
            for hour in range(24):
                by_day = 1 + (1 - self.night) * math.sin((hour - 8) / 24 * 2 * math.pi)
                mean = max(self.level * loudness * max(by_day, self.night), 1e-3)
                hourly = random.gammavariate(1 / self.spread, mean * self.spread)
                counts += [_poisson(hourly / 4, random) for _ in range(4)]
        return counts


def _poisson(mean: float, random: Random) -> int:
    if mean > 50:
        return max(round(random.gauss(mean, math.sqrt(mean))), 0)
    limit, n, product = math.exp(-mean), 0, random.random()
    while product > limit:
        n, product = n + 1, product * random.random()
    return n


def brands(random: Random, n: int) -> list[Brand]:
    return [
        Brand(
            level=math.exp(random.uniform(math.log(0.2), math.log(150))),
            night=random.uniform(0.05, 0.6),
            weekend=random.uniform(0.4, 1.6),
            spread=random.uniform(0.05, 0.5),
        )
        for _ in range(n)
    ]


def incidents_of(quarters: list[int], *, first: int, since: int = 0) -> int:
    """Return how many incidents a volume rule opens from a quarter on, listening since another; one ends six hours
    after its last alert."""
    hours = {
        MONDAY + timedelta(hours=hour): Counts(total=sum(quarters[4 * hour : 4 * hour + 4]))
        for hour in range(since // 4, len(quarters) // 4)
    }
    rule = make.rule(kind=RuleKind.VOLUME_SPIKE)
    opened, last = 0, None
    for end in range(max(first, since + 4), len(quarters)):
        at = MONDAY + end * QUARTER
        total = sum(quarters[end - 4 : end])
        start = at - timedelta(hours=1)
        if total < 12:
            continue
        traffic = Traffic(
            brand_id=BrandId(1),
            start=start,
            end=at,
            counts=Counts(total=total),
            history=hours,
            since=MONDAY + since * QUARTER,
            pooled_week=FLAT,
            telling=TELLING,
        )
        if spikes.check_volume(rule, traffic):
            opened += last is None or end - last > 24
            last = end
    return opened


@pytest.mark.parametrize(("weeks_known", "n"), [(0, 10), (1, 6), (5, 3)])
def test_ordinary_traffic_gives_at_most_one_false_alarm_a_brand_and_week(weeks_known: int, n: int) -> None:
    random = Random(7)
    found = []
    for brand in brands(random, n):
        quarters = brand.quarters(weeks_known + 1, random)
        found.append(incidents_of(quarters, first=weeks_known * 672))

    assert max(found) <= 1, found
    assert sum(found) / len(found) <= 0.3, found


def _spiked(quarters: list[int], times: float, least: int) -> list[int]:
    """Return the traffic with an hour of so many times the ordinary at its end."""
    usual = sum(quarters) / len(quarters)
    return [*quarters[:-4], *[max(math.ceil(usual * times), least) for _ in range(4)]]


def test_a_real_spike_is_seen_in_its_hour() -> None:
    random = Random(11)
    missed = [
        brand
        for brand in brands(random, 20)
        if not incidents_of(_spiked(brand.quarters(6, random), 10, 6), first=6 * 672 - 1)
    ]

    assert missed == []


def test_a_spike_of_last_month_does_not_hide_the_next_one() -> None:
    brand = Brand(level=5, night=0.5, weekend=1, spread=0.1)
    quarters = brand.quarters(6, Random(3))
    for hour in range(3 * 672, 3 * 672 + 48):
        quarters[hour] = 200

    assert incidents_of(_spiked(quarters, 8, 12), first=6 * 672 - 1) == 1


def test_a_brand_of_its_first_day_raises_nothing() -> None:
    assert incidents_of([30] * 90, first=0) == 0


@given(
    st.integers(1, 400),
    st.floats(0.05, 300),
    st.floats(0.08, 3),
)
def test_more_is_never_likelier(count: int, mean: float, spread: float) -> None:
    expected = baseline.Expected(mean=mean, spread=spread)

    assert 0 <= expected.tail(count + 1) <= expected.tail(count) + 1e-9 <= 1 + 2e-9


def test_the_tail_is_that_of_the_distribution() -> None:
    # By hand: size 2 and mean 1 give P(0) = 4/9, P(1) = 8/27.
    assert baseline.Expected(mean=1, spread=0.5).tail(2) == pytest.approx(1 - 4 / 9 - 8 / 27)


def moments() -> Iterator[datetime]:
    yield from (MONDAY + timedelta(minutes=n) for n in range(0, 300, 7))


def test_the_spans_are_the_same_however_late_and_often_a_worker_looks() -> None:
    grid = spans.grid(make.rule(kind=RuleKind.VOLUME_SPIKE))
    often: set[datetime] = set()
    until = MONDAY
    for now in moments():
        ends = spans.due(grid, checked_until=until, now=now)
        often |= set(ends)
        until = max([until, *ends])
    once = set(spans.due(grid, checked_until=MONDAY, now=max(moments())))

    assert often == once
