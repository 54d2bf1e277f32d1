"""What to do first and what the choices are called, in the reader's language."""

from dataclasses import dataclass
from typing import assert_never

from alerts.catalogue import Catalogue
from alerts.types import Message, Purpose, Reason, Urgency


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do: a word to remember and what it means."""

    lead: str
    rest: str


def first_steps(reason: Reason, catalogue: Catalogue) -> tuple[Step, ...]:
    """Return what to do first: about somebody who is angry feeling first, then facts; about a source, look at it."""
    if reason.code == "source_silence":
        return (
            Step(
                lead=catalogue.gettext("Look at the place itself."),
                rest=catalogue.gettext(
                    "If new posts are there, Earshot does not hear them: see the source's last error."
                ),
            ),
        )
    return (
        Step(
            lead=catalogue.gettext("Listen."),
            rest=catalogue.gettext("Read the whole post. Then say in your own words what went wrong and how it felt."),
        ),
        Step(
            lead=catalogue.gettext("Apologise."),
            rest=catalogue.gettext(
                "Feelings come before facts. Being sorry for the upset admits no fault; leave out every “but”."
            ),
        ),
        Step(
            lead=catalogue.gettext("Establish the facts."),
            rest=catalogue.gettext(
                "What happened, when and where, and what does the person want? Then say who will do what, and by when."
            ),
        ),
    )


def turn(message: Message, catalogue: Catalogue) -> str:
    """Return why this person is told now, where others should have acted; '' where nobody else should have."""
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
