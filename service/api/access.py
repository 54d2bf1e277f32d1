"""Who asks: an API key, or a signed-in browser; and whether they may."""

import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from alerts.types import BrandId
from service.api.errors import Forbidden, Unauthenticated
from service.api.limits import Allowances
from service.api.parameters import refuse_unknown_parameters
from service.settings import Settings
from service.store import access, audit, bounds, clock
from service.store.access import Scope
from service.store.pool import Connection, Pool

SESSION_COOKIE = "earshot_session"
CSRF_HEADER = "X-CSRF-Token"
#: Where a request's scope holds the headers that tell how many requests are left.
RATE = "earshot.rate"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: A caller waits this long for a connection, then hears 503.
_PATIENCE_SECONDS = 5

_KEY = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="earshot_<id>_<secret>",
    description="An API key, made by `earshot keys` or POST /api/v1/keys. Scopes: read, write, respond, admin.",
)
_COOKIE = APIKeyCookie(
    auto_error=False,
    scheme_name="session",
    name=SESSION_COOKIE,
    description=f"A signed-in browser. Anything but GET needs the session's token in the header {CSRF_HEADER}.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who asks."""

    #: As timelines show it.
    name: str
    #: Nobody else's, though names may be.
    id: str
    scopes: frozenset[Scope]
    #: What it may see of; None: every brand.
    brands: frozenset[BrandId] | None
    #: What ends its open streams.
    credential: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request of somebody who may ask it."""

    caller: Caller
    conn: Connection
    now: datetime


async def _caller_of_key(conn: Connection, presented: str, now: datetime) -> Caller:
    key = await access.key_of(conn, presented, now=now)
    if key is None:
        raise Unauthenticated("This API key is unknown, revoked or expired; use a live one.")
    credential = f"key:{key.id}"
    return Caller(name=f"key:{key.name}", id=credential, scopes=key.scopes, brands=key.brands, credential=credential)


async def _caller_of_session(conn: Connection, request: Request, token: str, now: datetime) -> Caller:
    session = await access.session_of(conn, token, now=now)
    if session is None:
        raise Unauthenticated("This session has ended; sign in again.")
    settings: Settings = request.app.state.settings
    if session.owes_second_factor(admins_need_one=settings.admin_second_factor):
        raise Forbidden("Administrators need a second factor here; set one up on the page of your account.")
    if request.method not in _SAFE_METHODS:
        presented = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(presented.encode(), session.csrf_token.encode()):
            raise Forbidden(f"The header {CSRF_HEADER} must carry the session's token; reload the page.")
    return Caller(
        name=session.user,
        id=f"user:{session.user}",
        scopes=session.role.scopes,
        brands=session.brands,
        credential=f"session:{session.id}",
    )


async def _caller(
    conn: Connection, request: Request, key: HTTPAuthorizationCredentials | None, cookie: str | None, now: datetime
) -> Caller:
    """Return who asks. A bad key is not made good by a cookie. Raises Unauthenticated or Forbidden."""
    if key is not None:
        return await _caller_of_key(conn, key.credentials, now)
    if "authorization" not in request.headers and cookie:
        return await _caller_of_session(conn, request, cookie, now)
    raise Unauthenticated("Send an API key: Authorization: Bearer earshot_…")


async def _counted(
    conn: Connection, request: Request, key: HTTPAuthorizationCredentials | None, cookie: str | None, now: datetime
) -> Caller:
    """Return who asks, and count it; of strangers, what they try from one address. Raises TooMany too."""
    allowances: Allowances = request.app.state.allowances
    try:
        caller = await _caller(conn, request, key, cookie, now)
    except Unauthenticated:
        address = request.client.host if request.client else ""
        request.scope[RATE] |= await allowances.take(conn, f"address:{address}", now)
        raise
    request.scope[RATE] |= await allowances.take(conn, caller.id, now)
    return caller


def _asking(needed: Scope) -> Callable[..., AsyncIterator[Asked]]:
    """Return the dependency that lets in who has a scope."""

    async def asked(
        request: Request,
        key: Annotated[HTTPAuthorizationCredentials | None, Security(_KEY, scopes=[needed.value])],
        cookie: Annotated[str | None, Security(_COOKIE, scopes=[])],
    ) -> AsyncIterator[Asked]:
        pool: Pool = request.app.state.pool
        async with pool.acquire(timeout=_PATIENCE_SECONDS) as conn:
            now = await clock.now(conn)
            caller = await _counted(conn, request, key, cookie, now)
            if not caller.scopes & {needed, Scope.ADMIN}:
                raise Forbidden(f"This needs a key with the scope {needed.value}.")
            refuse_unknown_parameters(request)
            await bounds.bind(conn, caller.brands)
            if request.method not in _SAFE_METHODS:
                await audit.act_as(conn, caller.name)
            yield Asked(caller=caller, conn=conn, now=now)

    return asked


# "function": the connection goes back before the answer is sent, so that a slow reader holds none.
Reading = Annotated[Asked, Depends(_asking(Scope.READ), scope="function")]
Writing = Annotated[Asked, Depends(_asking(Scope.WRITE), scope="function")]
Responding = Annotated[Asked, Depends(_asking(Scope.RESPOND), scope="function")]
Administering = Annotated[Asked, Depends(_asking(Scope.ADMIN), scope="function")]
