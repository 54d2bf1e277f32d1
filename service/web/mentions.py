"""What was said: the list with its filters, and one mention with its versions."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from alerts.catalogue import LANGUAGES
from alerts.types import MentionId
from service.store import brand, mention, source
from service.web import mention_query, mention_view, wording
from service.web.mention_query import cursor
from service.web.reader import Reader
from service.web.visit import Missing, PageRoute, SignedIn

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
    found = await mention.newest(visit.conn, asked.wanted, after=asked.after, limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    more = len(found) > _A_PAGE
    sources = await source.health(visit.conn, now=reader.now, brand_id=asked.wanted.brand_id)
    return visit.page(
        "mentions.html",
        here="mentions",
        asked=asked,
        views=[mention_view.view(one, reader) for one in shown],
        older=asked.link(older=cursor(shown[-1].place)) if more else None,
        newest=asked.link() if asked.after else None,
        brand_choices=[(one.id, one.name) for one in await brand.every(visit.conn)],
        source_choices=[(one.id, one.name) for one in sources],
        languages_spoken=languages(asked.wanted.language, reader),
        labels={key: name for key, name in mention_view.tone_names(reader).items() if key not in ("angry", "waiting")},
    )


@router.get("/mentions/{mention_id}")
async def one(visit: SignedIn, mention_id: str) -> Response:
    """Return one mention. Raises Missing."""
    known = mention_query.number(mention_id)
    found = None if known is None else await mention.get(visit.conn, MentionId(known))
    if found is None:
        raise Missing
    return visit.page(
        "mention.html",
        here="mentions",
        view=mention_view.view(found, visit.reader, whole=True),
        versions=await mention.versions(visit.conn, found.id),
    )
