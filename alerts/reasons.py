"""Why a rule fired, said in the reader's language with the numbers that decided. Pure."""

from collections.abc import Iterator, Mapping

from alerts import text
from alerts.catalogue import Catalogue
from alerts.types import Reason

_SHARES = ("anger", "threshold", "churn", "threat", "share")
_MOST_WORDS = 160
#: A reason's code, what it must hold, and the sentence that its values are filled into.
Sentence = tuple[str, frozenset[str], str]


def headline(reason: Reason, *, brand: str, site: str, angry: bool, again: bool, catalogue: Catalogue) -> str:
    """Return in one line what happened, to be read first."""
    gettext = catalogue.gettext
    someone = (
        gettext("Someone is angry with %(brand)s on %(site)s")
        if angry
        else gettext("Someone is unhappy with %(brand)s on %(site)s")
    )
    if again:
        someone = gettext("It is back: someone is upset with %(brand)s on %(site)s")
    patterns = {
        "negative_share": gettext("Much of what is said about %(brand)s is negative"),
        "volume_spike": gettext("Unusually many people speak of %(brand)s"),
        "anger_spike": gettext("Unusually many people are angry with %(brand)s"),
        "source_silence": gettext("Nothing new from “%(source)s” about %(brand)s"),
        "low_rating": gettext("A low rating for %(brand)s on %(site)s"),
        "threat": gettext("Someone threatens %(brand)s on %(site)s"),
        "legal_word": gettext("Someone threatens %(brand)s on %(site)s"),
        "churn": gettext("A customer of %(brand)s seems to leave, on %(site)s"),
        "keyword": gettext("Someone speaks of what you watch for: %(brand)s on %(site)s"),
        "followers": gettext("Many people hear what is said about %(brand)s on %(site)s"),
        "reactions": gettext("Many people hear what is said about %(brand)s on %(site)s"),
    }
    said = {"source": "", **_said(reason.values, catalogue), "brand": brand, "site": site}
    return patterns.get(reason.code, someone) % said


def sentence(reason: Reason, catalogue: Catalogue) -> str:
    """Return why it fired. A code this version does not know still gives a true sentence."""
    said = _said(reason.values, catalogue)
    known = (*_of_anger(reason, catalogue), *_of_words(catalogue), *_of_counts(reason, catalogue))
    fitting = (pattern for code, needed, pattern in known if code == reason.code and needed <= said.keys())
    pattern = next(fitting, catalogue.gettext("The rule matched these words."))
    whole = pattern % said if "%(" in pattern else pattern
    return " ".join([whole, *_causes(said, catalogue)])


def language_word(tag: str, catalogue: Catalogue) -> str:
    """Return what a language is called."""
    return catalogue.language_name(tag) if text.is_tag(tag) else catalogue.gettext("a language not recognised")


def _of_anger(reason: Reason, catalogue: Catalogue) -> Iterator[Sentence]:
    gettext = catalogue.gettext
    sentence = gettext(
        "Earshot reads these words as angry, with a probability of %(anger)s; that is above the limit set for "
        "%(language)s."
    )
    yield "angry", frozenset({"anger", "language"}), sentence
    sentence = gettext(
        "Earshot reads these words as angry, with a probability of %(anger)s; the limit is %(threshold)s."
    )
    yield "angry", frozenset({"anger", "threshold"}), sentence
    sentence = gettext(
        "Earshot gives these words a probability of anger of %(anger)s; this rule's limit is %(threshold)s."
    )
    yield "anger_threshold", frozenset({"anger", "threshold"}), sentence
    if reason.values.get("min_level") == 1:
        sentence = gettext(
            "Earshot reads these words as displeased or angry, which is what this rule watches for; the "
            "probability of anger is %(anger)s."
        )
    else:
        sentence = gettext(
            "Earshot reads these words as angry, which is what this rule watches for; the probability of anger is "
            "%(anger)s."
        )
    yield "anger_level", frozenset({"anger"}), sentence


