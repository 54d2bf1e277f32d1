"""`earshot demo`"""

import click

from service.cli.connect import run
from service.settings import Settings
from service.store import brand
from service.store.pool import Pool


@click.group("demo")
def command() -> None:
    """The fictional brand that `earshot up --demo` adds."""


@command.command("remove")
def remove() -> None:
    """Erase the demo: its brand, posts, incidents, rule and contact."""

    async def removed(_settings: Settings, pool: Pool) -> list[str]:
        async with pool.acquire() as conn, conn.transaction():
            return await brand.remove_demo(conn)

    names = run(removed)
    click.echo(f"removed {', '.join(names)}" if names else "there was no demo")
