"""`earshot canary`: one complaint of our own, followed to the mail server."""

import asyncio
from datetime import timedelta

import click

from service.cli.connect import run
from service.cli.main import Failure
from service.pipeline.canary import OVERDUE, held_up, let_go
from service.settings import Settings
from service.store import canary
from service.store.canary import Canary, CanaryId
from service.store.pool import Pool

#: Seconds between two looks.
_LOOK_EVERY = 0.5


@click.command()
@click.option(
    "--within",
    type=click.IntRange(min=1),
    default=round(OVERDUE.total_seconds()),
    show_default=True,
    help="Seconds it may take.",
)
def command(within: int) -> None:
    """Let a canary go and wait until the mail server took it; exit code 1 where it does not."""

    async def followed(settings: Settings, pool: Pool) -> Canary:
        mailbox = settings.canary_contact
        if mailbox is None:
            raise Failure("no mailbox is set for canaries; name a contact in EARSHOT_CANARY_CONTACT")
        canary_id = await let_go(pool, mailbox=mailbox)
        if canary_id is None:
            raise Failure(f"there is no contact named {mailbox!r}; describe it in earshot.toml and apply")
        return await _followed(pool, canary_id, within=timedelta(seconds=within))

    arrived = run(followed)
    if arrived.took is None:
        raise Failure(f"the canary did not arrive within {within} s: {held_up(arrived)}; `earshot doctor` says more")
    click.echo(f"accepted by the mail server after {arrived.took.total_seconds():.1f} s")


async def _followed(pool: Pool, canary_id: CanaryId, *, within: timedelta) -> Canary:
    """Return it as it is once it arrived, cannot any more, or its time is over."""
    end = asyncio.get_running_loop().time() + within.total_seconds()
    while True:
        async with pool.acquire() as conn:
            found = await canary.get(conn, canary_id)
        if found is None:
            raise Failure("the canary's contact was removed meanwhile")
        if not found.under_way or asyncio.get_running_loop().time() >= end:
            return found
        await asyncio.sleep(_LOOK_EVERY)
