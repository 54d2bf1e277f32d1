"""Settings: who may sign in and do what."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import BrandId
from service.store import access, brand, second_factor, user
from service.store.access import Role
from service.store.search import storable
from service.store.user import User
from service.web import render, wording
from service.web.mention_query import number
from service.web.visit import Administering, PageRoute, Visit, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_MOST_NAME = 200


@router.get("/settings/users")
async def listed(visit: Administering) -> Response:
    """Return everybody, each with a form."""
    return await _page(visit)


@router.post("/settings/users")
async def add(visit: Administering) -> Response:
    """Make a user and show their link, or say what is wrong."""
    form, _ = await visit.form(), visit.reader.words.gettext
    name, role = " ".join(storable(form.get("name", "")).split())[:_MOST_NAME], _role(form)
    if not name:
        return await _page(visit, wrong=_("Give them a name."))
    try:
        async with visit.conn.transaction():
            bounds = await _bounds(visit, form, role)
            await user.add(visit.conn, name=name, role=role, brands=bounds, now=visit.reader.now)
            token = await access.add_sign_in_link(visit.conn, user=name, now=visit.reader.now)
    except user.NameTaken:
        return await _page(visit, wrong=_("Somebody else has this name; choose another."))
    return await _page(visit, link=f"{visit.settings.public_url}/sign-in?token={token}", of=name)


@router.post("/settings/users/{user_id}")
async def change(visit: Administering, user_id: str) -> Response:
    """Change what somebody may do, make a link for them, or take a lost second factor away. Raises Missing."""
    form, _ = await visit.form(), visit.reader.words.gettext
    one = await _one(visit, user_id)
    if form.get("do") == "link" and one.disabled_at is None:
        async with visit.conn.transaction():
            token = await access.add_sign_in_link(visit.conn, user=one.name, now=visit.reader.now)
        return await _page(visit, link=f"{visit.settings.public_url}/sign-in?token={token}", of=one.name)
    if form.get("do") == "reset":
        async with visit.conn.transaction():
            await second_factor.remove(visit.conn, one.id)
        return render.moved("/settings/users")
    role = _role(form)
    try:
        async with visit.conn.transaction():
            await user.change(
                visit.conn,
                one.id,
                role=role,
                brands=await _bounds(visit, form, role, before=one.brands),
                enabled=form.get("enabled") == "1",
                now=visit.reader.now,
            )
    except user.LastAdmin:
        return await _page(visit, wrong=_("Nobody would be left who may let people in."))
    return render.moved("/settings/users")


def _role(form: Mapping[str, str]) -> Role:
    return next((role for role in Role if role == form.get("role")), Role.VIEWER)


async def _bounds(
    visit: Visit, form: Mapping[str, str], role: Role, *, before: frozenset[BrandId] | None = None
) -> frozenset[BrandId] | None:
    """Return the ticked brands; None, for all, where none is ticked or the role has no bounds. Bounds whose brands are
    all gone cannot be ticked, and stay."""
    known = {one.id for one in await brand.every(visit.conn)}
    ticked = frozenset(one for one in known if form.get(f"brand_{one}"))
    if role is Role.ADMIN:
        return None
    if before is not None and not before & known:
        return ticked or before
    return ticked or None


async def _one(visit: Visit, user_id: str) -> User:
    return or_missing(await user.get(visit.conn, or_missing(number(user_id))))


async def _page(visit: Visit, *, wrong: str = "", link: str = "", of: str = "") -> Response:
    return visit.page(
        "users.html",
        status=422 if wrong else 200,
        here="users",
        users=await user.every(visit.conn),
        brands=await brand.every(visit.conn),
        roles=wording.roles(visit.reader),
        wrong=wrong,
        link=link,
        of=of,
    )
