"""The kinds of parameters and fields that routes share, each refusing what the store could not take."""

import re
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from alerts import wall_clock
from alerts.errors import DutyError
from alerts.types import BrandId
from service.api.errors import Invalid
from service.store import brand
from service.store.pool import Connection

T = TypeVar("T")
#: Part of each router, so that a route knows its whole address.
PREFIX = "/api/v1"
LARGEST_ID = 2**63 - 1
#: "+08:00" arrives as " 08:00" where the plus was not written as %2B; nothing else looks so.
_PLUS_LOST = re.compile(r"(T\d\d(?::?\d\d){0,2}(?:[.,]\d+)?) (?=\d\d:?\d\d$)")
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character; leave it away")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half a surrogate pair; send whole characters")
    return text


def _moment(given: object) -> datetime:
    """Return the time a text stands for, in UTC. A time without offset could be anybody's."""
    if not isinstance(given, str):
        raise ValueError("must be a text such as 2026-03-05T12:00:00+08:00")  # noqa: TRY004  # pydantic reads ValueError
    try:
        at = datetime.fromisoformat(_PLUS_LOST.sub(r"\1+", given))
    except ValueError:
        raise ValueError("is no ISO 8601 time; write one such as 2026-03-05T12:00:00+08:00 (+ as %2B)") from None
    if at.tzinfo is None:
        raise ValueError("needs an offset; write 2026-03-05T12:00:00Z or 2026-03-05T12:00:00+08:00 (+ as %2B)")
    if not _EARLIEST.year < at.year < _LATEST.year:
        raise ValueError(f"must lie between the years {_EARLIEST.year} and {_LATEST.year}")
    return at.astimezone(UTC)


Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
#: Any text the database can hold.
Words = Annotated[str, AfterValidator(_storable)]
#: A body's yes or no: neither 1 nor "yes".
Flag = Annotated[bool, Field(strict=True)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
BrandGiven = Annotated[
    Words | None, Field(min_length=1, max_length=200, description="A brand's id or its exact name.", examples=["1"])
]
Since = Annotated[Moment | None, Field(alias="from", description="At or after this time.")]
Until = Annotated[Moment | None, Field(alias="to", description="Before this time.")]
Limit = Annotated[int, Field(ge=1, le=200, description="The most items a page has.")]
Cursor = Annotated[
    str | None, Field(max_length=1000, description="`next` of the page before, with the same filters.", examples=[None])
]


def _known_zone(name: str) -> str:
    try:
        return wall_clock.check_zone("zone", name)
    except DutyError as error:
        raise ValueError(error.said) from None


Zone = Annotated[Words, Field(max_length=64, examples=["Asia/Taipei"]), AfterValidator(_known_zone)]


class Shape(BaseModel):
    """A request's or an answer's body: frozen, and closed to what it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Page(Shape, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")


class Named(Shape):
    """Something with an id, and its name."""

    id: int
    name: str


def refuse_unknown_parameters(request: Request) -> None:
    """Raise Invalid for a parameter the route does not have, or has once and was given twice: a typing error must
    not return everything."""
    operation = request.app.openapi()["paths"].get(request.scope["route"].path, {}).get(request.method.lower(), {})
    known = {one["name"]: one["schema"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    given = request.query_params.multi_items()
    for name, value in given:
        if name not in known:
            names = f"known are {', '.join(known)}" if known else "this address takes none"
            raise Invalid(name, f"there is no such parameter; {names}")
        if "\0" in value:
            raise Invalid(name, "holds a NUL character; leave it away")
        if sum(other == name for other, _ in given) > 1 and known[name].get("type") != "array":
            raise Invalid(name, "is given twice; keep one of them")


async def brand_of(conn: Connection, given: str | None) -> BrandId | None:
    """Return the id of the brand meant by an id or a name; None where none was asked for. Raises Invalid."""
    if given is None:
        return None
    found = await brand.called(conn, given)
    if found is not None:
        return found
    raise Invalid("brand", "there is no brand of this id or name; GET /api/v1/brands lists them")
