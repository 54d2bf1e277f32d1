"""What a day or a week brought, as a person reads it: subject, plain text and HTML. Pure.

The e-mail and the dashboard's page of reports are made by the same function.
"""

from dataclasses import dataclass
from datetime import timedelta, tzinfo
from functools import partial
from urllib.parse import urlsplit

from alerts import chart, quote, text
from alerts.catalogue import Catalogue
from alerts.chart import Chart
from alerts.rendering import Rendered, filled, words_for
from alerts.types import BrandDigest, Digest, DigestKind, Voice

_MOST_SUBJECT = 120
_MOST_QUOTED = 400
#: Pictures in one report: the brands behind have their numbers.
_MOST_CHARTS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """One number beside that of the period before."""

    label: str
    now: str
    before: str
    #: How they differ, with a sign; '' where they do not.
    change: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Quoted:
    """One angry mention."""

    words: tuple[quote.Piece, ...]
    words_language: str | None
    #: Where, by whom and when.
    about: str
    url: str
    post_url: str | None
    post_host: str | None

    @property
    def plain(self) -> str:
        """The words in one line."""
        return text.line("".join(piece.text for piece in self.words), _MOST_QUOTED)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Section:
    """One brand."""

    brand: str
    course: str
    rows: tuple[_Row, ...]
    #: None where there is nothing to draw.
    chart: Chart | None
    quoted: tuple[_Quoted, ...]
    #: How many more were angry than are quoted; '' where none were.
    more: str
    rising: tuple[str, ...]
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Report:
    """What the two templates show."""

    language: str
    subject: str
    heading: str
    #: What the numbers are compared with.
    before: str
    sections: tuple[_Section, ...]
    url: str


def rendered(digest: Digest, *, zone: tzinfo) -> Rendered:
    """Return the subject, the plain text and the HTML of a digest. Days and times are those of the zone."""
    words = words_for(digest.contact.language)
    letter = _report(digest, words, zone)
    drawn = tuple(one.chart.png for one in letter.sections if one.chart is not None)
    return filled("digest", letter, pictures=drawn)


def _report(digest: Digest, words: Catalogue, zone: tzinfo) -> _Report:
    heading = _heading(digest, words, zone)
    is_daily = digest.kind is DigestKind.DAILY
    charts = _charts(digest, words, zone)
    return _Report(
        language=words.language,
        subject=_subject(digest, heading, words),
        heading=heading,
        before=words.gettext("the day before") if is_daily else words.gettext("the week before"),
        sections=tuple(_section(one, words, zone, drawn) for one, drawn in zip(digest.brands, charts, strict=True)),
        url=digest.url,
    )


def _heading(digest: Digest, words: Catalogue, zone: tzinfo) -> str:
    first = digest.since.astimezone(zone).date()
    last = (digest.until - timedelta(seconds=1)).astimezone(zone).date()
    if digest.kind is DigestKind.DAILY:
        return words.gettext("Daily report, %(day)s") % {"day": words.date(first)}
    return words.gettext("Weekly report, %(first)s – %(last)s") % {
        "first": words.date(first),
        "last": words.date(last),
    }


def _subject(digest: Digest, heading: str, words: Catalogue) -> str:
    total = sum(one.counts.total for one in digest.brands)
    angry = sum(one.counts.angry for one in digest.brands)
    if total == 0:
        pattern = words.gettext("%(report)s: nothing was said")
    else:
        pattern = words.ngettext(
            "%(report)s: %(angry)s angry of %(n)s mention", "%(report)s: %(angry)s angry of %(n)s mentions", total
        )
    values = {"report": heading, "angry": words.number(angry), "n": words.number(total)}
    return text.line(pattern % values, _MOST_SUBJECT)


def _charts(digest: Digest, words: Catalogue, zone: tzinfo) -> list[Chart | None]:
    """Return the picture of each brand of which something was said, for the first of them."""
    found: list[Chart | None] = []
    for one in digest.brands:
        number = sum(earlier is not None for earlier in found)
        is_shown = one.counts.total > 0 and one.steps and number < _MOST_CHARTS
        found.append(chart.if_it_can_be(partial(_chart, digest, one, words, zone, number=number)) if is_shown else None)
    return found


