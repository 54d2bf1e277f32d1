"""What the values of a verdict are called, in the reader's language, in e-mails and on the pages."""

from collections.abc import Mapping

from alerts.catalogue import Catalogue
from analysis.types import Analysis

#: A value is said from this probability on.
_SURE_FROM = 0.5
_MOST_CAUSES = 3
#: What is neither of the others.
_OTHER, _NONE = "other", "none"


def kind_of(verdict: Analysis) -> str | None:
    """Return the likeliest kind of mention, where it is more likely than not, and one that says something."""
    found = _likeliest(verdict.kind)
    return None if found == _OTHER else found


def purpose_of(verdict: Analysis) -> str | None:
    """Return what the writer most likely wants, where that is more likely than not, and something."""
    found = _likeliest(verdict.purpose)
    return None if found == _NONE else found


def causes_of(verdict: Analysis) -> tuple[str, ...]:
    """Return what the mention is about, the likeliest first."""
    return tuple(one.cause for one in verdict.causes or () if one.p >= _SURE_FROM)[:_MOST_CAUSES]


def _likeliest(probabilities: Mapping[str, float] | None) -> str | None:
    if not probabilities:
        return None
    value = max(probabilities, key=probabilities.__getitem__)
    return value if probabilities[value] >= _SURE_FROM else None


def kinds(words: Catalogue) -> Mapping[str, str]:
    """Return what the kinds of mention are called."""
    return {
        "complaint": words.pgettext("kind", "Complaint"),
        "attack": words.pgettext("kind", "Attack"),
        "threat": words.pgettext("kind", "Threat"),
        "question": words.pgettext("kind", "Question"),
        "praise": words.pgettext("kind", "Praise"),
        "promotion": words.pgettext("kind", "Advertising"),
        _OTHER: words.pgettext("kind", "Other"),
    }


def purposes(words: Catalogue) -> Mapping[str, str]:
    """Return what writers may want."""
    return {
        "vent": words.pgettext("purpose", "to let off steam"),
        "refund": words.pgettext("purpose", "their money back"),
        "exchange": words.pgettext("purpose", "an exchange"),
        "compensation": words.pgettext("purpose", "compensation"),
        "apology": words.pgettext("purpose", "an apology"),
        "improvement": words.pgettext("purpose", "that it gets better"),
        "answer": words.pgettext("purpose", "an answer"),
        _NONE: words.pgettext("purpose", "nothing in particular"),
    }


def causes(words: Catalogue) -> Mapping[str, str]:
    """Return what causes are called."""
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
    }
