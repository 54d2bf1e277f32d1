"""`earshot audit`"""

from datetime import timedelta

import click
import orjson

from service.cli.connect import run
from service.cli.main import Failure
from service.pipeline.prove import prove_log
from service.settings import Settings
from service.store import audit
from service.store.audit import Deed, Proof
from service.store.pool import Pool


@click.group("audit")
def command() -> None:
    """Show who did what, and prove that nobody changed the record."""


@command.command("list")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 10_000))
def list_deeds(most: int) -> None:
    """Show the latest deeds, the last first."""

    async def found(_settings: Settings, pool: Pool) -> list[Deed]:
        async with pool.acquire() as conn:
            return await audit.newest(conn, limit=most)

    for one in run(found):
        detail = orjson.dumps(one.detail).decode()
        click.echo(
            f"{one.id:>6}  {one.at:%Y-%m-%d %H:%M:%S}Z  {one.actor}  {one.action} {one.thing} {one.thing_id}  {detail}"
        )


@command.command("verify")
@click.option("--head", help="A seal shown before: it must still be in the log.")
def verify(head: str | None) -> None:
    """Compute every seal anew; exit code 1 where one does not hold."""

    async def proved(_settings: Settings, pool: Pool) -> tuple[Proof, bool]:
        found = await prove_log(pool, anew_every=timedelta(0))
        async with pool.acquire() as conn:
            return found, head is None or await audit.holds(conn, head)

    proof, has_head = run(proved)
    if proof.broken_at is not None:
        raise Failure(f"the audit log was changed: row {proof.broken_at} is not what was written, or follows none")
    if not has_head:
        raise Failure("the audit log was cut: it holds no row with this seal")
    click.echo(f"{proof.checked} rows, all as they were written; the last seal is {proof.head.hex()}")
