"""Settings: what is watched, and how it is spoken of; tried on what was heard lately before it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from alerts import brands
from alerts.brands import MOST_NAME_CHARACTERS, MOST_NAMES, BrandTerms, query_of
from alerts.errors import BrandError, QueryError
from alerts.types import BrandId
from service.store import brand, brand_match, trend
from service.store.brand import Brand
from service.store.mention import MentionFilter
from service.store.search import storable
from service.store.trend import Bucket, Grouping
from service.web import mention_view, render, wording
from service.web.mention_query import number
from service.web.mention_view import MentionView
from service.web.reader import Reader
from service.web.visit import PageRoute, SignedIn, Visit, Writing, or_missing
from service.web.wrong import Wrong

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: Over so many days an average day is told.
_DAYS_COUNTED = 7
_TRIED, _LOOKED_AT, _EXAMPLES = timedelta(days=30), 1000, 3
#: The longest lists that can be kept, in Chinese letters as a form writes them.
_MOST_FORM_BYTES = 4 * MOST_NAMES * (MOST_NAME_CHARACTERS * 9 + 6) + 100_000
_LISTS = ("aliases", "context", "exclude", "own_accounts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What terms would find among the mentions of one kind of brand."""

    title: str
    looked_at: int
    matched: int
    examples: list[MentionView]


@router.get("/settings/brands")
async def listed(visit: SignedIn) -> Response:
    """Return what is watched."""
    _ = visit.reader.words.gettext
    said = {
        "added": _("The brand is watched from now on, in every shared source."),
        "changed": _("Changed; it counts for what comes in from now on."),
    }
    return visit.page(
        "brands.html",
        here="brands",
        brands=await brand.every(visit.conn),
        a_day=await _a_day(visit),
        notice=visit.became(said),
    )


@router.get("/settings/brands/new")
async def fresh(visit: Writing) -> Response:
    """Return the form of a brand that is not watched yet."""
    return _form(visit, None, BrandTerms(name=""))


@router.get("/settings/brands/{brand_id}")
async def one(visit: Writing, brand_id: str) -> Response:
    """Return the form of a brand. Raises Missing."""
    found = await _found(visit, brand_id)
    return _form(visit, found, found.terms)


@router.post("/settings/brands/new")
async def add(visit: Writing) -> Response:
    """Try or watch a new brand."""
    return await _act(visit, None)


@router.post("/settings/brands/{brand_id}")
async def change(visit: Writing, brand_id: str) -> Response:
    """Try or change how a brand is found. Raises Missing."""
    return await _act(visit, await _found(visit, brand_id))


async def _act(visit: Visit, found: Brand | None) -> Response:
    form, _ = await visit.form(most_bytes=_MOST_FORM_BYTES), visit.reader.words.gettext
    terms = _terms(form)
    if (wrong := _wrong(terms, visit.reader)) is not None:
        return _form(visit, found, terms, wrong=wrong)
    if form.get("do") == "try":
        return _form(visit, found, terms, tried=await _try(visit, found, terms))
    async with visit.conn.transaction():
        if found is None:
            is_kept = await brand.add(visit.conn, terms, now=visit.reader.now) is not None
        else:
            is_kept = await brand.change(visit.conn, found.id, terms)
    if not is_kept:
        taken = Wrong(field="name", message=_("Another brand has this name; choose another."))
        return _form(visit, found, terms, wrong=taken)
    return render.moved(f"/settings/brands?came={'added' if found is None else 'changed'}")


def _terms(form: Mapping[str, str]) -> BrandTerms:
    """Return how a brand is spoken of as a form says it; nothing is checked."""
    lists = {key: tuple(filter(None, map(_line, form.get(key, "").splitlines()))) for key in _LISTS}
    query = storable(form.get("query", "")).strip()
    return BrandTerms(name=_line(form.get("name", "")), query=query or None, **lists)


def _line(text: str) -> str:
    return " ".join(storable(text).split())


