"""Who speaks: often, in praise, in anger, and who turned."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from alerts import text
from service.store import talk
from service.store.talk import AuthorSort, SpeakingAuthor
from service.web.mention_view import tone_names
from service.web.reader import Reader
from service.web.scope import Scope, period_names, scope_of
from service.web.visit import PageRoute, SignedIn

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class _Author:
    """Somebody at one site, with the address of what they said."""

    spoke: SpeakingAuthor
    scope: Scope
    #: Safe to click; None where there is none.
    profile: str | None

    def mentions(self, **narrowed: str) -> str:
        """Return the address of what they said at the site. Counted by the id the site gives, else by the name."""
        site = self.spoke.site.replace("\\", r"\\").replace('"', r"\"")
        who = self.spoke.author_id or self.spoke.name
        return self.scope.mentions(author=who, q=f'site:"{site}"', **narrowed)


def sorts(reader: Reader) -> Mapping[AuthorSort, str]:
    """Return what the orders are called."""
    words = reader.words
    return {
        AuthorSort.OFTEN: words.pgettext("authors", "Speak often"),
        AuthorSort.PRAISE: words.pgettext("authors", "Praise"),
        AuthorSort.ANGRY: words.pgettext("authors", "Angry"),
        AuthorSort.TURNED: words.pgettext("authors", "Turned"),
    }


@router.get("/authors")
async def listed(visit: SignedIn) -> Response:
    """Return who spoke in the period."""
    scope = await scope_of(visit)
    wanted = visit.request.query_params.get("sort")
    sort = next((known for known in AuthorSort if known == wanted), AuthorSort.OFTEN)
    found = await talk.authors(
        visit.conn,
        brand_ids=scope.brand_ids,
        since=scope.stretch.since,
        until=scope.stretch.until,
        sort=sort,
        limit=_SHOWN,
    )
    return visit.page(
        "authors.html",
        here="authors",
        scope=scope,
        periods=period_names(visit.reader),
        sort=sort,
        sorts=sorts(visit.reader),
        authors=[_Author(spoke=one, scope=scope, profile=text.link(one.url)) for one in found],
        tones=tone_names(visit.reader),
    )
