"""`earshot erase`"""

import click

from alerts.types import MentionId
from service.cli.connect import run
from service.cli.main import Failure
from service.settings import Settings
from service.store import clock, erasure
from service.store.erasure import Author, Erasure
from service.store.pool import Pool

_NOTHING = "there is no such mention, or nothing of this author at this site; nothing was erased"


@click.command("erase")
@click.option("--mention", type=click.IntRange(1, 2**63 - 1), help="One mention, by its number.")
@click.option("--site", help="Where the author writes, as mentions show it.")
@click.option("--author", help="The author's exact name, or id at the site.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(mention: int | None, site: str | None, author: str | None, yes: bool) -> None:
    """Erase for good what somebody said: a mention, or all of an author at a site."""
    wanted = _wanted(mention, site, author)

    async def counted(_settings: Settings, pool: Pool) -> int:
        async with pool.acquire() as conn:
            return await erasure.count(conn, wanted)

    async def erased(_settings: Settings, pool: Pool) -> Erasure | None:
        async with pool.acquire() as conn, conn.transaction():
            return await erasure.erase(conn, wanted, by="command line", now=await clock.now(conn))

    if not yes:
        there = run(counted)
        if not there:
            raise Failure(_NOTHING)
        if not click.confirm(f"Erase {there} mentions for good?"):
            raise Failure("nothing was erased")
    done = run(erased)
    if done is None:
        raise Failure(_NOTHING)
    click.echo(f"erased {done.items} mentions (erasure {done.id})")


def _wanted(mention: int | None, site: str | None, author: str | None) -> MentionId | Author:
    """Return what is to go. Raises UsageError."""
    if mention is not None and site is None and author is None:
        return MentionId(mention)
    if mention is None and site and author:
        return Author(site=site, author=author)
    raise click.UsageError("give either --mention, or both --site and --author")
