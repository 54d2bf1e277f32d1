"""Fires on each mention that reads as angry.

Without settings the language's own threshold decides (`analysis.angry`). `threshold` or `min_level` take its place;
with both, both must be reached. `languages` narrows the rule to some languages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.rules import values
from alerts.types import Alert, JudgedMention, Reason, Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a mention must reach."""

    threshold: float | None
    min_level: int | None
    languages: tuple[str, ...] | None


def limits(settings: Mapping[str, values.Value]) -> Limits:
    """Return what the settings ask for. Raises RuleError."""
    return Limits(
        threshold=values.share(settings, "threshold"),
        min_level=values.level(settings, "min_level"),
        languages=values.languages(settings, "languages"),
    )


def check(rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
    """Return an alert for each angry mention of the window, in order. Raises RuleError."""
    asked = limits(rule.settings)
    return [
        Alert(
            rule_id=rule.id,
            mention_id=mention.id,
            version=mention.version,
            group_key=f"{rule.id}|{mention.brand_id}|{mention.story_id}",
            reason=_reason(mention, asked),
        )
        for mention in window
        if _fires(rule, mention, asked)
    ]


def _fires(rule: Rule, mention: JudgedMention, asked: Limits) -> bool:
    verdict = mention.analysis
    if mention.deleted or (rule.brand_id is not None and rule.brand_id != mention.brand_id):
        return False
    if asked.languages is not None and not values.speaks(verdict.language, asked.languages):
        return False
    if asked.threshold is None and asked.min_level is None:
        return verdict.angry
    return verdict.anger >= (asked.threshold or 0) and verdict.anger_level >= (asked.min_level or 0)


def _reason(mention: JudgedMention, asked: Limits) -> Reason:
    """Return `angry`, `anger_threshold` or `anger_level`, with the numbers that decided."""
    verdict = mention.analysis
    numbers: dict[str, float | str] = {
        "anger": verdict.anger,
        "level": verdict.anger_level,
        "language": verdict.language,
    }
    if asked.threshold is not None:
        return Reason(code="anger_threshold", values={**numbers, "threshold": asked.threshold})
    if asked.min_level is not None:
        return Reason(code="anger_level", values={**numbers, "min_level": asked.min_level})
    return Reason(code="angry", values=numbers)
