"""Settings: erasing for good what a person said, at their wish, and what was erased before."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import MentionId
from service.store import erasure
from service.store.erasure import Author
from service.store.search import storable
from service.web import links, render
from service.web.mention_query import number
from service.web.reader import Reader
from service.web.visit import Administering, PageRoute, Visit
from service.web.wrong import Wrong

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_A_PAGE = 30
_MOST_NAME = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a form names, as it was written."""

    mention: str = ""
    site: str = ""
    author: str = ""

    @property
    def wanted(self) -> MentionId | Author | None:
        """What is to go; None where the form does not say it, or says two things."""
        known = number(self.mention)
        if known is not None and not self.site and not self.author:
            return MentionId(known)
        return Author(site=self.site, author=self.author) if self.site and self.author and not self.mention else None

    @property
    def key(self) -> str:
        """What must be typed once more."""
        return self.author or self.mention


@router.get("/settings/erasures")
async def listed(visit: Administering) -> Response:
    """Return the form, what it would take where it is filled in, and what was erased."""
    asked = _asked(visit.request.query_params)
    return await _page(visit, asked, wrong=_wrong(asked, visit.reader) if asked != Asked() else None)


@router.post("/settings/erasures")
async def erase(visit: Administering) -> Response:
    """Erase for good, if what is to go was typed once more."""
    form, _ = await visit.form(), visit.reader.words.gettext
    asked = _asked(form)
    if (wrong := _wrong(asked, visit.reader)) is not None or asked.wanted is None:
        return await _page(visit, asked, wrong=wrong)
    if _line(form.get("again", "")) != asked.key:
        return await _page(
            visit, asked, wrong=Wrong(field="again", message=_("It is not the same; nothing was erased."))
        )
    async with visit.conn.transaction():
        done = await erasure.erase(visit.conn, asked.wanted, by=visit.user, now=visit.reader.now)
    if done is None:
        return await _page(visit, asked)
    return render.moved("/settings/erasures?came=erased")


def _asked(given: Mapping[str, str]) -> Asked:
    return Asked(**{field: _line(given.get(field, "")) for field in ("mention", "site", "author")})


def _line(text: str) -> str:
    return storable(text).strip()[:_MOST_NAME]


def _wrong(asked: Asked, reader: Reader) -> Wrong | None:
    if asked.wanted is not None:
        return None
    message = reader.words.gettext("Give either the number of a mention, or both a site and an author.")
    return Wrong(field="author" if asked.site or asked.author else "mention", message=message)


async def _page(visit: Visit, asked: Asked, *, wrong: Wrong | None = None) -> Response:
    before = number(visit.request.query_params.get("older"))
    found = await erasure.newest(visit.conn, before=before, limit=_A_PAGE + 1)
    older = {"older": str(found[_A_PAGE - 1].id)} if len(found) > _A_PAGE else None
    return visit.page(
        "erasures.html",
        here="erasures",
        status=422 if wrong else 200,
        asked=asked,
        items=None if asked.wanted is None else await erasure.count(visit.conn, asked.wanted),
        done=found[:_A_PAGE],
        wrong=wrong,
        notice=visit.became({"erased": visit.reader.words.gettext("It is erased; every number follows.")}),
        older=links.with_query("/settings/erasures", older) if older else None,
        newest="/settings/erasures" if before else None,
    )
