"""API keys: who may use this API."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, status
from pydantic import Field

from service.api.access import Administering, Asked
from service.api.errors import Invalid, NotFound
from service.api.parameters import PREFIX, Moment, Page, Shape, Words
from service.api.users import Bounds, bounds_given
from service.store import access
from service.store.access import ApiKey, Scope

router = APIRouter(prefix=PREFIX, tags=["keys"])
KeyPath = Annotated[Words, Path(alias="id", max_length=64)]


class KeyItem(Shape):
    """A key; its secret is known to its owner only."""

    id: str
    name: str
    scopes: list[Scope]
    brands: Bounds
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    former_until: datetime | None = Field(description="After a rotation: how long the secret before is taken too.")


class KeyMade(KeyItem):
    """A new key with its secret."""

    key: str = Field(description="Shown this once; keep it.", examples=["earshot_0123456789ab_…"])


class KeyWanted(Shape):
    """What a new key is for."""

    name: Annotated[Words, Field(min_length=1, max_length=200, examples=["reporting"])]
    scopes: set[Scope] = Field(min_length=1, examples=[["read"]])
    expires_at: Moment | None = None
    brands: Bounds = None


def _fields(key: ApiKey) -> dict[str, Any]:
    known = {name: getattr(key, name) for name in KeyItem.model_fields}
    brands = None if key.brands is None else sorted(key.brands)
    return {**known, "scopes": sorted(key.scopes), "brands": brands}


@router.get("/keys", summary="List keys")
async def keys_list(asked: Administering) -> Page[KeyItem]:
    """All in one page, newest first, revoked ones too."""
    return Page(items=[KeyItem(**_fields(key)) for key in await access.keys(asked.conn)], next=None)


@router.post("/keys", summary="Make a key", status_code=status.HTTP_201_CREATED)
async def make_key(asked: Administering, body: KeyWanted) -> KeyMade:
    """The answer is the only time the secret is shown."""
    if body.expires_at is not None and body.expires_at <= asked.now:
        raise Invalid("expires_at", "is past; take a later time, or leave it away for a key that does not expire")
    bounds = await bounds_given(asked, body.brands, is_admin=Scope.ADMIN in body.scopes)
    async with asked.conn.transaction():
        shown = await access.add_key(
            asked.conn, name=body.name, scopes=body.scopes, now=asked.now, expires_at=body.expires_at, brands=bounds
        )
    return await _shown(asked, shown)


@router.post("/keys/{id}/rotate", summary="Give a key a new secret")
async def rotate_key(asked: Administering, key_id: KeyPath) -> KeyMade:
    """The answer is the only time the new secret is shown. The one before is taken for another 24 hours, so that its
    users can change over; revoking ends both."""
    async with asked.conn.transaction():
        shown = await access.rotate_key(asked.conn, key_id, now=asked.now)
    if shown is None:
        raise NotFound("There is no live key of this id; GET /api/v1/keys lists them.")
    return await _shown(asked, shown)


async def _shown(asked: Asked, shown: str) -> KeyMade:
    """Return the key that a secret belongs to."""
    known = {key.id: key for key in await access.keys(asked.conn)}
    return KeyMade(**_fields(known[shown.split("_")[1]]), key=shown)


@router.delete("/keys/{id}", summary="Revoke a key", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_key(asked: Administering, key_id: KeyPath) -> Response:
    """Ends it at once, with its open streams. Revoking twice changes nothing."""
    async with asked.conn.transaction():
        revoked = await access.revoke_key(asked.conn, key_id, now=asked.now)
    if not revoked and key_id not in {key.id for key in await access.keys(asked.conn)}:
        raise NotFound("There is no key of this id; GET /api/v1/keys lists them.")
    return Response(status_code=status.HTTP_204_NO_CONTENT)
