"""Fires on threats and on legal risk: the model's kind first, words of the law where it is not sure or cannot tell.

The words alone do not fire: «the lawyer next door loves this café» is no threat. They count where the model sees at
least a hint of a threat, or, from a model that knows no kinds, where the writer is displeased.
"""

from collections.abc import Sequence

from alerts.rules import values
from alerts.rules.legal_words import legal_word
from alerts.rules.matching import matches
from alerts.types import Alert, JudgedMention, Reason, Rule

#: With a word of the law, this probability of a threat is enough.
_HINT = 0.15


def check(rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
    """Return an alert for each mention that threatens, in order. Raises RuleError."""
    threshold = values.number(rule.settings, "threshold", least=0, most=1, default=0.5)
    return matches(rule, window, lambda mention: _reason(mention, threshold))


def _reason(mention: JudgedMention, threshold: float) -> Reason | None:
    verdict = mention.analysis
    threat = None if verdict.kind is None else verdict.kind.get("threat", 0.0)
    if threat is not None and threat >= threshold:
        return Reason(code="threat", values={"threat": threat, "threshold": threshold})
    hinted = verdict.anger_level >= 1 if threat is None else threat >= _HINT
    word = legal_word(mention.text) if hinted else None
    return None if word is None else Reason(code="legal_word", values={"word": word})
