"""What the values of a verdict are called, in the reader's language."""

from collections.abc import Mapping

from alerts.catalogue import Catalogue
from analysis.types import Analysis

#: A value is said from this probability on.
_SURE_FROM = 0.5
_MOST_CAUSES = 3


def kind_of(verdict: Analysis) -> str | None:
    """Return the likeliest kind of mention, where it is more likely than not."""
    return _likeliest(verdict.kind)


def purpose_of(verdict: Analysis) -> str | None:
    """Return what the writer most likely wants, where that is more likely than not, and something."""
    found = _likeliest(verdict.purpose)
    return None if found == "none" else found


def causes_of(verdict: Analysis) -> tuple[str, ...]:
    """Return what the mention is about, the likeliest first."""
    return tuple(one.cause for one in verdict.causes or () if one.p >= _SURE_FROM)[:_MOST_CAUSES]


def _likeliest(probabilities: Mapping[str, float] | None) -> str | None:
    if not probabilities:
        return None
    value = max(probabilities, key=probabilities.__getitem__)
    return value if probabilities[value] >= _SURE_FROM else None


def kind_word(kind: str, words: Catalogue) -> str:
    """Return what a kind of mention is called; '' for one that is not known."""
    return {
        "complaint": words.pgettext("kind", "Complaint"),
        "attack": words.pgettext("kind", "Attack"),
        "threat": words.pgettext("kind", "Threat"),
        "question": words.pgettext("kind", "Question"),
        "praise": words.pgettext("kind", "Praise"),
        "promotion": words.pgettext("kind", "Advertising"),
    }.get(kind, "")


def purpose_word(purpose: str, words: Catalogue) -> str:
    """Return what a writer may want; '' for what is not known."""
    return {
        "vent": words.pgettext("purpose", "to let off steam"),
        "refund": words.pgettext("purpose", "their money back"),
        "exchange": words.pgettext("purpose", "an exchange"),
        "compensation": words.pgettext("purpose", "compensation"),
        "apology": words.pgettext("purpose", "an apology"),
        "improvement": words.pgettext("purpose", "that it gets better"),
        "answer": words.pgettext("purpose", "an answer"),
    }.get(purpose, "")


def cause_word(cause: str, words: Catalogue) -> str:
    """Return what a cause is called; '' for one that is not known."""
    return {
        "product": words.pgettext("cause", "Product"),
        "quality": words.pgettext("cause", "Quality"),
        "price": words.pgettext("cause", "Price"),
        "service": words.pgettext("cause", "Service"),
        "respect": words.pgettext("cause", "Respect"),
        "waiting": words.pgettext("cause", "Waiting"),
        "delivery": words.pgettext("cause", "Delivery"),
        "environment": words.pgettext("cause", "Surroundings"),
        "hygiene": words.pgettext("cause", "Hygiene"),
        "refund": words.pgettext("cause", "Refund"),
        "app": words.pgettext("cause", "App"),
        "communication": words.pgettext("cause", "Communication"),
        "safety": words.pgettext("cause", "Safety"),
        "trust": words.pgettext("cause", "Trust"),
    }.get(cause, "")
