"""What a page of numbers is about: a brand or all of them, and a stretch of time."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.types import BrandId
from service.store import brand
from service.store.brand import Brand
from service.web import links
from service.web.mention_query import number
from service.web.period import Period, Stretch, as_local, stretch
from service.web.reader import Reader
from service.web.visit import Visit


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What the page is about."""

    brands: Sequence[Brand]
    #: None: every brand.
    brand: Brand | None
    period: Period
    stretch: Stretch
    #: The period as links to mentions carry it, by the reader's clock.
    since: str
    until: str

    @property
    def brand_id(self) -> BrandId | None:
        """The brand's id."""
        return self.brand.id if self.brand else None

    @property
    def brand_ids(self) -> list[BrandId] | None:
        """The brand as counts are asked for it."""
        return None if self.brand is None else [self.brand.id]

    @property
    def name(self) -> str | None:
        """The brand's name, also where it is the only one."""
        only = self.brands[0] if len(self.brands) == 1 else None
        shown = self.brand or only
        return shown.name if shown else None

    @property
    def query(self) -> dict[str, str | None]:
        """The brand as links carry it."""
        return {"brand": str(self.brand.id) if self.brand else None}

    @property
    def behind(self) -> dict[str, str | None]:
        """The brand and the period as links to mentions carry them."""
        return {**self.query, "from": self.since, "to": self.until}

    def mentions(self, **narrowed: str | None) -> str:
        """Return the address of the mentions the page counts, or of some of them."""
        return links.with_query("/mentions", {**self.behind, **narrowed})

    def link(self, path: str, **changed: str | None) -> str:
        """Return the address of another page about the same."""
        return links.with_query(path, {**self.query, "period": self.period.value, **changed})


async def scope_of(visit: Visit) -> Scope:
    """Return what an address asks for; what cannot be read counts as not given."""
    query, zone = visit.request.query_params, visit.reader.zone
    brands = await brand.every(visit.conn)
    wanted = number(query.get("brand"))
    period = next((known for known in Period if known == query.get("period")), Period.WEEK)
    span = stretch(period, now=visit.reader.now, zone=zone)
    return Scope(
        brands=brands,
        brand=next((one for one in brands if one.id == wanted), None),
        period=period,
        stretch=span,
        since=as_local(span.since, zone),
        until=as_local(span.until, zone),
    )


def period_names(reader: Reader) -> dict[Period, str]:
    """Return what the periods are called in the picker."""
    _ = reader.words.gettext
    return {Period.DAY: _("24 hours"), Period.WEEK: _("7 days"), Period.MONTH: _("30 days")}
