"""`earshot push`"""

import click

from service.cli.connect import run
from service.cli.main import Failure
from service.settings import Settings
from service.store import clock, inlet, push
from service.store.inlet import Inlet
from service.store.pool import Connection, Pool


@click.group("push")
def command() -> None:
    """Show and renew the addresses that places send to, and read again what could not be read."""


def _shown(one: Inlet) -> str:
    return f"{one.brand}: {one.name}" if one.brand else one.name


async def _named(conn: Connection, name: str) -> Inlet:
    """Return the address of the source of this name. Raises Failure."""
    every = await inlet.every(conn)
    found = [one for one in every if name in (_shown(one), one.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Failure(f"several sources are named {name!r}; write one of {', '.join(map(_shown, found))}")
    known = ", ".join(map(_shown, every)) or "none yet: apply one of the kind webhook or line"
    raise Failure(f"no source named {name!r} is sent to; there are {known}")


@command.command("list")
def list_addresses() -> None:
    """Show every address, and what waits there."""

    async def shown(settings: Settings, pool: Pool) -> list[str]:
        async with pool.acquire() as conn:
            lines = []
            for one in await inlet.every(conn):
                kept = await push.backlog(conn, one.source_id)
                lines.append(f"{_shown(one)} ({one.kind}): {settings.hooks_url}/{one.key}")
                if kept.set_aside:
                    lines.append(f"    {kept.set_aside} deliveries could not be read, the last: {kept.reason}")
            return lines

    for line in run(shown) or ["no source is sent to"]:
        click.echo(line)


@command.command("new-address")
@click.argument("source")
def new_address(source: str) -> None:
    """Give SOURCE another address; the one before leads nowhere from now on."""

    async def renewed(settings: Settings, pool: Pool) -> str:
        async with pool.acquire() as conn, conn.transaction():
            one = await _named(conn, source)
            await inlet.renew_key(conn, one.source_id)
            return f"{settings.hooks_url}/{(await _named(conn, source)).key}"

    click.echo(run(renewed))


@command.command("new-secret")
@click.argument("source")
def new_secret(source: str) -> None:
    """Make a secret for the sender of SOURCE to sign with, and show it once."""

    async def renewed(_settings: Settings, pool: Pool) -> str:
        async with pool.acquire() as conn, conn.transaction():
            return await inlet.renew_secret(conn, (await _named(conn, source)).source_id)

    click.echo(run(renewed))


@command.command("replay")
@click.argument("source")
def replay(source: str) -> None:
    """Read again what could not be read of SOURCE, such as after its mapping was corrected."""

    async def replayed(_settings: Settings, pool: Pool) -> int:
        async with pool.acquire() as conn, conn.transaction():
            one = await _named(conn, source)
            return await push.replay(conn, one.source_id, now=await clock.now(conn))

    click.echo(f"{run(replayed)} deliveries will be read again")
