"""Why somebody is told now and what the choices are called, in the reader's language."""

from datetime import tzinfo
from typing import assert_never

from alerts import text
from alerts.catalogue import Catalogue
from alerts.types import Message, Purpose, Urgency


def turn(message: Message, catalogue: Catalogue, zone: tzinfo) -> str:
    """Return why this person is told now, where they or others should have acted; '' where nobody should have."""
    if message.holds_until is not None:
        pattern = catalogue.gettext(
            "%(who)s acknowledged this incident, and nothing has been done about it since. Say on its page that you "
            "are still on it, write a note or resolve it; otherwise whoever is on duty is told again on %(when)s."
        )
        when = catalogue.datetime(message.holds_until, zone)
        return pattern % {"who": text.line(message.acknowledged_by, 80), "when": when}
    if message.last_resort:
        return catalogue.gettext(
            "Nobody else has acknowledged this incident or can be reached: you are the last resort."
        )
    if message.purpose is not Purpose.AGAIN:
        return ""
    minutes = int(message.unanswered.total_seconds()) // 60
    if hours := minutes // 60:
        pattern = catalogue.ngettext(
            "Nobody has acknowledged this incident for %(n)s hour; now it is your turn.",
            "Nobody has acknowledged this incident for %(n)s hours; now it is your turn.",
            hours,
        )
    else:
        pattern = catalogue.ngettext(
            "Nobody has acknowledged this incident for %(n)s minute; now it is your turn.",
            "Nobody has acknowledged this incident for %(n)s minutes; now it is your turn.",
            minutes,
        )
    return pattern % {"n": catalogue.number(hours or minutes)}


def urgency_word(urgency: Urgency, catalogue: Catalogue) -> str:
    """Return what this urgency is called."""
    match urgency:
        case Urgency.URGENT:
            return catalogue.pgettext("urgency", "Urgent")
        case Urgency.HIGH:
            return catalogue.pgettext("urgency", "High priority")
        case Urgency.NORMAL:
            return catalogue.pgettext("urgency", "Normal priority")
        case _:
            assert_never(urgency)