def _wrong(terms: BrandTerms, reader: Reader) -> Wrong | None:
    """Return what is wrong with terms, by the checks of every way in."""
    _ = reader.words.gettext
    if not terms.name:
        return Wrong(field="name", message=_("Give the brand a name."))
    if len(terms.name) > MOST_NAME_CHARACTERS or not terms.name.isprintable():
        most = reader.number(MOST_NAME_CHARACTERS)
        return Wrong(
            field="name", message=_("Shorten the name to %(n)s letters, and use no control signs.") % {"n": most}
        )
    try:
        brands.check(terms)
    except BrandError as error:
        return _said(error, reader)
    return None


def _said(error: BrandError, reader: Reader) -> Wrong:
    """Return in the reader's words what is wrong."""
    _ = reader.words.gettext
    cause = error.__cause__
    if isinstance(cause, QueryError):
        at = _("It cannot be read at character %(n)s.") % {"n": reader.number(cause.position + 1)}
        return Wrong(field=error.field, message=f"{at} {wording.mistakes(reader)[cause.mistake]}")
    if error.field == "query":
        return Wrong(
            field="query", message=_("It only excludes, and would find almost everything: add a word to find.")
        )
    return _lines(error.field, reader, error.detail)


def _lines(field: str, reader: Reader, detail: str = "") -> Wrong:
    """Return what is wrong with a field of lines."""
    values = {"letters": reader.number(MOST_NAME_CHARACTERS), "lines": reader.number(MOST_NAMES)}
    said = reader.words.gettext("At most %(lines)s lines, each with letters or digits and at most %(letters)s signs.")
    return Wrong(field=field, message=said % values, detail=detail)


async def _try(visit: Visit, found: Brand | None, terms: BrandTerms) -> list[Tried]:
    """Return what terms would find among the brand's own mentions of late, and among those of the others."""
    _ = visit.reader.words.gettext
    since = visit.reader.now - _TRIED
    tried = []
    if found is not None:
        among = MentionFilter(brand_id=found.id, since=since)
        own = await brand_match.preview(visit.conn, terms, among=among, limit=_LOOKED_AT)
        tried.append(_shown(visit, terms, _("Of this brand’s mentions"), own))
    every = await brand_match.preview(visit.conn, terms, among=MentionFilter(since=since), limit=_LOOKED_AT)
    others = every if found is None else every.without(found.id)
    title = _("Of all brands’ mentions") if found is None else _("Of other brands’ mentions")
    return [*tried, _shown(visit, terms, title, others)]


def _shown(visit: Visit, terms: BrandTerms, title: str, found: brand_match.Preview) -> Tried:
    query = query_of(terms)
    return Tried(
        title=title,
        looked_at=found.looked_at,
        matched=len(found.matches),
        examples=[
            mention_view.view(stored, visit.reader, searched=query) for stored, _words in found.matches[:_EXAMPLES]
        ],
    )


async def _a_day(visit: Visit) -> dict[BrandId, str]:
    """Return how many mentions each brand has on an average day of late, as it is written."""
    now = visit.reader.now
    counted = await trend.counts(
        visit.conn,
        brand_ids=None,
        since=now - timedelta(days=_DAYS_COUNTED),
        until=now,
        bucket=Bucket.DAY,
        zone="UTC",
        group=Grouping.BRAND,
    )
    totals: dict[BrandId, int] = {}
    for step in counted:
        totals[BrandId(int(step.group))] = totals.get(BrandId(int(step.group)), 0) + step.total
    return {key: visit.reader.number(round(total / _DAYS_COUNTED, 1)) for key, total in totals.items()}


def _form(
    visit: Visit,
    found: Brand | None,
    terms: BrandTerms,
    *,
    wrong: Wrong | None = None,
    tried: list[Tried] | None = None,
) -> Response:
    return visit.page(
        "brand.html",
        status=422 if wrong else 200,
        here="brands",
        found=found,
        terms=terms,
        wrong=wrong,
        tried=tried or [],
        most=visit.reader.number(_LOOKED_AT),
    )


async def _found(visit: Visit, brand_id: str) -> Brand:
    return or_missing(await brand.get(visit.conn, BrandId(or_missing(number(brand_id)))))
