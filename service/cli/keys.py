"""`earshot keys`"""

from datetime import timedelta

import click

from alerts.types import BrandId
from service.cli.connect import run
from service.cli.main import Failure
from service.cli.names import bounds_of, bounds_shown, some_name
from service.settings import Settings
from service.store import access, brand, clock
from service.store.access import Scope
from service.store.pool import Pool


@click.group("keys")
def command() -> None:
    """List, add and revoke API keys."""


@command.command("list")
def list_keys() -> None:
    """Show every key with its scopes and brands, without its secret."""

    async def listed(_settings: Settings, pool: Pool) -> tuple[list[access.ApiKey], dict[BrandId, str]]:
        async with pool.acquire() as conn:
            return await access.keys(conn), {one.id: one.name for one in await brand.every(conn)}

    found, names = run(listed)
    for key in found:
        state = "revoked" if key.revoked_at else f"expires {key.expires_at:%Y-%m-%d}" if key.expires_at else "live"
        scopes = ",".join(sorted(key.scopes))
        click.echo(f"{key.id}  {state:<18} {scopes:<24} {key.name}  ({bounds_shown(key.brands, names)})")


@command.command("add")
@click.argument("name", callback=some_name)
@click.option("--scope", "scopes", multiple=True, default=["read"], type=click.Choice([scope.value for scope in Scope]))
@click.option("--brand", "brands", multiple=True, help="Only this brand (name); may be given several times.")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires; for ever without.")
def add(name: str, scopes: tuple[str, ...], brands: tuple[str, ...], days: int | None) -> None:
    """Make a key and show it, once."""

    async def added(_settings: Settings, pool: Pool) -> str:
        async with pool.acquire() as conn, conn.transaction():
            now = await clock.now(conn)
            expires_at = None if days is None else now + timedelta(days=days)
            bounds = await bounds_of(conn, brands, is_admin=Scope.ADMIN in scopes)
            return await access.add_key(
                conn, name=name, scopes=[Scope(one) for one in scopes], now=now, expires_at=expires_at, brands=bounds
            )

    click.echo(run(added))


@command.command("rotate")
@click.argument("key_id")
def rotate(key_id: str) -> None:
    """Give a key a new secret and show it, once; the one before is taken for another day."""

    async def rotated(_settings: Settings, pool: Pool) -> str | None:
        async with pool.acquire() as conn, conn.transaction():
            return await access.rotate_key(conn, key_id, now=await clock.now(conn))

    shown = run(rotated)
    if shown is None:
        raise Failure(f"there is no live key {key_id!r}; `earshot keys list` shows them")
    click.echo(shown)


@command.command("revoke")
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End a key now."""

    async def revoked(_settings: Settings, pool: Pool) -> bool:
        async with pool.acquire() as conn, conn.transaction():
            return await access.revoke_key(conn, key_id, now=await clock.now(conn))

    if not run(revoked):
        raise Failure(f"there is no live key {key_id!r}; `earshot keys list` shows them")
    click.echo(f"revoked {key_id}")
