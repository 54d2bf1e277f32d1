"""What is ordinary for a brand at this hour of the week, and how unlikely a count is. Pure.

Counts of people talking are overdispersed: one post draws answers. So a count is compared with a negative binomial
whose mean is learnt for each hour of the week and whose spread is learnt over all hours. Both are robust: an hour
counts for at most a few times its median, so that the spike of last month does not hide the next one. A young brand
borrows the shape of the week from all brands and a careful spread; what it has of its own takes over as weeks pass.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
HOURS = 168
#: Older than this, people's habits were others.
MEMORY = timedelta(weeks=8)
#: What a brand does in its first day tells nothing of what it does at other hours.
_FEWEST_HOURS = 24
#: Weeks of its own that the borrowed shape of the week weighs as much as.
_PRIOR_WEEKS = 2.0
#: The neighbours of an hour of the week tell half as much of it as it does.
_NEIGHBOUR = 0.5
#: The spread of a brand nobody knows: standard deviation of the level around the mean, squared.
_PRIOR_SPREAD = 0.6
_LEAST_SPREAD, _MOST_SPREAD = 0.08, 3.0
#: Hours that the prior spread weighs as much as.
_PRIOR_HOURS = 100.0
#: A brand nobody has heard of: this many mentions an hour are ordinary.
_LEAST_LEVEL = 0.05
#: Days of a brand's own that say how loud it is now.
_LEVEL_MEMORY = timedelta(days=28)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What is ordinary in a span of time."""

    mean: float
    #: Variance is mean + spread × mean².
    spread: float

    def tail(self, count: int) -> float:
        """Return how probable so many or more are."""
        return _tail(count, mean=self.mean, spread=self.spread)


def expected(
    history: Mapping[datetime, int], *, since: datetime | None, start: datetime, end: datetime, pooled: Sequence[float]
) -> Expected | None:
    """Return what is ordinary from `start` to `end`, of a brand listened to `since`, from the hours before `start`.
    None: it is younger than a day, and nobody can say."""
    known = _hours(history, max(since or start, start - MEMORY), start)
    if len(known) < _FEWEST_HOURS:
        return None
    level = _level(known, start)
    shape = _shape(known, level, pooled)
    mean = sum(level * shape[_hour_of_week(at)] * part for at, part in _parts(start, end))
    return Expected(mean=max(mean, _LEAST_LEVEL * (end - start) / HOUR), spread=_spread(known, level, shape))


def pooled_week(hours: Mapping[int, int]) -> tuple[float, ...]:
    """Return the shape of the week of all brands together, from counts by hour of the week; flat without any."""
    total = sum(hours.values())
    # As if a week of one mention an hour had been heard beside: no hour is impossible.
    return tuple((hours.get(hour, 0) + 1) / (total + HOURS) for hour in range(HOURS))


def _hours(history: Mapping[datetime, int], begin: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Return every whole hour between, with its count."""
    first = begin.replace(minute=0, second=0, microsecond=0)
    if first < begin:
        first += HOUR
    n = max(int((end - first) / HOUR), 0)
    return [(at, history.get(at, 0)) for at in (first + i * HOUR for i in range(n))]


def _level(known: Sequence[tuple[datetime, int]], start: datetime) -> float:
    """Return the mentions of an ordinary hour: the mean of the recent days, each at most thrice their median."""
    recent = [(at, n) for at, n in known if at >= start - _LEVEL_MEMORY]
    days: dict[int, list[int]] = {}
    for index, (_, n) in enumerate(reversed(recent)):
        days.setdefault(index // 24, []).append(n)
    rates = [sum(day) / len(day) for day in days.values() if len(day) == 24] or [
        sum(n for _, n in recent) / len(recent)
    ]
    cap = max(3 * median(rates), _LEAST_LEVEL)
    return max(sum(min(rate, cap) for rate in rates) / len(rates), _LEAST_LEVEL)


def _shape(known: Sequence[tuple[datetime, int]], level: float, pooled: Sequence[float]) -> list[float]:
    """Return for each hour of the week what an ordinary hour is multiplied with: the pooled shape, then its own."""
    prior = [share * HOURS for share in pooled] if pooled else [1.0] * HOURS
    seen, weight = [0.0] * HOURS, [0.0] * HOURS
    for at, n in known:
        hour = _hour_of_week(at)
        most = 4 * level * max(prior[hour], 0.25) + 4
        for offset, share in ((0, 1.0), (-1, _NEIGHBOUR), (1, _NEIGHBOUR)):
            seen[(hour + offset) % HOURS] += share * min(n, most)
            weight[(hour + offset) % HOURS] += share
    return [(_PRIOR_WEEKS * prior[hour] + seen[hour] / level) / (_PRIOR_WEEKS + weight[hour]) for hour in range(HOURS)]


def _spread(known: Sequence[tuple[datetime, int]], level: float, shape: Sequence[float]) -> float:
    """Return the spread over all hours by moments, each hour capped, drawn to the prior while hours are few."""
    top, bottom = _PRIOR_SPREAD * _PRIOR_HOURS * level * level, _PRIOR_HOURS * level * level
    for at, n in known:
        mean = level * shape[_hour_of_week(at)]
        deviation = min(abs(n - mean), 6 * math.sqrt(mean + _PRIOR_SPREAD * mean * mean) + 1)
        top += deviation * deviation - mean
        bottom += mean * mean
    return min(max(top / bottom, _LEAST_SPREAD), _MOST_SPREAD)


def _parts(start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """Return the hours a span touches, each with the part of it that the span has."""
    parts: list[tuple[datetime, float]] = []
    at = start.replace(minute=0, second=0, microsecond=0)
    while at < end:
        parts.append((at, (min(end, at + HOUR) - max(start, at)) / HOUR))
        at += HOUR
    return parts


def _hour_of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour


def _tail(count: int, *, mean: float, spread: float) -> float:
    """Return P(X ≥ count) of a negative binomial, summed from the count on, where the terms fall."""
    if count <= mean or mean <= 0:
        return 1.0
    size = 1 / spread
    success = mean / (mean + size)
    term = math.exp(
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1)
        + size * math.log1p(-success)
        + count * math.log(success)
    )
    total, k = 0.0, count
    while term > total * 1e-9 and k < count + 1_000_000:
        total += term
        term *= (k + size) / (k + 1) * success
        k += 1
    return min(total, 1.0)
