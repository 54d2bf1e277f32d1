"""The page of reports: what a day or a week brought as the digest tells it, as files, and who gets it by e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from alerts import digest, digest_letter
from alerts.catalogue import LANGUAGES
from alerts.digest import Period
from alerts.errors import DutyError
from alerts.rendering import Rendered
from alerts.types import Contact, ContactId, DigestKind, NotificationId
from service import reports
from service.store import brand, contact, trend
from service.store.access import Scope
from service.store.brand import Brand
from service.store.trend import Bucket
from service.web import chart, chart_picture, links, render
from service.web.mention_query import number
from service.web.reader import Reader
from service.web.visit import PageRoute, SignedIn, Visit, Writing, or_missing, trouble

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: A preview is sent to nobody.
_NOBODY = NotificationId(UUID(int=0))
_BUCKETS = {DigestKind.DAILY: Bucket.HOUR, DigestKind.WEEKLY: Bucket.DAY}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which report an address asks for."""

    brands: Sequence[Brand]
    #: None: every brand.
    brand: Brand | None
    period: Period
    language: str

    @property
    def shown(self) -> Sequence[Brand]:
        """The brands the report is about."""
        return self.brands if self.brand is None else [self.brand]

    @property
    def query(self) -> dict[str, str | None]:
        """The report as links carry it."""
        return {
            "brand": str(self.brand.id) if self.brand else None,
            "kind": self.period.kind,
            "day": self.period.starts.isoformat(),
            "language": self.language,
        }

    def export(self, kind: str) -> str:
        """Return the address of the report's mentions as a file."""
        times = {"from": self.period.since.isoformat(), "to": self.period.until.isoformat()}
        return links.with_query("/api/v1/exports", {"brand": self.query["brand"], **times, "format": kind})


async def _asked(visit: Visit) -> Asked:
    """Return what an address asks for; what cannot be read counts as not given: the last report that is whole."""
    query, reader = visit.request.query_params, visit.reader
    brands = await brand.every(visit.conn)
    wanted = number(query.get("brand"))
    kind = next((known for known in DigestKind if known == query.get("kind")), DigestKind.WEEKLY)
    language = query.get("language", "")
    day = _day(query.get("day", ""))
    return Asked(
        brands=brands,
        brand=next((one for one in brands if one.id == wanted), None),
        period=digest.latest(kind, at=reports.MIDNIGHT, zone=reader.zone, now=reader.now)
        if day is None
        else digest.containing(kind, day, reader.zone),
        language=language if language in LANGUAGES else reader.language,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1990 <= day.year < 2200 else None


async def _letter(visit: Visit, asked: Asked) -> Rendered:
    """Return the report as the e-mail has it."""
    reader = Contact(id=ContactId(0), name="", email="", language=asked.language)
    read = await reports.read(
        visit.conn,
        _NOBODY,
        reader,
        asked.period,
        brands=[(one.id, one.name) for one in asked.shown],
        zone=visit.reader.zone,
        public_url=visit.settings.public_url,
    )
    return digest_letter.rendered(read, zone=visit.reader.zone)


@router.get("/reports")
async def shown(visit: SignedIn) -> Response:
    """Return the page: one report, and who gets it."""
    return await _page(visit)


async def _page(visit: Visit, *, wrong: tuple[ContactId, str] | None = None) -> Response:
    asked = await _asked(visit)
    letter = await _letter(visit, asked)
    span = asked.period.until - asked.period.since
    earlier = (asked.period.since - span / 2).astimezone(visit.reader.zone).date()
    later = (asked.period.until + timedelta(hours=12)).astimezone(visit.reader.zone).date()
    return visit.page(
        "reports.html",
        here="reports",
        status=200 if wrong is None else 422,
        asked=asked,
        kinds=kind_names(visit.reader),
        letter=letter,
        preview=links.with_query("/reports/preview", asked.query),
        picture=links.with_query("/reports/chart.png", asked.query),
        earlier=links.with_query("/reports", {**asked.query, "day": earlier.isoformat()}),
        later=links.with_query("/reports", {**asked.query, "day": later.isoformat()})
        if asked.period.until < visit.reader.now
        else None,
        contacts=await contact.every(visit.conn) if visit.may(Scope.WRITE) else [],
        wrong=wrong,
    )


@router.get("/reports/preview")
async def preview(visit: SignedIn) -> Response:
    """Return the report's HTML part for the frame on its page: no script, no form, no way out."""
    letter = await _letter(visit, await _asked(visit))
    return render.answer(visit.request, letter.html, policy=render.MAIL_POLICY)


@router.get("/reports/chart.png")
async def picture(visit: SignedIn) -> Response:
    """Return the report's chart as a picture."""
    asked = await _asked(visit)
    bucket, zone = _BUCKETS[asked.period.kind], visit.reader.zone.key
    since, until = asked.period.since, asked.period.until
    ids = None if asked.brand is None else [asked.brand.id]
    counts = await trend.counts(visit.conn, brand_ids=ids, since=since, until=until, bucket=bucket, zone=zone)
    starts = await trend.starts(visit.conn, since=since, until=until, bucket=bucket, zone=zone)
    reader = Reader(language=asked.language, zone=visit.reader.zone, now=visit.reader.now)
    made = chart.steps(starts, counts, set(), bucket=bucket, behind={}, reader=reader)
    title = " · ".join(one.name for one in asked.shown)[:80]
    try:
        drawn = await chart_picture.png(chart_picture.specification(made, title, reader))
    except chart_picture.PictureError:
        return trouble(visit.request, 503)
    name = f"earshot-{asked.period.kind}-{asked.period.starts.isoformat()}.png"
    headers = {**render.PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(drawn, media_type="image/png", headers=headers)


@router.post("/reports/contacts/{contact_id}")
async def wish(visit: Writing, contact_id: str) -> Response:
    """Keep which reports a contact wants. Raises Missing."""
    form = await visit.form()
    found = or_missing(await contact.get(visit.conn, ContactId(or_missing(number(contact_id)))))
    kinds = [kind for kind in DigestKind if form.get(kind)]
    try:
        wanted = digest.wish(kinds, form.get("at", "").strip(), always=bool(form.get("always")))
    except DutyError:
        return await _page(visit, wrong=(found.id, form.get("at", "")[:20]))
    async with visit.conn.transaction():
        await contact.change(visit.conn, replace(found, digest=wanted))
    return render.moved("/reports#contacts")


def kind_names(reader: Reader) -> dict[DigestKind, str]:
    """Return what the kinds of reports are called."""
    _ = reader.words.gettext
    return {DigestKind.DAILY: _("A day"), DigestKind.WEEKLY: _("A week")}