def _chart(digest: Digest, one: BrandDigest, words: Catalogue, zone: tzinfo, *, number: int) -> Chart:
    most = max(step.total for step in one.steps)
    if digest.kind is DigestKind.DAILY:
        pattern = words.gettext("Hour by hour; at most %(most)s in an hour.")
        first, last = words.datetime(digest.since, zone), words.datetime(digest.until, zone)
    else:
        pattern = words.gettext("Day by day; at most %(most)s on a day.")
        first = words.date(digest.since.astimezone(zone).date())
        last = words.date((digest.until - timedelta(seconds=1)).astimezone(zone).date())
    return chart.drawn(one.steps, number=number, says=pattern % {"most": words.number(most)}, first=first, last=last)


def _section(one: BrandDigest, words: Catalogue, zone: tzinfo, drawn: Chart | None) -> _Section:
    more = one.counts.angry - len(one.angry)
    return _Section(
        brand=text.line(one.brand, 200),
        course=_course(one, words),
        rows=_rows(one, words),
        chart=drawn,
        quoted=tuple(_quoted(voice, words, zone) for voice in one.angry),
        more=words.ngettext("%(n)s more that is angry", "%(n)s more that are angry", more) % {"n": words.number(more)}
        if more > 0
        else "",
        rising=tuple(
            words.gettext("“%(word)s” (%(n)s)") % {"word": text.line(word.term, 60), "n": words.number(word.count)}
            for word in one.rising
        ),
        url=one.url,
    )


def _course(one: BrandDigest, words: Catalogue) -> str:
    """Return whether it got better, as a sentence."""
    if one.counts.total == 0:
        return words.gettext("Nothing was said.")
    if one.counts_before.judged == 0:
        return words.gettext("There is nothing to compare with yet.")
    return {
        1: words.gettext("Worse: more of it is angry than before."),
        -1: words.gettext("Better: less of it is angry than before."),
    }.get(one.course, words.gettext("About as much anger as before: the difference may be chance."))


def _rows(one: BrandDigest, words: Catalogue) -> tuple[_Row, ...]:
    now, then, done, done_then = one.counts, one.counts_before, one.activity, one.activity_before
    pairs = (
        (words.gettext("Mentions"), now.total, then.total),
        (words.gettext("Angry"), now.angry, then.angry),
        (words.gettext("Negative"), now.negative, then.negative),
        (words.gettext("Positive"), now.positive, then.positive),
        (words.gettext("Recommend the brand"), done.recommending, done_then.recommending),
        (words.gettext("Incidents answered"), done.answered, done_then.answered),
        (words.gettext("Upset before, pleased now"), done.recovered, done_then.recovered),
    )
    return tuple(
        _Row(label=label, now=words.number(count), before=words.number(before), change=_change(count - before, words))
        for label, count, before in pairs
    )


def _change(difference: int, words: Catalogue) -> str:
    if difference == 0:
        return ""
    return f"{'+' if difference > 0 else '−'}{words.number(abs(difference))}"  # a minus as it is set


def _quoted(voice: Voice, words: Catalogue, zone: tzinfo) -> _Quoted:
    mention, verdict = voice.mention, voice.mention.analysis
    post_url = text.link(mention.url)
    return _Quoted(
        words=quote.pieces(mention.text, verdict.because or (), most=_MOST_QUOTED),
        words_language=verdict.language if text.is_tag(verdict.language) else None,
        about=words.gettext("%(site)s · %(author)s · %(when)s")
        % {
            "site": text.line(mention.site, 80),
            "author": text.line(mention.author_name or "", 60) or words.gettext("not known"),
            "when": words.datetime(mention.said_at, zone),
        },
        url=voice.url,
        post_url=post_url,
        post_host=urlsplit(post_url).hostname if post_url else None,
    )