def _of_words(catalogue: Catalogue) -> Iterator[Sentence]:
    gettext = catalogue.gettext
    yield "low_rating", frozenset({"value", "scale"}), gettext("The review gives %(value)s out of %(scale)s.")
    yield "keyword", frozenset({"words"}), gettext("The rule looks for words that stand here: “%(words)s”.")
    yield "keyword", frozenset(), gettext("The post is what the rule's query looks for.")
    sentence = gettext(
        "Earshot reads a threat, of the law, of the press or of harm, with a probability of %(threat)s; the "
        "limit is %(threshold)s."
    )
    yield "threat", frozenset({"threat", "threshold"}), sentence
    sentence = gettext("The words speak of the law or an authority: “%(word)s”.")
    yield "legal_word", frozenset({"word"}), sentence
    sentence = gettext(
        "The writer seems to leave: Earshot gives that a probability of %(churn)s; the limit is %(threshold)s."
    )
    yield "churn", frozenset({"churn", "threshold"}), sentence
    sentence = gettext("Many will hear it: the author has %(followers)s followers.")
    yield "followers", frozenset({"followers"}), sentence
    sentence = gettext("Many hear it: the post has %(reactions)s reactions so far.")
    yield "reactions", frozenset({"reactions"}), sentence


def _of_counts(reason: Reason, catalogue: Catalogue) -> Iterator[Sentence]:
    gettext = catalogue.gettext
    sentence = gettext(
        "Within %(span)s, %(negative)s of %(judged)s mentions were negative: %(share)s; the limit is %(limit)s."
    )
    yield "negative_share", frozenset({"share", "limit", "negative", "judged", "span"}), sentence
    sentence = gettext("%(count)s mentions within an hour; at this hour of the week about %(ordinary)s are ordinary.")
    yield "volume_spike", frozenset({"count", "ordinary"}), sentence
    sentence = gettext(
        "%(count)s angry mentions within an hour; at this hour of the week about %(ordinary)s are ordinary."
    )
    yield "anger_spike", frozenset({"count", "ordinary"}), sentence
    if reason.values.get("answers"):
        sentence = gettext(
            "“%(source)s” has said nothing new for %(hours)s hours; up to %(ordinary)s are ordinary. It answers when "
            "it is asked, but with nothing new: see whether the site changed."
        )
    else:
        sentence = gettext(
            "“%(source)s” has said nothing new for %(hours)s hours; up to %(ordinary)s are ordinary. It does not "
            "answer either: see its last error."
        )
    yield "source_silence", frozenset({"source", "hours", "ordinary"}), sentence


def _causes(said: Mapping[str, str], catalogue: Catalogue) -> list[str]:
    """Return what a span of time is made of, a sentence each."""
    found = [
        (catalogue.gettext("What they speak of: %(terms)s."), {"terms"}),
        (catalogue.gettext("Where most was said: %(sources)s."), {"sources"}),
        (catalogue.gettext("%(story_count)s of them tell one story: “%(story)s”."), {"story", "story_count"}),
    ]
    return [pattern % said for pattern, needed in found if needed <= said.keys()]


def _said(values: Mapping[str, float | str], catalogue: Catalogue) -> dict[str, str]:
    """Return the values as people write them: shares as percents, languages by name, words in one line."""
    said: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, str):
            said[key] = language_word(value, catalogue) if key == "language" else text.line(value, _MOST_WORDS)
        elif key in _SHARES or (key == "limit" and "share" in values):
            said[key] = catalogue.percent(value)
        else:
            said[key] = catalogue.number(round(value, 1))
    if values.get("language") == "":
        del said["language"]
    if isinstance(minutes := values.get("minutes"), int | float):
        said["span"] = _span(minutes, catalogue)
    return {key: words for key, words in said.items() if words}


def _span(minutes: float, catalogue: Catalogue) -> str:
    """Return a span of time in words."""
    if minutes < 60:
        n = round(minutes)
        return catalogue.ngettext("%(n)s minute", "%(n)s minutes", n) % {"n": catalogue.number(n)}
    n = round(minutes / 60)
    return catalogue.ngettext("%(n)s hour", "%(n)s hours", n) % {"n": catalogue.number(n)}
