"""Why a rule fired and what the choices are called, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from alerts.catalogue import Catalogue
from alerts.text import is_tag
from alerts.types import Reason, Urgency


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do: a word to remember and what it means."""

    lead: str
    rest: str


def first_steps(catalogue: Catalogue) -> tuple[Step, ...]:
    """Return what to do first about somebody who is angry: feeling first, then facts."""
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


def reason_sentence(reason: Reason, catalogue: Catalogue) -> str:
    """Return why it fired, with its numbers. A code this version does not know still gives a true sentence."""
    values = _said(reason.values, catalogue)
    match reason.code:
        case "angry" if {"anger", "language"} <= values.keys():
            sentence = catalogue.gettext(
                "Earshot reads these words as angry, with a probability of %(anger)s; that is above the limit set for "
                "%(language)s."
            )
        case "angry" if {"anger", "threshold"} <= values.keys():
            sentence = catalogue.gettext(
                "Earshot reads these words as angry, with a probability of %(anger)s; the limit is %(threshold)s."
            )
        case "anger_threshold" if {"anger", "threshold"} <= values.keys():
            sentence = catalogue.gettext(
                "Earshot gives these words a probability of anger of %(anger)s; this rule's limit is %(threshold)s."
            )
        case "anger_level" if "anger" in values and reason.values.get("min_level") == 1:
            sentence = catalogue.gettext(
                "Earshot reads these words as displeased or angry, which is what this rule watches for; the "
                "probability of anger is %(anger)s."
            )
        case "anger_level" if "anger" in values:
            sentence = catalogue.gettext(
                "Earshot reads these words as angry, which is what this rule watches for; the probability of anger is "
                "%(anger)s."
            )
        case _:
            sentence = catalogue.gettext("The rule matched these words.")
    return sentence % values if "%(" in sentence else sentence


def language_word(tag: str, catalogue: Catalogue) -> str:
    """Return what a language is called."""
    return catalogue.language_name(tag) if is_tag(tag) else catalogue.gettext("a language not recognised")


def _said(values: Mapping[str, float | str], catalogue: Catalogue) -> dict[str, str]:
    """Return the numbers as people write them: shares as percents, languages by name."""
    said = {
        key: catalogue.percent(value)
        for key, value in values.items()
        if key in ("anger", "threshold") and isinstance(value, int | float)
    }
    language = values.get("language")
    if isinstance(language, str) and language:
        said["language"] = language_word(language, catalogue)
    return said
