"""One notification as a person reads it: subject, plain text and HTML, all in the contact's language. Pure.

The e-mail and the dashboard's outbox page are made by the same functions, so that what is shown is what was sent.
"""

from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from alerts import quote, reasons, text, wording
from alerts.catalogue import ENGLISH, LANGUAGES, Catalogue, catalogue
from alerts.types import JudgedMention, Listed, Message, Purpose, Urgency

FOLDER = Path(__file__).parent
LOCALE = FOLDER / "locale"
TEMPLATES = FOLDER / "templates"
DOMAIN = "alerts"

#: Each carries white words well.
_COLOURS = {Urgency.URGENT: "#b42318", Urgency.HIGH: "#b54708", Urgency.NORMAL: "#175cd3"}
_MOST_SUBJECT = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One line of the table under the words."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedLine:
    """One incident in an e-mail that lists many."""

    urgency: str
    #: Brand, rule and how many mentions are new.
    about: str
    words: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What the two templates show."""

    language: str
    subject: str
    heading: str
    #: Why this person is told now, where others should have acted; '' otherwise.
    turn: str
    urgency: str
    colour: str
    brand: str
    rule: str
    title: tuple[quote.Piece, ...]
    words: tuple[quote.Piece, ...]
    #: BCP 47 of the quoted words; None where it is not known.
    words_language: str | None
    #: Title and words, one line of plain text each.
    lines: tuple[str, ...]
    decisive: tuple[str, ...]
    why: str
    facts: tuple[Fact, ...]
    steps: tuple[wording.Step, ...]
    #: What an e-mail about many incidents lists; () of one about one.
    listed: tuple[ListedLine, ...]
    incident_url: str
    #: None where the post has no address that is safe to click.
    post_url: str | None
    post_host: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A notification ready to be shown or put into an e-mail."""

    language: str
    subject: str
    text: str
    html: str


def rendered(message: Message, *, zone: tzinfo) -> Rendered:
    """Return the subject, the plain text and the HTML of a message. Times are shown in the zone."""
    words = words_for(message.contact.language)
    letter = _letter(message, words, zone)
    templates = environment(words.language)
    return Rendered(
        language=words.language,
        subject=letter.subject,
        text=templates.get_template("incident.txt").render(letter=letter).strip() + "\n",
        html=templates.get_template("incident.html").render(letter=letter),
    )


def words_for(language: str) -> Catalogue:
    """Return the alerts' words in a contact's language; English for one we do not speak."""
    return catalogue(LOCALE, DOMAIN, language if language in LANGUAGES else ENGLISH)


def _letter(message: Message, words: Catalogue, zone: tzinfo) -> Letter:
    mention, verdict = message.mention, message.mention.analysis
    because = verdict.because or ()
    post_url = text.link(mention.url)
    title, quoted = quote.pieces(_title(mention), because), quote.pieces(mention.text, because)
    return Letter(
        language=words.language,
        subject=_subject(message, words),
        heading=_heading(message, words),
        turn="" if message.listed else wording.turn(message, words),
        urgency=wording.urgency_word(message.urgency, words),
        colour=_COLOURS[message.urgency],
        brand=text.line(message.brand, 200),
        rule=text.line(message.rule, 200),
        title=title,
        words=quoted,
        words_language=verdict.language if text.is_tag(verdict.language) else None,
        lines=quote.lines(title, quoted),
        decisive=quote.decisive(because),
        why=_why_listed(words) if message.listed else reasons.sentence(message.reason, words),
        facts=_facts(message, words, zone),
        steps=wording.first_steps(message.reason, words),
        listed=tuple(_line(one, words) for one in message.listed),
        incident_url=message.incident_url,
        post_url=post_url,
        post_host=urlsplit(post_url).hostname if post_url else None,
    )


def _title(mention: JudgedMention) -> str:
    """Return the title in one line; nothing where the words begin with it anyway."""
    title = text.line(mention.title, 300)
    return "" if text.line(mention.text, 300).startswith(title.rstrip("….")) else title


