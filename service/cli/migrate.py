"""`earshot migrate`"""

import asyncio

import click

from service import database
from service.cli.connect import reachable_database
from service.settings import read_settings
from service.store.migrate import migrate
from service.store.pool import open_pool


async def _migrate() -> list[str]:
    pool = await open_pool(await reachable_database(read_settings()), size=1)
    try:
        async with pool.acquire() as conn:
            return await migrate(conn)
    finally:
        pool.terminate()


@click.command("migrate")
def command() -> None:
    """Bring the database to this program's schema. Safe to run again, and from several machines at once."""
    settings = read_settings()
    folder = database.server_folder(settings.data_dir)
    started_here = settings.database_url is None and database.running_pid(folder) is None
    try:
        for name in asyncio.run(_migrate()):
            click.echo(f"applied {name}")
        click.echo("the schema is current")
    finally:
        if started_here:
            database.stop(folder)
