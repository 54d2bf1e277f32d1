"""Fires on each mention that reads as angry.

Without settings the language's own threshold decides (`analysis.angry`). `threshold`, a language's own in `thresholds`
or `min_level` take its place; with more than one, all must be reached. `languages` narrows the rule to some languages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.rules import values
from alerts.rules.matching import matches
from alerts.types import Alert, JudgedMention, Reason, Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a mention must reach."""

    threshold: float | None
    #: By language; goes before `threshold`.
    thresholds: Mapping[str, float]
    min_level: int | None

    def of(self, language: str) -> float | None:
        """Return the threshold for a language; None: its own."""
        own = values.of_language(language, self.thresholds)
        return self.threshold if own is None else own


def limits(settings: Mapping[str, values.Value]) -> Limits:
    """Return what the settings ask for. Raises RuleError."""
    return Limits(
        threshold=values.share(settings, "threshold"),
        thresholds=values.shares(settings, "thresholds"),
        min_level=values.level(settings, "min_level"),
    )


def check(rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
    """Return an alert for each angry mention of the window, in order. Raises RuleError."""
    asked = limits(rule.settings)
    return matches(rule, window, lambda mention: _reason(mention, asked) if _fires(mention, asked) else None)


def _fires(mention: JudgedMention, asked: Limits) -> bool:
    verdict = mention.analysis
    threshold = asked.of(verdict.language)
    if threshold is None and asked.min_level is None:
        return verdict.angry
    return verdict.anger >= (threshold or 0) and verdict.anger_level >= (asked.min_level or 0)


def _reason(mention: JudgedMention, asked: Limits) -> Reason:
    """Return `angry`, `anger_threshold` or `anger_level`, with the numbers that decided."""
    verdict = mention.analysis
    numbers: dict[str, float | str] = {
        "anger": verdict.anger,
        "level": verdict.anger_level,
        "language": verdict.language,
    }
    if (threshold := asked.of(verdict.language)) is not None:
        return Reason(code="anger_threshold", values={**numbers, "threshold": threshold})
    if asked.min_level is not None:
        return Reason(code="anger_level", values={**numbers, "min_level": asked.min_level})
    return Reason(code="angry", values=numbers)
