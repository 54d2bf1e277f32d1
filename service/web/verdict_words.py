"""What the values of a verdict are called on the pages."""

from collections.abc import Mapping

from alerts import labels
from alerts.rendering import words_for
from service.web.reader import Reader


def kinds(reader: Reader) -> Mapping[str, str]:
    """Return what the kinds of mention are called."""
    return labels.kinds(words_for(reader.language))


def causes(reader: Reader) -> Mapping[str, str]:
    """Return what causes are called."""
    return labels.causes(words_for(reader.language))


def purposes(reader: Reader) -> Mapping[str, str]:
    """Return what writers may want."""
    return labels.purposes(words_for(reader.language))


def anger_levels(reader: Reader) -> Mapping[str, str]:
    """Return what the levels of anger are called."""
    words = reader.words
    return {
        "0": words.pgettext("anger", "Calm"),
        "1": words.pgettext("anger", "Displeased"),
        "2": words.pgettext("anger", "Angry"),
    }
