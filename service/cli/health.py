"""`earshot health`: what a container's health check runs. Silent where all is well, else one line."""

import asyncio
from datetime import timedelta
from http.client import HTTPException
from urllib.request import urlopen

import click

from service.cli.main import Failure
from service.settings import Settings, read_settings
from service.store import clock, component
from service.store.pool import open_pool

#: A worker says that it lives every few seconds; this long without a word, and it hangs.
_SILENCE = timedelta(seconds=60)
_PATIENCE = 4.0


def _check_serve(settings: Settings) -> None:
    """Ask the server of this machine. Raises Failure."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  # compared, not bound
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/healthz"
    try:
        urlopen(address, timeout=_PATIENCE).close()  # an address of our own making
    except (OSError, HTTPException) as error:
        raise Failure(f"{address} does not answer: {error}; is `earshot serve` running?") from error


async def _check_work(settings: Settings) -> None:
    """Look for a recent word of a worker. Raises Failure, StoreError."""
    if settings.database_url is None:
        raise Failure("health of `work` is asked of a database of your own: set EARSHOT_DATABASE_URL")
    pool = await open_pool(settings.database_url)
    try:
        async with pool.acquire() as conn:
            now = await clock.now(conn)
            workers = [part for part in await component.every(conn) if part.name.startswith("worker.")]
    finally:
        pool.terminate()
    if not any(now - part.beat_at < _SILENCE for part in workers):
        raise Failure(f"no worker said anything for {_SILENCE.seconds} seconds; is `earshot work` running?")


@click.command("health")
@click.argument("part", type=click.Choice(["serve", "work"]), default="serve")
def command(part: str) -> None:
    """Exit with 0 where PART (serve, work) is alive, for a container's health check."""
    settings = read_settings()
    if part == "serve":
        _check_serve(settings)
    else:
        asyncio.run(asyncio.wait_for(_check_work(settings), _PATIENCE))
