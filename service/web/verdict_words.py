"""What the values of a verdict are called on the pages."""

from collections.abc import Mapping

from service.web.reader import Reader


def kinds(reader: Reader) -> Mapping[str, str]:
    """Return what the kinds of mention are called."""
    words = reader.words
    return {
        "complaint": words.pgettext("kind", "Complaint"),
        "attack": words.pgettext("kind", "Attack"),
        "threat": words.pgettext("kind", "Threat"),
        "question": words.pgettext("kind", "Question"),
        "praise": words.pgettext("kind", "Praise"),
        "promotion": words.pgettext("kind", "Advertising"),
        "other": words.pgettext("kind", "Other"),
    }


def causes(reader: Reader) -> Mapping[str, str]:
    """Return what causes are called."""
    words = reader.words
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


def purposes(reader: Reader) -> Mapping[str, str]:
    """Return what writers may want."""
    words = reader.words
    return {
        "vent": words.pgettext("purpose", "to let off steam"),
        "refund": words.pgettext("purpose", "their money back"),
        "exchange": words.pgettext("purpose", "an exchange"),
        "compensation": words.pgettext("purpose", "compensation"),
        "apology": words.pgettext("purpose", "an apology"),
        "improvement": words.pgettext("purpose", "that it gets better"),
        "answer": words.pgettext("purpose", "an answer"),
        "none": words.pgettext("purpose", "nothing in particular"),
    }


def anger_levels(reader: Reader) -> Mapping[str, str]:
    """Return what the levels of anger are called."""
    words = reader.words
    return {
        "0": words.pgettext("anger", "Calm"),
        "1": words.pgettext("anger", "Displeased"),
        "2": words.pgettext("anger", "Angry"),
    }
