"""How good verdicts and rules are, by the people who looked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import MentionId
from service.measures import ratio, wilson
from service.store import correction
from service.store.correction import Lesson
from service.web import links, verdict_words
from service.web.mention_query import number
from service.web.mention_view import tone_names
from service.web.reader import Reader
from service.web.visit import PageRoute, SignedIn, Visit
from service.web.wording import language_word

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PERIODS = (30, 90, 365)
_USUAL = 90
_A_PAGE = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A part of a whole as a page shows it."""

    part: int
    whole: int
    #: The share in percent, or a dash.
    value: str
    #: Its interval; '' where there is none.
    interval: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageRow:
    """How verdicts of one language fared."""

    name: str
    checked: int
    precision: Share
    recall: Share
    labels: Share


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    """How one rule's incidents ended."""

    name: str
    precision: Share


def share(part: int, whole: int, reader: Reader) -> Share:
    """Return a part of a whole, in the reader's words."""
    found, (low, high) = ratio(part, whole), wilson(part, whole)
    interval = "" if low is None or high is None else f"{reader.percent(low)} – {reader.percent(high)}"
    return Share(
        part=part, whole=whole, value="–" if found is None else reader.percent(min(found, 1)), interval=interval
    )


@router.get("/quality")
async def shown(visit: SignedIn) -> Response:
    """Return quality by language and rule, and a page of corrections."""
    reader, query = visit.reader, visit.request.query_params
    days = next((known for known in _PERIODS if str(known) == query.get("days")), _USUAL)
    since = reader.now - timedelta(days=days)
    found = await correction.lessons(visit.conn, before=_before(query.get("older")), limit=_A_PAGE + 1)
    shown, last = found[:_A_PAGE], found[_A_PAGE - 1].correction if len(found) > _A_PAGE else None
    older = None if last is None else f"{last.at.isoformat()}_{last.mention_id}"
    given = {"days": str(days)}
    return visit.page(
        "quality.html",
        here="quality",
        days=days,
        periods={n: reader.words.ngettext("%(n)s day", "%(n)s days", n) % {"n": reader.number(n)} for n in _PERIODS},
        spoken=await _languages(visit, since),
        rules=[
            RuleRow(name=one.rule, precision=share(one.resolved - one.false_positive, one.resolved, reader))
            for one in await correction.by_rule(visit.conn, since=since)
        ],
        lessons=[(one, said(one, reader)) for one in shown],
        older=links.with_query("/quality", {**given, "older": older}) if older else None,
        newest=links.with_query("/quality", given) if query.get("older") else None,
    )


async def _languages(visit: Visit, since: datetime) -> list[LanguageRow]:
    reader = visit.reader
    return [
        LanguageRow(
            name=language_word(one.language, reader),
            checked=one.checked,
            precision=share(one.rightly_angry, one.called_angry, reader),
            recall=share(one.rightly_angry, one.truly_angry, reader),
            labels=share(one.same_label, one.label_checked, reader),
        )
        for one in await correction.by_language(visit.conn, since=since)
    ]


def said(lesson: Lesson, reader: Reader) -> str:
    """Return what a person said of a mention, in words."""
    _, given = reader.words.gettext, lesson.correction
    parts = []
    if given.label is not None:
        parts.append(tone_names(reader)[given.label])
    if given.anger_level is not None:
        parts.append(verdict_words.anger_levels(reader)[str(given.anger_level)])
    if given.kind is not None:
        parts.append(verdict_words.kinds(reader)[given.kind])
    if given.causes is not None:
        names = verdict_words.causes(reader)
        parts.append(" · ".join(names.get(cause, cause) for cause in given.causes) or _("no cause"))
    if given.irrelevant:
        parts.append(_("Not about the brand"))
    return _(", ").join(parts) or _("The verdict stands")


def _before(text: str | None) -> tuple[datetime, MentionId] | None:
    when, _, row = (text or "").partition("_")
    try:
        at = datetime.fromisoformat(when)
    except ValueError:
        return None
    known = number(row)
    return None if known is None or at.tzinfo is None else (at, MentionId(known))
