"""One notification as a person reads it: subject, plain text and HTML, all in the contact's language. Pure.

The e-mail and the dashboard's outbox page are made by the same functions, so that what is shown is what was sent.
"""

from dataclasses import dataclass
from datetime import timedelta, tzinfo
from urllib.parse import urlsplit

from alerts import chart, labels, quote, reasons, recovery, text, wording
from alerts.catalogue import Catalogue
from alerts.chart import Chart
from alerts.rendering import Rendered, filled, words_for
from alerts.types import JudgedMention, LastHours, Listed, Message, Purpose, Urgency

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
    steps: tuple[recovery.Step, ...]
    #: What an e-mail about many incidents lists; () of one about one.
    listed: tuple[ListedLine, ...]
    #: None where there is nothing to draw.
    chart: Chart | None
    incident_url: str
    #: None where the post has no address that is safe to click.
    post_url: str | None
    post_host: str | None


def rendered(message: Message, *, zone: tzinfo) -> Rendered:
    """Return the subject, the plain text and the HTML of a message. Times are shown in the zone."""
    words = words_for(message.contact.language)
    drawn = _chart(message, words, zone)
    letter = _letter(message, words, zone, drawn)
    return filled("incident", letter, pictures=() if drawn is None else (drawn.png,))


def _chart(message: Message, words: Catalogue, zone: tzinfo) -> Chart | None:
    """Return the picture of the last hours; None where there is none, or it cannot be drawn."""
    hours = message.hours
    if hours is None or message.listed:
        return None
    return chart.if_it_can_be(lambda: _drawn(hours, words, zone))


def _drawn(hours: LastHours, words: Catalogue, zone: tzinfo) -> Chart:
    count, total = len(hours.counts), sum(one.total for one in hours.counts)
    pattern = words.ngettext(
        "The last %(hours)s hours: %(n)s mention, %(angry)s of them angry; at most %(most)s in an hour.",
        "The last %(hours)s hours: %(n)s mentions, %(angry)s of them angry; at most %(most)s in an hour.",
        total,
    )
    values = {
        "hours": count,
        "n": words.number(total),
        "angry": words.number(sum(one.angry for one in hours.counts)),
        "most": words.number(max((one.total for one in hours.counts), default=0)),
    }
    return chart.drawn(
        hours.counts,
        says=pattern % values,
        first=words.datetime(hours.until - timedelta(hours=count), zone),
        last=words.datetime(hours.until, zone),
    )


def _letter(message: Message, words: Catalogue, zone: tzinfo, drawn: Chart | None) -> Letter:
    mention, verdict = message.mention, message.mention.analysis
    because = verdict.because or ()
    post_url = text.link(mention.url)
    title, quoted = quote.pieces(_title(mention), because), quote.pieces(mention.text, because)
    return Letter(
        language=words.language,
        subject=_subject(message, words),
        heading=_heading(message, words),
        turn="" if message.listed else wording.turn(message, words, zone),
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
        steps=recovery.first_steps(message.reason, verdict, words),
        listed=tuple(_line(one, words) for one in message.listed),
        chart=drawn,
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
    elif message.purpose is Purpose.REMINDER:
        pattern = words.gettext("[%(urgency)s] Still on it? %(brand)s: %(words)s")
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
    rows[4:4] = _judged(mention, words)
    if mention.rating is not None:
        stars = {"value": words.number(mention.rating.value), "scale": words.number(mention.rating.scale)}
        rows.insert(3, (words.gettext("Rating"), words.gettext("%(value)s out of %(scale)s") % stars))
    return tuple(Fact(label=label, value=value) for label, value in rows)


def _judged(mention: JudgedMention, words: Catalogue) -> list[tuple[str, str]]:
    """Return what the verdict says the mention is, is about and wants."""
    verdict = mention.analysis
    kinds, causes, purposes = labels.kinds(words), labels.causes(words), labels.purposes(words)
    rows = [
        (words.gettext("What it is"), kinds.get(labels.kind_of(verdict) or "", "")),
        (
            words.gettext("What it is about"),
            " · ".join(causes[one] for one in labels.causes_of(verdict) if one in causes),
        ),
        (words.gettext("What the writer wants"), purposes.get(labels.purpose_of(verdict) or "", "")),
    ]
    return [(label, value) for label, value in rows if value]
