"""A mention as a page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts import text
from alerts.query import Query
from service.store import search
from service.store.mention import StoredMention
from service.web import highlight, links, verdict_words
from service.web.highlight import Piece
from service.web.reader import Reader
from service.web.wording import language_word

_EXCERPT = 420
#: Nobody reads more on a page; the original is a click away.
_MOST = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseView:
    """One thing a mention is about."""

    key: str
    name: str
    #: negative, neutral or positive; '' where a person named it.
    tone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionView:
    """One mention, ready to be shown."""

    mention: StoredMention
    title: Sequence[Piece]
    words: Sequence[Piece]
    #: For the `lang` attribute; '' where it is not known.
    language: str
    language_name: str
    #: angry, negative, neutral, positive or waiting.
    tone: str
    tone_name: str
    #: Why this verdict, in a sentence.
    why: str
    #: Safe to click; None where there is none.
    original: str | None
    host: str
    #: Why it is left out of counts; '' where it is not.
    aside: str
    #: What it is, and what it is about; '' and none where the model does not say.
    kind: str
    causes: Sequence[CauseView]


def view(mention: StoredMention, reader: Reader, *, whole: bool = False, searched: Query | None = None) -> MentionView:
    """Return a mention for a list, or `whole` for its own page. What was searched for is marked, else why the verdict
    is so."""
    verdict = mention.verdict
    because = verdict.because if verdict else None
    spans = because if searched is None else highlight.spans_of(search.highlights(searched, mention), mention)
    words = highlight.marked_words(text.body(mention.title), text.body(mention.text), spans)
    language = verdict.language if verdict else (mention.language_hint or "")
    tone = tone_of(mention)
    original = text.link(mention.url)
    return MentionView(
        mention=mention,
        title=words.title,
        words=highlight.excerpt(words.text, _MOST if whole else _EXCERPT),
        language=language if text.is_tag(language) else "",
        language_name=language_word(language, reader) if language else "",
        tone=tone,
        tone_name=tone_names(reader)[tone],
        why=why(mention, reader),
        original=original,
        host=links.host_of(original),
        aside=_aside(mention, reader),
        kind=verdict_words.kinds(reader).get(mention.verdict_kind or "", ""),
        causes=_causes(mention, reader),
    )


def _causes(mention: StoredMention, reader: Reader) -> list[CauseView]:
    names = verdict_words.causes(reader)
    tones = {one["cause"]: one["label"] for one in (mention.verdict.causes if mention.verdict else None) or ()}
    return [
        CauseView(key=cause, name=names[cause], tone=tones.get(cause, ""))
        for cause in mention.verdict_causes or ()
        if cause in names
    ]


def _aside(mention: StoredMention, reader: Reader) -> str:
    _ = reader.words.gettext
    if mention.irrelevant:
        return _("Not about the brand")
    if mention.own:
        return _("The brand’s own")
    if mention.reply_by_owner:
        return _("The owner’s reply")
    return _("Advertising") if mention.promotion else ""


def tone_of(mention: StoredMention) -> str:
    """Return the one word that decides how a mention looks: what a person said, else the verdict."""
    if mention.verdict is None:
        return "waiting"
    return "angry" if mention.angry else mention.label or mention.verdict.label


def tone_names(reader: Reader) -> dict[str, str]:
    """Return what each tone is called."""
    _ = reader.words.gettext
    return {
        "angry": _("Angry"),
        "negative": _("Negative"),
        "neutral": _("Neutral"),
        "positive": _("Positive"),
        "waiting": _("Not judged yet"),
    }


def why(mention: StoredMention, reader: Reader) -> str:
    """Return why a mention was judged so."""
    _ = reader.words.gettext
    verdict = mention.verdict
    if verdict is None:
        return _("It is waiting to be read.")
    values = {
        "anger": reader.percent(verdict.anger),
        "negative": reader.percent(verdict.negative),
        "share": reader.percent(getattr(verdict, verdict.label)),
        "label": tone_names(reader)[verdict.label],
    }
    if verdict.angry and verdict.because:
        return _("Read as angry from the marked words: anger %(anger)s, negative %(negative)s.") % values
    if verdict.angry:
        return _("Read as angry: anger %(anger)s, negative %(negative)s.") % values
    return _("%(label)s with a probability of %(share)s; anger %(anger)s.") % values
