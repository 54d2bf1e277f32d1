"""What every rule about single mentions shares: whom it watches, and what an alert of it is."""

from collections.abc import Callable, Sequence

from alerts.grouping import group_key
from alerts.rules import values
from alerts.types import Alert, JudgedMention, Reason, Rule, Severity

#: A complaint of this severity is about safety, health, law, large sums or many people.
_GRAVE = 0.8


def matches(
    rule: Rule, window: Sequence[JudgedMention], reason_of: Callable[[JudgedMention], Reason | None]
) -> list[Alert]:
    """Return an alert for each mention of the rule's brand and languages that has a reason, in order.
    Raises RuleError."""
    tags = values.languages(rule.settings, "languages")
    found: list[Alert] = []
    for mention in window:
        if (
            mention.deleted
            or mention.reply_by_owner
            or (rule.brand_id is not None and rule.brand_id != mention.brand_id)
        ):
            continue
        if tags is not None and not values.speaks(mention.analysis.language, tags):
            continue
        if (reason := reason_of(mention)) is not None:
            found.append(alert_of(rule, mention, reason))
    return found


def alert_of(rule: Rule, mention: JudgedMention, reason: Reason) -> Alert:
    """Return a rule's alert about a mention; critical where the words themselves tell of grave harm."""
    severity = mention.analysis.severity
    return Alert(
        rule_id=rule.id,
        mention_id=mention.id,
        version=mention.version,
        group_key=group_key(rule, mention),
        reason=reason,
        severity=Severity.CRITICAL if severity is not None and severity >= _GRAVE else rule.severity,
    )
