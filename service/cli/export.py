"""`earshot export`"""

import click

from service.cli.connect import run
from service.configuration import plan
from service.configuration.write import written
from service.settings import Settings
from service.store import clock
from service.store.pool import Pool


@click.command("export")
def command() -> None:
    """Print brands, sources, contacts and rules in the form that `earshot apply` reads."""

    async def exported(_settings: Settings, pool: Pool) -> str:
        async with pool.acquire() as conn:
            return written((await plan.current(conn, now=await clock.now(conn))).configuration)

    found = run(exported)
    if not found:
        click.echo("there is nothing of yours to export yet", err=True)
    click.echo(found, nl=False)
