"""Coming in by a provider of identities (OpenID Connect): to its page, and back with its word for who somebody is."""

import hmac
import logging

from fastapi import APIRouter
from starlette.responses import Response

from service.openid.identity import Identity, NotBelieved
from service.openid.provider import Provider, ProviderDown
from service.store import audit, identity, user
from service.store.access import Role
from service.store.identity import PATIENCE
from service.store.search import storable
from service.store.user import User
from service.web import render
from service.web.entering import door, entered, new_session
from service.web.visit import Anyone, PageRoute, Visit, or_missing, set_cookie

log = logging.getLogger(__name__)

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: Who begins must be who comes back: nobody signs another in as themselves.
_STATE_COOKIE = "earshot_state"
_MOST_NAME = 200


@router.get("/sign-in/provider")
async def begin(visit: Anyone) -> Response:
    """Send the browser to the provider. Raises Missing where there is none."""
    provider = _provider(visit)
    try:
        begun = await provider.begin(now=visit.reader.now)
    except ProviderDown as error:
        return _down(visit, error)
    await identity.begin(
        visit.conn, state=begun.state, nonce=begun.nonce, verifier=begun.verifier, now=visit.reader.now
    )
    sent = render.moved(begun.url)
    set_cookie(visit.request, sent, _STATE_COOKIE, begun.state, int(PATIENCE.total_seconds()))
    return sent


@router.get("/sign-in/provider/back")
async def finish(visit: Anyone) -> Response:
    """Let in whom the provider vouches for, once for each time that we sent somebody. Raises Missing."""
    provider, query, now = _provider(visit), visit.request.query_params, visit.reader.now
    state, kept = query.get("state", ""), visit.request.cookies.get(_STATE_COOKIE, "")
    is_same = bool(kept) and hmac.compare_digest(state.encode("utf-8", "replace"), kept.encode("utf-8", "replace"))
    begun = await identity.take(visit.conn, state, now=now) if is_same else None
    if begun is None or ("iss" in query and not provider.is_issuer(query["iss"])):
        return door(visit, status=403, wrong="stale")
    if "code" not in query:
        log.warning("provider.refused", extra={"reason": storable(query.get("error", ""))[:100]})
        return door(visit, status=403, wrong="denied")
    try:
        vouched = await provider.identify(query["code"], nonce=begun.nonce, verifier=begun.verifier, now=now)
    except ProviderDown as error:
        return _down(visit, error)
    except NotBelieved as error:
        log.warning("provider.not_believed", extra={"reason": str(error)})
        return door(visit, status=403, wrong="unproven")
    return await _let_in(visit, vouched)


def _provider(visit: Visit) -> Provider:
    found: Provider | None = visit.request.app.state.provider
    return or_missing(found)


def _down(visit: Visit, error: ProviderDown) -> Response:
    log.warning("provider.down", extra={"reason": str(error)})
    return door(visit, status=503, wrong="down")


async def _let_in(visit: Visit, vouched: Identity) -> Response:
    """Return the way on for somebody who is a user, or becomes one; what keeps others out is logged."""
    role = _role(visit, vouched)
    if role is None or not _is_of_ours(visit, vouched.email):
        log.warning("provider.stranger", extra={"subject": vouched.subject})
        return door(visit, status=403, wrong="stranger")
    await audit.act_as(visit.conn, vouched.email)
    async with visit.conn.transaction():
        await user.hold(visit.conn)
        one = await _user(visit, vouched, role)
        if one is None or one.disabled_at is not None:
            log.warning("provider.no_user", extra={"subject": vouched.subject})
            return door(visit, status=403, wrong="taken" if one is None else "stranger")
        await _give(visit, one, role)
        session = await new_session(visit, one.id, by_provider=True)
    answer = entered(visit, session)
    answer.delete_cookie(_STATE_COOKIE, path="/")
    return answer


async def _user(visit: Visit, vouched: Identity, role: Role) -> User | None:
    """Return the user whom the provider knows, or a new one; None where somebody else has the name."""
    known = await identity.user_of(visit.conn, vouched.issuer, vouched.subject)
    if known is not None:
        return await user.get(visit.conn, known)
    name = vouched.email[:_MOST_NAME]
    one = await user.named(visit.conn, name)
    if one is not None and not visit.settings.oidc_link_by_email:
        return None
    if one is None:
        one = await user.add(visit.conn, name=name, role=role, now=visit.reader.now)
    await identity.link(visit.conn, one.id, issuer=vouched.issuer, subject=vouched.subject, now=visit.reader.now)
    return one


async def _give(visit: Visit, one: User, role: Role) -> None:
    """Give a user the role that the provider's claim says today, where one says so."""
    if visit.settings.oidc_role_claim is None or one.role is role:
        return
    brands = None if role is Role.ADMIN else one.brands
    try:
        async with visit.conn.transaction():
            await user.change(visit.conn, one.id, role=role, brands=brands, enabled=True, now=visit.reader.now)
    except user.LastAdmin:
        log.warning("provider.last_administrator", extra={"user_id": one.id, "role": role})


def _role(visit: Visit, vouched: Identity) -> Role | None:
    """Return the highest role that the claim gives, or that of everybody else; None where they get none."""
    given = {role for group, role in visit.settings.oidc_roles if group in vouched.groups}
    highest = next((role for role in reversed(Role) if role in given), None)
    default = visit.settings.oidc_default_role
    return highest or (None if default == "none" else Role(default))


def _is_of_ours(visit: Visit, email: str) -> bool:
    domains = visit.settings.oidc_domains
    return "*" in domains or email.rpartition("@")[2] in domains
