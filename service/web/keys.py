"""Settings: the keys by which programs come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import BrandId
from service.store import access, brand
from service.store.access import ApiKey, Scope
from service.store.search import storable
from service.web import render
from service.web.period import from_local
from service.web.reader import Reader
from service.web.visit import Administering, Missing, PageRoute, Visit, or_missing
from service.web.wrong import Wrong

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST_NAME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A key as the form asks for it."""

    name: str
    scopes: frozenset[Scope]
    #: None: all.
    brands: frozenset[BrandId] | None
    #: As it was typed; '' for a key that does not expire.
    expiry: str


_NOTHING = Wanted(name="", scopes=frozenset({Scope.READ}), brands=None, expiry="")


def _scopes(reader: Reader) -> dict[Scope, str]:
    """Return what the scopes are called, and what they allow."""
    _ = reader.words.gettext
    return {
        Scope.READ: _("read: everything that is heard"),
        Scope.RESPOND: _("respond: answer incidents and correct verdicts"),
        Scope.WRITE: _("write: change rules, sources and brands, send mentions"),
        Scope.ADMIN: _("admin: everything, users and keys too"),
    }


@router.get("/settings/keys")
async def listed(visit: Administering) -> Response:
    """Return the keys, without their secrets."""
    _ = visit.reader.words.gettext
    return await _page(
        visit, notice=visit.became({"revoked": _("The key is revoked; nobody comes in by it any more.")})
    )


@router.post("/settings/keys")
async def make(visit: Administering) -> Response:
    """Make a key and show its secret this once, or say what is wrong."""
    wanted = await _wanted(visit, await visit.form())
    expires_at = from_local(wanted.expiry, visit.reader.zone, end=True) if wanted.expiry else None
    if (wrong := _wrong(wanted, expires_at, visit.reader)) is not None:
        return await _page(visit, wanted=wanted, wrong=wrong)
    async with visit.conn.transaction():
        secret = await access.add_key(
            visit.conn,
            name=wanted.name,
            scopes=wanted.scopes,
            now=visit.reader.now,
            expires_at=expires_at,
            brands=wanted.brands,
        )
    return await _page(visit, secret=secret)


@router.post("/settings/keys/{key_id}/rotate")
async def rotate(visit: Administering, key_id: str) -> Response:
    """Give a key a new secret and show it this once. Raises Missing."""
    await visit.form()
    async with visit.conn.transaction():
        secret = await access.rotate_key(visit.conn, storable(key_id), now=visit.reader.now)
    return await _page(visit, secret=or_missing(secret), rotated=True)


@router.post("/settings/keys/{key_id}/revoke")
async def revoke(visit: Administering, key_id: str) -> Response:
    """End a key at once. Raises Missing."""
    await visit.form()
    async with visit.conn.transaction():
        ended = await access.revoke_key(visit.conn, storable(key_id), now=visit.reader.now)
    if not ended:
        raise Missing
    return render.moved("/settings/keys?came=revoked")


async def _wanted(visit: Visit, form: Mapping[str, str]) -> Wanted:
    ticked = frozenset(one.id for one in await brand.every(visit.conn) if form.get(f"brand_{one.id}"))
    return Wanted(
        name=" ".join(storable(form.get("name", "")).split())[:_MOST_NAME],
        scopes=frozenset(scope for scope in Scope if form.get(f"scope_{scope}")),
        brands=ticked or None,
        expiry=form.get("expiry", "").strip(),
    )


def _wrong(wanted: Wanted, expires_at: datetime | None, reader: Reader) -> Wrong | None:
    _ = reader.words.gettext
    if not wanted.name:
        return Wrong(field="name", message=_("Name the program it is for."))
    if not wanted.scopes:
        return Wrong(field="scopes", message=_("Tick what the key may do."))
    if wanted.brands is not None and Scope.ADMIN in wanted.scopes:
        return Wrong(field="brands", message=_("An admin key cannot be bound to brands: untick them, or admin."))
    if wanted.expiry and (expires_at is None or expires_at <= reader.now):
        return Wrong(field="expiry", message=_("Take a day that is not past, or leave it empty."))
    return None


def _is_live(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


async def _page(
    visit: Visit,
    *,
    wanted: Wanted = _NOTHING,
    wrong: Wrong | None = None,
    secret: str = "",
    rotated: bool = False,
    notice: str = "",
) -> Response:
    brands = await brand.every(visit.conn)
    return visit.page(
        "keys.html",
        status=422 if wrong else 200,
        here="keys",
        keys=[(one, _is_live(one, visit.reader.now)) for one in await access.keys(visit.conn)],
        brands=brands,
        names={one.id: one.name for one in brands},
        scopes=_scopes(visit.reader),
        wanted=wanted,
        wrong=wrong,
        secret=secret,
        rotated=rotated,
        notice=notice,
    )
