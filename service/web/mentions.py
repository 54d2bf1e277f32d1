"""What was said: the list with its filters, and one mention with its versions."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from starlette.responses import Response

from alerts.catalogue import LANGUAGES
from alerts.types import MentionId
from analysis.heads import SENTIMENTS
from service.store import brand, brand_match, correction, mention, search, source
from service.store.correction import Correction
from service.store.mention import StoredMention
from service.web import correcting, mention_query, mention_view, verdict_lines, verdict_words, wording
from service.web.mention_query import Asked, Sort, cursor, ranked_cursor
from service.web.reader import Reader
from service.web.visit import PageRoute, SignedIn, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_A_PAGE = 30


def languages(chosen: str | None, reader: Reader) -> Mapping[str, str]:
    """Return the languages to choose from, with the chosen one if it is another."""
    tags = dict.fromkeys([*LANGUAGES, "und", *([chosen] if chosen else [])])
    return {tag: wording.language_word(tag, reader) for tag in tags}


@router.get("/mentions")
async def listed(visit: SignedIn) -> Response:
    """Return a page of mentions, last said first."""
    reader = visit.reader
    asked = mention_query.asked(visit.request.query_params, reader)
    shown, older = await _found(visit, asked)
    sources = await source.health(visit.conn, now=reader.now, brand_id=asked.wanted.brand_id)
    return visit.page(
        "mentions.html",
        here="mentions",
        asked=asked,
        views=[mention_view.view(one, reader, searched=asked.query) for one in shown],
        older=asked.link(older=older) if older else None,
        newest=asked.link() if asked.after or asked.after_relevance else None,
        mistake=None if asked.mistake is None else wording.mistakes(reader)[asked.mistake.mistake],
        brand_choices=[(one.id, one.name) for one in await brand.every(visit.conn)],
        source_choices=[(one.id, one.name) for one in sources],
        languages_spoken=languages(asked.wanted.language, reader),
        kinds=verdict_words.kinds(reader),
        causes=verdict_words.causes(reader),
        only=_only(asked, reader),
        labels={key: name for key, name in mention_view.tone_names(reader).items() if key not in ("angry", "waiting")},
    )


def _only(asked: Asked, reader: Reader) -> list[tuple[str, str]]:
    """Return what no field of the form shows of the question, each with the address of the list without it."""
    _, fields = reader.words.gettext, asked.fields
    said = {
        "incident": _("Incident %(id)s"),
        "story": _("Story %(id)s"),
        "author": _("Author: %(id)s"),
        "archive": _("However long ago"),
    }
    return [(said[key] % {"id": fields[key]}, asked.link(**{key: None})) for key in said if key in fields]


async def _found(visit: SignedIn, asked: Asked) -> tuple[Sequence[StoredMention], str | None]:
    """Return a page of what is asked for, and where the next one begins."""
    if asked.mistake is not None:
        return (), None
    if asked.query is None:
        found = await mention.newest(visit.conn, asked.wanted, after=asked.after, limit=_A_PAGE + 1)
        return found[:_A_PAGE], cursor(found[_A_PAGE - 1].place) if len(found) > _A_PAGE else None
    if asked.sort is Sort.RELEVANCE:
        ranked = await search.most_relevant(
            visit.conn, asked.wanted, asked.query, after=asked.after_relevance, limit=_A_PAGE + 1
        )
        more = len(ranked) > _A_PAGE
        last, relevance = ranked[_A_PAGE - 1] if more else (None, 0.0)
        return [one for one, _ in ranked[:_A_PAGE]], None if last is None else ranked_cursor(relevance, last.id)
    page = await search.newest(visit.conn, asked.wanted, asked.query, after=asked.after, limit=_A_PAGE)
    return page.items, None if page.following is None else cursor(page.following)


@router.get("/mentions/{mention_id}")
async def one(visit: SignedIn, mention_id: str) -> Response:
    """Return one mention. Raises Missing."""
    found = or_missing(await mention.get(visit.conn, MentionId(or_missing(mention_query.number(mention_id)))))
    return visit.page(
        "mention.html",
        here="mentions",
        view=mention_view.view(found, visit.reader, whole=True),
        versions=await mention.versions(visit.conn, found.id),
        said=await _correction(visit, found),
        notice=_notice(visit),
        was=was if correcting.opened(was := visit.request.query_params.get("was", ""), visit) is not None else "",
        heads=verdict_lines.lines(found, visit.reader),
        labels={key: name for key, name in mention_view.tone_names(visit.reader).items() if key in SENTIMENTS},
        levels=verdict_words.anger_levels(visit.reader),
        kinds=verdict_words.kinds(visit.reader),
        causes=verdict_words.causes(visit.reader),
        about=await brand_match.why(visit.conn, found),
    )


async def _correction(visit: SignedIn, found: StoredMention) -> Correction | None:
    """Return what a person said of the version shown."""
    said = await correction.of(visit.conn, found.id)
    return said if said is not None and said.version == found.version else None


def _notice(visit: SignedIn) -> str:
    """Return what became of an action; '' for none."""
    _ = visit.reader.words.gettext
    return visit.became({"corrected": _("Kept: every number follows at once."), "undone": _("Undone.")})
