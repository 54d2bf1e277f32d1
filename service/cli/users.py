"""`earshot users`"""

import secrets
from collections.abc import Awaitable, Callable

import click

from alerts.types import BrandId
from service import passwords
from service.cli.connect import run
from service.cli.main import Failure
from service.cli.names import bounds_of, bounds_shown, some_name
from service.settings import Settings
from service.store import access, brand, clock, second_factor, user
from service.store.access import Role
from service.store.pool import Connection, Pool
from service.store.user import User

_ROLE = click.Choice([role.value for role in Role])


@click.group("users")
def command() -> None:
    """Let people into the dashboard, and say what each may do."""


@command.command("list")
def list_users() -> None:
    """Show everybody, with role and brands."""

    async def listed(_settings: Settings, pool: Pool) -> tuple[list[User], dict[BrandId, str]]:
        async with pool.acquire() as conn:
            return await user.every(conn), {one.id: one.name for one in await brand.every(conn)}

    found, names = run(listed)
    for one in found:
        state = "disabled" if one.disabled_at else "password" if one.has_password else "by link only"
        state += " + code" if one.has_second_factor else ""
        click.echo(f"{one.role:<10} {state:<19} {one.name}  ({bounds_shown(one.brands, names)})")


@command.command("add")
@click.argument("name", callback=some_name)
@click.option("--role", default=Role.VIEWER.value, type=_ROLE, show_default=True)
@click.option("--brand", "brands", multiple=True, help="Only this brand (name); may be given several times.")
def add(name: str, role: str, brands: tuple[str, ...]) -> None:
    """Make a user and show a sign-in link for them."""

    async def added(settings: Settings, pool: Pool) -> str:
        async with pool.acquire() as conn, conn.transaction():
            now = await clock.now(conn)
            bounds = await bounds_of(conn, brands, is_admin=role == Role.ADMIN)
            try:
                await user.add(conn, name=name, role=Role(role), brands=bounds, now=now)
            except user.NameTaken:
                raise Failure(f"there is a user {name!r} already; `earshot users change` changes them") from None
            return await _link(settings, conn, name)

    click.echo(run(added))


@command.command("change")
@click.argument("name", callback=some_name)
@click.option("--role", type=_ROLE)
@click.option("--brand", "brands", multiple=True, help="Only this brand (name); may be given several times.")
@click.option("--all-brands", is_flag=True, help="No bounds any more.")
def change(name: str, role: str | None, brands: tuple[str, ...], all_brands: bool) -> None:
    """Give a user another role or other brands; they sign in again."""

    async def changed(conn: Connection, one: User) -> None:
        wanted = Role(role) if role else one.role
        bounds = await bounds_of(conn, brands, is_admin=wanted is Role.ADMIN)
        if bounds is None and not all_brands and wanted is not Role.ADMIN:
            bounds = one.brands
        enabled, now = one.disabled_at is None, await clock.now(conn)
        await user.change(conn, one.id, role=wanted, brands=bounds, enabled=enabled, now=now)

    _with_user(name, changed)
    click.echo(f"changed {name}")


@command.command("passwd")
@click.argument("name", callback=some_name)
@click.option("--generate", is_flag=True, help="Make one and show it, once.")
def passwd(name: str, generate: bool) -> None:
    """Give a user a new password; every session of theirs ends."""
    password = secrets.token_urlsafe(18) if generate else click.prompt("Password", hide_input=True)
    if passwords.is_weak(password, name=name):
        raise Failure(f"the password is too weak; take {passwords.FEWEST} to {passwords.MOST} characters, not the name")
    kept = passwords.hashed(password)

    async def changed(conn: Connection, one: User) -> None:
        await user.set_password(conn, one.id, kept)

    _with_user(name, changed)
    click.echo(password if generate else f"changed the password of {name}")


@command.command("reset-second-factor")
@click.argument("name", callback=some_name)
def reset_second_factor(name: str) -> None:
    """Take the second factor of somebody who lost it away; their password, or a link, lets them in again."""

    async def reset(conn: Connection, one: User) -> None:
        if not await second_factor.remove(conn, one.id):
            raise Failure(f"{name!r} has no second factor")

    _with_user(name, reset)
    click.echo(f"{name} signs in without a second factor now, and may set up another on the page of their account")


@command.command("disable")
@click.argument("name", callback=some_name)
def disable(name: str) -> None:
    """Keep a user out from now on; every session of theirs ends."""
    _switch(name, enabled=False)
    click.echo(f"disabled {name}")


@command.command("enable")
@click.argument("name", callback=some_name)
def enable(name: str) -> None:
    """Let a disabled user in again."""
    _switch(name, enabled=True)
    click.echo(f"enabled {name}")


@command.command("link")
@click.argument("name", callback=some_name)
def link(name: str) -> None:
    """Show a sign-in link for NAME that works once, within a day, without password and second factor: the way back in.
    Somebody new becomes an administrator."""

    async def made(settings: Settings, pool: Pool) -> str:
        async with pool.acquire() as conn, conn.transaction():
            return await _link(settings, conn, name)

    click.echo(run(made))


async def _link(settings: Settings, conn: Connection, name: str) -> str:
    try:
        token = await access.add_sign_in_link(conn, user=name, now=await clock.now(conn))
    except access.UserDisabled:
        raise Failure(f"{name!r} is disabled; `earshot users enable` lets them in again") from None
    return f"{settings.public_url}/sign-in?token={token}"


def _switch(name: str, *, enabled: bool) -> None:
    async def switched(conn: Connection, one: User) -> None:
        now = await clock.now(conn)
        await user.change(conn, one.id, role=one.role, brands=one.brands, enabled=enabled, now=now)

    _with_user(name, switched)


def _with_user(name: str, act: Callable[[Connection, User], Awaitable[None]]) -> None:
    """Do something with a user, in one transaction. Raises Failure."""

    async def acted(_settings: Settings, pool: Pool) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await user.hold(conn)
            one = await user.named(conn, name)
            if one is None:
                raise Failure(f"there is no user {name!r}; `earshot users list` shows them")
            try:
                await act(conn, one)
            except user.LastAdmin:
                raise Failure("nobody would be left who may let people in; make another administrator first") from None

    run(acted)
