"""People: who may sign in to the dashboard, what each may do, and where they are signed in."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Request, Response, status
from pydantic import Field

from alerts.types import BrandId
from service.api.access import Administering, Asked
from service.api.errors import Conflict, Invalid, NotFound
from service.api.parameters import PREFIX, Flag, Id, Page, Shape, Words
from service.settings import Settings
from service.store import access, brand, user
from service.store.access import LINK_LIFE, Role
from service.store.user import User

router = APIRouter(prefix=PREFIX, tags=["users"])
UserPath = Annotated[Id, Path(alias="id")]
Bounds = Annotated[
    list[Id] | None,
    Field(max_length=1000, description="Only these brands are seen, counted, exported and told of; null: all."),
]
_Name = Annotated[Words, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["mei"])]


class UserItem(Shape):
    """Somebody who may sign in."""

    id: int
    name: str
    role: Role = Field(
        description="viewer reads; responder also acts on incidents and corrects; analyst also changes "
        "rules, sources and brands; admin does everything."
    )
    brands: Bounds
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime | None = Field(description="Of the sessions still open.")

    @classmethod
    def of(cls, one: User) -> Self:
        """Return the shape of a user."""
        known = {name: getattr(one, name) for name in cls.model_fields}
        return cls(**{**known, "brands": None if one.brands is None else sorted(one.brands)})


class UserWanted(Shape):
    """A new user."""

    name: _Name
    role: Role = Role.VIEWER
    brands: Bounds = None


class UserChange(Shape):
    """What to change; what is left away stays."""

    role: Role | None = None
    brands: Bounds = None
    enabled: Flag | None = None


class LinkMade(Shape):
    """A way in."""

    url: str = Field(description="Shown this once.")
    expires_at: datetime


class SessionItem(Shape):
    """A signed-in browser."""

    id: int
    user: str
    created_at: datetime
    last_seen_at: datetime
    address: str | None = Field(description="Where it signed in from.")
    agent: str | None = Field(description="What the browser called itself.")


@router.get("/users", summary="List users")
async def users_list(asked: Administering) -> Page[UserItem]:
    """All in one page, by name, disabled ones too."""
    return Page(items=[UserItem.of(one) for one in await user.every(asked.conn)], next=None)


@router.post("/users", summary="Make a user", status_code=status.HTTP_201_CREATED)
async def user_add(asked: Administering, body: UserWanted) -> UserItem:
    """They come in by a link: POST /users/{id}/link."""
    bounds = await bounds_given(asked, body.brands, is_admin=body.role is Role.ADMIN)
    try:
        async with asked.conn.transaction():
            made = await user.add(asked.conn, name=body.name, role=body.role, brands=bounds, now=asked.now)
    except user.NameTaken:
        raise Invalid("name", "another user has this name; choose another") from None
    return UserItem.of(made)


@router.patch("/users/{id}", summary="Change what a user may do")
async def user_change(asked: Administering, user_id: UserPath, body: UserChange) -> UserItem:
    """Their sessions end at once, in every process. The last enabled administrator stays one."""
    try:
        async with asked.conn.transaction():
            await user.hold(asked.conn)
            await _change(asked, await _one(asked, user_id), body)
    except user.LastAdmin:
        raise Conflict("Nobody would be left who may let people in; make another administrator first.") from None
    return UserItem.of(await _one(asked, user_id))


@router.post("/users/{id}/link", summary="Make a one-time sign-in link", status_code=status.HTTP_201_CREATED)
async def user_link(asked: Administering, request: Request, user_id: UserPath) -> LinkMade:
    """Works once, within 24 hours."""
    settings: Settings = request.app.state.settings
    one = await _one(asked, user_id)
    try:
        async with asked.conn.transaction():
            token = await access.add_sign_in_link(asked.conn, user=one.name, now=asked.now)
    except access.UserDisabled:
        raise Conflict(f"User {user_id} is disabled; enable them first.") from None
    return LinkMade(url=f"{settings.public_url}/sign-in?token={token}", expires_at=asked.now + LINK_LIFE)


@router.get("/sessions", summary="List open sessions")
async def sessions_list(asked: Administering) -> Page[SessionItem]:
    """All in one page, the last seen first."""
    found = await access.sessions(asked.conn, now=asked.now)
    return Page(
        items=[SessionItem(**{name: getattr(one, name) for name in SessionItem.model_fields}) for one in found],
        next=None,
    )


@router.delete("/sessions/{id}", summary="End a session", status_code=status.HTTP_204_NO_CONTENT)
async def session_end(asked: Administering, session_id: Annotated[Id, Path(alias="id")]) -> Response:
    """At once, with its open streams, in every process."""
    async with asked.conn.transaction():
        if not await access.end_session(asked.conn, session_id):
            raise NotFound(f"There is no session {session_id}.")
    return Response(status_code=status.HTTP_204_NO_CONTENT)


async def _change(asked: Asked, before: User, body: UserChange) -> None:
    """Change what a body names. Raises Invalid or LastAdmin."""
    role = body.role or before.role
    bounds = before.brands if role is not Role.ADMIN else None
    if "brands" in body.model_fields_set:
        bounds = await bounds_given(asked, body.brands, is_admin=role is Role.ADMIN)
    enabled = before.disabled_at is None if body.enabled is None else body.enabled
    await user.change(asked.conn, before.id, role=role, brands=bounds, enabled=enabled, now=asked.now)


async def bounds_given(asked: Asked, given: list[int] | None, *, is_admin: bool) -> frozenset[BrandId] | None:
    """Return the brands somebody is to be bound to; None: to none. Raises Invalid."""
    if given is None:
        return None
    if is_admin:
        raise Invalid("brands", "cannot bind an administrator, who could lift it; leave it away, or take another role")
    unknown = set(given) - {one.id for one in await brand.every(asked.conn)}
    if unknown:
        raise Invalid("brands", f"there is no brand {min(unknown)}; GET /api/v1/brands lists them")
    return frozenset(BrandId(one) for one in given)


async def _one(asked: Asked, user_id: int) -> User:
    found = await user.get(asked.conn, user_id)
    if found is None:
        raise NotFound(f"There is no user {user_id}.")
    return found
