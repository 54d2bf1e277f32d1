"""The addresses that places send to: where each is, how it is renewed, and what could not be read there."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, status
from pydantic import Field

from alerts.types import SourceId
from service.api.access import Administering, Asked, Writing
from service.api.errors import Conflict, NotFound
from service.api.parameters import PREFIX, Flag, Id, Shape
from service.store import inlet, push, source
from service.store.inlet import Inlet

router = APIRouter(prefix=PREFIX, tags=["sources"])
SourceGiven = Annotated[Id, Path(alias="id")]


class AddressShape(Shape):
    """Where a place sends to."""

    url: str = Field(examples=["https://earshot.example.com/api/v1/hooks/9s…"])
    signed: bool = Field(description="Whether bodies must be signed; else the address alone is the secret.")


class AddressRenewed(AddressShape):
    """A renewed address or secret."""

    secret: str | None = Field(description="Shown this once; null where it was not renewed.", examples=["whsec_…"])


class AddressWanted(Shape):
    """What to renew."""

    url: Flag = Field(default=False, description="Give another address; the one before leads nowhere.")
    secret: Flag = Field(default=False, description="Make a secret for the sender to sign with.")


class Replayed(Shape):
    """What will be read again."""

    deliveries: int


def _url(request: Request, address: Inlet) -> str:
    return f"{request.app.state.settings.hooks_url}/{address.key}"


async def _inlet(asked: Asked, source_id: int) -> Inlet:
    """Return the source's address. Raises NotFound or Conflict."""
    found = await inlet.of_source(asked.conn, SourceId(source_id))
    if found is not None:
        return found
    if await source.health_of(asked.conn, SourceId(source_id), now=asked.now) is None:
        raise NotFound(f"There is no source {source_id}.")
    raise Conflict(f"Nothing is sent to source {source_id}: its kind is polled only.")


@router.get("/sources/{id}/address", summary="Where a place sends to")
async def address(asked: Administering, request: Request, source_id: SourceGiven) -> AddressShape:
    """Whoever knows the address of a source without signatures can send to it: keep it like a password."""
    found = await _inlet(asked, source_id)
    return AddressShape(url=_url(request, found), signed=found.is_signed)


@router.post("/sources/{id}/address", summary="Renew an address or its secret")
async def renew(asked: Administering, request: Request, source_id: SourceGiven, body: AddressWanted) -> AddressRenewed:
    """What is renewed is good no more from now on. The answer is the only time the secret is shown."""
    async with asked.conn.transaction():
        found = await _inlet(asked, source_id)
        if body.url:
            await inlet.renew_key(asked.conn, found.source_id)
        secret = await inlet.renew_secret(asked.conn, found.source_id) if body.secret else None
        found = await _inlet(asked, source_id)
    return AddressRenewed(url=_url(request, found), signed=found.is_signed, secret=secret)


@router.post("/sources/{id}/replay", summary="Read again what could not be read", status_code=status.HTTP_202_ACCEPTED)
async def replay(asked: Writing, source_id: SourceGiven) -> Replayed:
    """Deliveries that were set aside are read once more, such as after the mapping was corrected."""
    async with asked.conn.transaction():
        found = await _inlet(asked, source_id)
        return Replayed(deliveries=await push.replay(asked.conn, found.source_id, now=asked.now))