def _subject(message: Message, words: Catalogue) -> str:
    """Return the urgency, the brand and the first words, so that a locked phone tells enough."""
    snippet = text.line(f"{_title(message.mention)} {message.mention.text}", 60)
    if len(message.listed) > 1:
        pattern = words.gettext("[%(urgency)s] %(incidents)s incidents, %(n)s mentions")
    elif message.purpose is Purpose.MORE:
        pattern = words.gettext("[%(urgency)s] %(n)s more: %(brand)s: %(words)s")
    elif message.purpose is Purpose.AGAIN:
        pattern = words.gettext("[%(urgency)s] Nobody acknowledged: %(brand)s: %(words)s")
    elif message.cycle > 1:
        pattern = words.gettext("[%(urgency)s] Again: %(brand)s: %(words)s")
    else:
        pattern = words.gettext("[%(urgency)s] %(brand)s: %(words)s")
    values = {
        "urgency": wording.urgency_word(message.urgency, words),
        "brand": text.line(message.brand, 40),
        "words": snippet,
        "n": words.number(_new_count(message)),
        "incidents": words.number(len(message.listed)),
    }
    return text.line(pattern % values, _MOST_SUBJECT)


def _new_count(message: Message) -> int:
    """Return how many mentions the e-mail tells of that its reader had not been told of."""
    return sum(one.new_count for one in message.listed) if message.listed else message.new_count


def _line(one: Listed, words: Catalogue) -> ListedLine:
    pattern = words.ngettext(
        "%(brand)s · %(rule)s: %(n)s new mention", "%(brand)s · %(rule)s: %(n)s new mentions", one.new_count
    )
    values = {
        "brand": text.line(one.brand, 40),
        "rule": text.line(one.rule, 60),
        "n": words.number(one.new_count),
    }
    return ListedLine(
        urgency=wording.urgency_word(one.urgency, words),
        about=pattern % values,
        words=text.line(one.words, 80),
        url=one.incident_url,
    )


def _why_listed(words: Catalogue) -> str:
    return words.gettext(
        "One e-mail for each would hide the rest, or wake you in your quiet hours. This one lists every incident; the "
        "next list comes in ten minutes at the earliest."
    )


def _heading(message: Message, words: Catalogue) -> str:
    if message.listed:
        return words.ngettext("%(n)s incident", "%(n)s incidents in one e-mail", len(message.listed)) % {
            "n": words.number(len(message.listed))
        }
    verdict = message.mention.analysis
    return reasons.headline(
        message.reason,
        brand=text.line(message.brand, 200),
        site=text.line(message.mention.site, 200),
        angry=verdict.angry or verdict.anger_level > 1,
        again=message.cycle > 1,
        catalogue=words,
    )


def _facts(message: Message, words: Catalogue, zone: tzinfo) -> tuple[Fact, ...]:
    mention = message.mention
    rows = [
        (words.gettext("Site"), text.line(mention.site, 200)),
        (words.gettext("Author"), text.line(mention.author_name or "", 200) or words.gettext("not known")),
        (words.gettext("Posted"), words.datetime(mention.said_at, zone)),
        (words.gettext("Language"), reasons.language_word(mention.analysis.language, words)),
        (words.gettext("Mentions so far"), words.number(message.alert_count)),
        (words.gettext("New in this e-mail"), words.number(_new_count(message))),
    ]
    if message.listed:
        return tuple(Fact(label=label, value=value) for label, value in rows[-1:])
    if mention.rating is not None:
        stars = {"value": words.number(mention.rating.value), "scale": words.number(mention.rating.scale)}
        rows.insert(3, (words.gettext("Rating"), words.gettext("%(value)s out of %(scale)s") % stars))
    return tuple(Fact(label=label, value=value) for label, value in rows)


@cache
def environment(language: str) -> Environment:
    """Return the templates of e-mails in one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["strong"] = lambda words: Markup("<strong>{}</strong>").format(words)
    words_for(language).install(made)
    return made
