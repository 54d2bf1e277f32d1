"""`earshot quarantine`"""

import click

from collectors.parsers import close_parsers
from service.cli.connect import run
from service.cli.main import Failure
from service.pipeline.read_again import read_one
from service.settings import Settings
from service.store import quarantine
from service.store.pool import Pool


@click.group("quarantine")
def command() -> None:
    """Show the items that could not be read, and read them again."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="At most so many, the newest.")
def list_items(limit: int) -> None:
    """Show what waits, the newest first: id, source, reason."""

    async def shown(_settings: Settings, pool: Pool) -> list[str]:
        async with pool.acquire() as conn:
            return [
                f"{one.id}  {one.at:%Y-%m-%d %H:%M}  {one.source}: {one.reason}"
                + ("  (read again by `earshot push replay`)" if one.pushed else "")
                for one in await quarantine.latest(conn, limit=limit)
            ]

    for line in run(shown) or ["nothing waits"]:
        click.echo(line)


@command.command("replay")
@click.argument("item", type=int)
def replay(item: int) -> None:
    """Read ITEM again now, such as after Earshot was mended or a setting corrected."""

    async def replayed(_settings: Settings, pool: Pool) -> str | None:
        try:
            async with pool.acquire() as conn, conn.transaction():
                wanted = await quarantine.claim(conn, item)
                if wanted is None:
                    raise _no_such(item)
                return await read_one(conn, wanted)
        finally:
            close_parsers()

    reason = run(replayed)
    if reason is not None:
        raise Failure(f"item {item} still cannot be read: {reason}; it waits on, `earshot quarantine drop` gives it up")
    click.echo(f"item {item} was read and is stored")


@command.command("drop")
@click.argument("item", type=int)
@click.option("--reason", default="", help="Why, for the audit log.")
def drop(item: int, reason: str) -> None:
    """Throw ITEM away for good."""

    async def dropped(_settings: Settings, pool: Pool) -> bool:
        async with pool.acquire() as conn, conn.transaction():
            return await quarantine.dismiss(conn, item, by="command line", reason=reason)

    if not run(dropped):
        raise _no_such(item)
    click.echo(f"item {item} is gone")


def _no_such(item: int) -> Failure:
    return Failure(
        f"no item {item} can be read by itself; `earshot quarantine list` names them, and what came in a delivery is "
        "read again by `earshot push replay`"
    )
