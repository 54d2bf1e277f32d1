"""`earshot apply`"""

from pathlib import Path

import click

from collectors import registry
from service.cli.connect import run
from service.cli.main import Failure
from service.configuration import plan
from service.configuration.plan import Action, Change
from service.configuration.read import read
from service.settings import Settings
from service.store import clock
from service.store.pool import Pool

#: Kinds of which nothing is heard before their place knows our address.
_SENT = frozenset(registry.pushed()) - frozenset(registry.kinds())


def _refuse_losses(changes: list[Change], *, remove: bool) -> None:
    """Raise Failure where mentions would be lost without leave."""
    losses = [change for change in changes if change.action is Action.REMOVE and change.mentions]
    if losses and not remove:
        raise Failure(f"would {losses[0]}; put it back into the file, or add --remove to let them go")


@click.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--remove", is_flag=True, help="Let go of brands and sources that have mentions.")
def command(file: Path, *, dry_run: bool, remove: bool) -> None:
    """Make brands, sources, contacts and rules equal to FILE: all of it, or nothing."""
    wanted = read(file)

    async def applied(_settings: Settings, pool: Pool) -> list[Change]:
        async with pool.acquire() as conn, conn.transaction():
            now = await clock.now(conn)
            before = await plan.current(conn, now=now)
            changes = plan.plan(before, wanted)
            for change in changes:
                click.echo(str(change))
            _refuse_losses(changes, remove=remove)
            if not dry_run:
                await plan.apply(conn, before, wanted, changes, now=now)
            return changes

    changes = run(applied)
    done = "nothing was changed (dry run)" if dry_run else f"applied {len(changes)} changes"
    click.echo("nothing to change" if not changes else done)
    if changes and not dry_run and any(one.kind in _SENT for one in wanted.source):
        click.echo("`earshot push list` shows the addresses to give to places that send")
