"""Which words and phrases are said more than they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

#: Strength of the prior, in texts.
_PRIOR = 10.0
#: A part of a longer term is the same news where so much of its use is within it.
_SAME = 0.7


@dataclass(frozen=True, kw_only=True, slots=True)
class Rising:
    """A term that is said more than it was."""

    term: str
    #: Texts that hold it, in the period and in the baseline.
    count: int
    before: int
    #: Standard deviations by which it is commoner than in the baseline.
    z: float


def rising(
    now: Mapping[str, int], before: Mapping[str, int], *, texts_now: int, texts_before: int, most: int = 30
) -> list[Rising]:
    """Return the terms that rose most, by texts that hold them: log odds with an informative Dirichlet prior made of
    both periods together. Source: Monroe, Colaresi & Quinn (2008), Political Analysis 16, equations 15 to 22. A term of
    one text is chance; a part of a longer term that rose as much is left out."""
    together = max(texts_now + texts_before, 1)
    found = []
    for term, count in now.items():
        if count < 2:
            continue
        was = before.get(term, 0)
        prior = _PRIOR * (count + was) / together
        rest_prior = _PRIOR - prior if prior < _PRIOR else 0.01
        odds_now = log((count + prior) / (max(texts_now - count, 0) + rest_prior))
        odds_was = log((was + prior) / (max(texts_before - was, 0) + rest_prior))
        z = (odds_now - odds_was) / sqrt(1 / (count + prior) + 1 / (was + prior)) if texts_before else 0.0
        # Without a history nothing can rise: the commonest come first.
        if z > 0 or not texts_before:
            found.append(Rising(term=term, count=count, before=was, z=z))
    found.sort(key=lambda one: (-one.z, -one.count, -len(one.term), one.term))
    return _without_parts(found, most)


def _without_parts(ranked: list[Rising], most: int) -> list[Rising]:
    """Return the first terms without those that hardly occur outside a longer one, and the longer ones of rarer use."""
    kept: list[Rising] = []
    for one in ranked[: most * 8]:
        rivals = [other for other in kept if one.term in other.term or other.term in one.term]
        whole = [other for other in rivals if one.term in other.term and other.count >= _SAME * one.count]
        longer = [other for other in rivals if other.term in one.term]
        if whole:
            continue
        if longer and any(one.count < _SAME * other.count for other in longer):
            continue
        if longer:
            # As common as its part: the longer one says more.
            kept = [other for other in kept if other not in longer]
        kept.append(one)
    return kept[:most]
