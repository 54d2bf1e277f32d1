"""What is computed from counts, for the API and the pages alike. Every value is None where its base is nought."""

from dataclasses import dataclass
from datetime import timedelta
from math import hypot, log, sqrt

#: The middle 95 % of a normal distribution, in standard deviations.
_Z95 = 1.959963984540054


def ratio(part: float, whole: float) -> float | None:
    """Return the quotient; None where the whole is nought."""
    return part / whole if whole else None


def wilson(part: int, whole: int) -> tuple[float | None, float | None]:
    """Return the 95 % score interval of a share, 0 to 1. Source: Wilson (1927), JASA 22, 209-212."""
    if not whole:
        return None, None
    share, z2 = min(part / whole, 1.0), _Z95 * _Z95
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z95 / (1 + z2 / whole) * sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole))
    # Rounding must not leave a share outside its own interval.
    return max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0)


def differs(now: tuple[int, int], then: tuple[int, int]) -> int:
    """Return 1 where the share `now` (part, whole) is above `then` with a certainty of 95 %, -1 where it is below, else
    0. Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10."""
    (low, high), (low_then, high_then) = wilson(*now), wilson(*then)
    if low is None or high is None or low_then is None or high_then is None:
        return 0
    share, share_then = now[0] / now[1], then[0] / then[1]
    if share - share_then > hypot(share - low, high_then - share_then):
        return 1
    return -1 if share_then - share > hypot(high - share, share_then - low_then) else 0


def doubling_time(before: int, now: int, window: timedelta) -> float | None:
    """Return the hours in which a volume doubles that grew from `before` to `now` in two windows side by side: window ·
    ln 2 / ln(now / before). None where it did not grow."""
    if not 0 < before < now:
        return None
    return window.total_seconds() / 3600 * log(2) / log(now / before)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """What the estimate of the unheard rests on: rules of thumb of customer service, not measurements of ours."""

    #: Customers as unhappy who say nothing, for each who complains.
    silent_per_complaint: float = 25
    #: People an unhappy customer tells.
    told_ill_each: float = 10
    #: People a happy customer tells.
    told_well_each: float = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Unheard:
    """Who is not heard, and who was told: an estimate, never a count."""

    silent: float
    #: By the unhappy, heard and silent.
    told_ill: float
    told_well: float


def unheard(*, complaints: int, praises: int, by: Assumptions) -> Unheard:
    """Return the estimate for what was counted."""
    silent = complaints * by.silent_per_complaint
    return Unheard(
        silent=silent, told_ill=(complaints + silent) * by.told_ill_each, told_well=praises * by.told_well_each
    )
