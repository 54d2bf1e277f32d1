"""What the kinds of rule, their settings and their choices are called on the pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.types import GroupBy, RuleKind, RuleMode
from service.web.reader import Reader


@dataclass(frozen=True, kw_only=True, slots=True)
class KindWords:
    """What a kind of rule is called, and what it does in one sentence."""

    name: str
    does: str


def kinds(reader: Reader) -> Mapping[RuleKind, KindWords]:
    """Return what the kinds of rule are called, the usual one first."""
    _ = reader.words.gettext
    return {
        RuleKind.ANGRY_MENTION: KindWords(
            name=_("Angry mention"), does=_("Fires on each mention that reads as angry.")
        ),
        RuleKind.LOW_RATING: KindWords(name=_("Low rating"), does=_("Fires on each review with few stars.")),
        RuleKind.KEYWORD: KindWords(name=_("Words or query"), does=_("Fires where words stand that you look for.")),
        RuleKind.THREAT: KindWords(
            name=_("Threat or legal risk"), does=_("Fires where somebody threatens, or speaks of the law.")
        ),
        RuleKind.CHURN_RISK: KindWords(name=_("Customer leaving"), does=_("Fires where the writer seems to leave.")),
        RuleKind.INFLUENTIAL_AUTHOR: KindWords(
            name=_("Many will hear"), does=_("Fires where the author has many followers, or the post many reactions.")
        ),
        RuleKind.NEGATIVE_SHARE: KindWords(
            name=_("Much that is negative"), does=_("Fires when a large part of what is said is negative.")
        ),
        RuleKind.VOLUME_SPIKE: KindWords(
            name=_("Sudden talk"), does=_("Fires when far more is said than is ordinary at this hour of the week.")
        ),
        RuleKind.ANGER_SPIKE: KindWords(
            name=_("Sudden anger"),
            does=_("Fires when far more people are angry than is ordinary at this hour of the week."),
        ),
        RuleKind.SOURCE_SILENCE: KindWords(
            name=_("Silent source"), does=_("Fires when a source says nothing for far longer than it ever did.")
        ),
    }


def settings(reader: Reader) -> Mapping[str, str]:
    """Return what settings are called, by their key."""
    _ = reader.words.gettext
    return {
        "threshold": _("From this probability, 0 to 1"),
        "thresholds": _("A probability for each language"),
        "min_level": _("From this level: 1 displeased, 2 angry"),
        "languages": _("Only these languages"),
        "stars": _("Up to so many stars of five"),
        "query": _("What to look for, in the query language"),
        "pattern": _("A regular expression (RE2) that must be found too"),
        "min_followers": _("From so many followers"),
        "min_reactions": _("From so many reactions"),
        "mood": _("Which mentions count"),
        "window": _("The span of time"),
        "share": _("From this negative part, 0 to 1"),
        "min_count": _("From so many mentions"),
        "sensitivity": _("How easily it fires"),
        "factor": _("From so many times what is ordinary"),
    }


def choices(reader: Reader) -> Mapping[str, str]:
    """Return what the choices of settings are called; a number is its own name."""
    words = reader.words
    return {
        "any": words.pgettext("mood", "All"),
        "negative": words.pgettext("mood", "Negative ones"),
        "angry": words.pgettext("mood", "Angry ones"),
        "low": words.pgettext("sensitivity", "Seldom"),
        "normal": words.pgettext("sensitivity", "Usual"),
        "high": words.pgettext("sensitivity", "Easily"),
        "15m": words.ngettext("%(n)s minute", "%(n)s minutes", 15) % {"n": reader.number(15)},
        "1h": words.ngettext("%(n)s hour", "%(n)s hours", 1) % {"n": reader.number(1)},
        "24h": words.ngettext("%(n)s hour", "%(n)s hours", 24) % {"n": reader.number(24)},
    }


def modes(reader: Reader) -> Mapping[RuleMode, str]:
    """Return what the modes of a rule are called."""
    words = reader.words
    return {
        RuleMode.ACTIVE: words.pgettext("rule", "Active"),
        RuleMode.MONITOR: words.pgettext("rule", "Trial: records, tells nobody"),
        RuleMode.OFF: words.pgettext("rule", "Off"),
    }


def groups(reader: Reader) -> Mapping[GroupBy, str]:
    """Return what makes alerts one incident."""
    words = reader.words
    return {
        GroupBy.STORY: words.pgettext("one incident for each", "Story"),
        GroupBy.BRAND: words.pgettext("one incident for each", "Brand"),
        GroupBy.SOURCE: words.pgettext("one incident for each", "Source"),
        GroupBy.AUTHOR: words.pgettext("one incident for each", "Author"),
        GroupBy.NONE: words.pgettext("one incident for each", "Mention"),
    }
