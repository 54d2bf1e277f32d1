"""`earshot users`"""

import click

from service.cli.connect import run
from service.cli.names import some_name
from service.settings import Settings
from service.store import access, clock
from service.store.pool import Pool


@click.group("users")
def command() -> None:
    """Let people into the dashboard."""


@command.command("link")
@click.argument("name", callback=some_name)
def link(name: str) -> None:
    """Show a sign-in link for NAME that works once, within a day."""

    async def made(settings: Settings, pool: Pool) -> str:
        async with pool.acquire() as conn, conn.transaction():
            token = await access.add_sign_in_link(conn, user=name, now=await clock.now(conn))
        return f"{settings.public_url}/sign-in?token={token}"

    click.echo(run(made))
