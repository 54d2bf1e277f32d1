"""`earshot up`: Postgres, API and dashboard, and a worker, looked after by one process."""

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import aiohttp
import click

from service import database
from service.cli.connect import reachable_database
from service.cli.main import Failure
from service.cli.ports import check_port_is_free
from service.demo import feeds, seed
from service.logs import set_up_logs
from service.settings import Settings, read_settings
from service.store import access, clock, component
from service.store.access import Scope
from service.store.migrate import migrate
from service.store.pool import Pool, open_pool

#: A child that dies is started again after a pause that doubles up to the second number; seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
#: How long children may take to end; with Postgres' own time it stays below 15 s.
_PATIENCE = 11.0
_READY_WITHIN = 120.0
_LOOK_EVERY = 1.0
_USER = "admin"


class Child:
    """One process of the program, started again whenever it dies."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def keep_running(self) -> None:
        """Start the process, and start it again whenever it ends."""
        pause = _FIRST_PAUSE
        while True:
            started = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "service.cli",
                *self._arguments,
                "--with-parent",
                stdin=asyncio.subprocess.PIPE,
                env=dict(self._environment),
                # Ctrl-C reaches the parent only, which ends its children in order.
                start_new_session=True,
            )
            code = await self._process.wait()
            pause = _FIRST_PAUSE if time.monotonic() - started > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            click.echo(f"earshot {self._arguments[0]} ended with code {code}; starting it again", err=True)
            await asyncio.sleep(pause)

    async def end(self) -> None:
        """Ask the process to end, and end it if it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def _prepare(pool: Pool) -> tuple[str | None, str]:
    """Migrate; return a first admin key, if there was none, and a sign-in token."""
    async with pool.acquire() as conn:
        await migrate(conn)
        async with conn.transaction():
            now = await clock.now(conn)
            key = None
            if await access.is_new(conn):
                key = await access.add_key(conn, name="first admin key", scopes=[Scope.ADMIN], now=now)
            return key, await access.add_sign_in_link(conn, user=_USER, now=now)


async def _seed(stack: AsyncExitStack, pool: Pool) -> None:
    """Serve the demo's feeds and listen to them."""
    async with pool.acquire() as conn:
        started_at = await seed.started_at(conn) or await clock.now(conn)
    url = await stack.enter_async_context(feeds.serving(started_at))
    async with pool.acquire() as conn, conn.transaction():
        await seed.seed(conn, feeds_url=url, now=started_at)


async def _keep_database(folder: Path) -> None:
    """Start the embedded Postgres again whenever it dies."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        if database.running_pid(folder) is None:
            click.echo("the embedded Postgres died; starting it again", err=True)
            try:
                await asyncio.to_thread(database.ensure_running, folder)
            except database.DatabaseError as error:
                click.echo(f"earshot: {error}", err=True)


async def _wait_until_ready(settings: Settings) -> None:
    """Return once the program answers. Raises Failure."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    end = time.monotonic() + _READY_WITHIN
    said = "no answer"
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < end:
            try:
                async with session.get(f"http://{host}:{settings.port}/readyz") as answer:
                    if answer.status == 200:
                        return
                    said = (await answer.text())[:300]
            except aiohttp.ClientError as error:
                said = str(error)
            await asyncio.sleep(0.1)
    raise Failure(f"not ready after {_READY_WITHIN:.0f} s ({said}); the log above says why")


async def _mail_trouble(pool: Pool) -> str | None:
    """Return what keeps e-mails from leaving, once the worker has looked."""
    async with pool.acquire() as conn:
        smtp = next((part for part in await component.every(conn) if part.name == "smtp"), None)
    return None if smtp is None or smtp.healthy else smtp.detail


def _greet(settings: Settings, key: str | None, token: str, mail_trouble: str | None) -> None:
    click.echo("\nEarshot is ready. Sign in with this link (it works once, within a day):\n")
    click.echo(f"    {settings.public_url}/sign-in?token={token}\n")
    if key is not None:
        click.echo(f"Admin API key, shown only now:\n\n    {key}\n")
    if settings.smtp_url is None:
        click.echo("No mail server is set (EARSHOT_SMTP_URL): e-mails wait in the dashboard's outbox.")
    elif mail_trouble is not None:
        click.echo(f"E-mails cannot leave yet ({mail_trouble}); they wait in the outbox and leave when it is back.")
    click.echo("Stop with Ctrl-C.")


async def _up(settings: Settings, *, demo: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for received in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(received, stopped.set)
    url = await reachable_database(settings)
    environment = {**os.environ, "EARSHOT_DATABASE_URL": url, "EARSHOT_DATA_DIR": str(settings.data_dir.resolve())}
    environment.pop("EARSHOT_DATABASE_URL_FILE", None)
    async with AsyncExitStack() as stack:
        pool = await open_pool(url, size=2)
        stack.callback(pool.terminate)
        key, token = await _prepare(pool)
        if demo:
            await _seed(stack, pool)
        children = [Child([name], environment) for name in ("serve", "work")]
        keeping = [asyncio.create_task(child.keep_running()) for child in children]
        if settings.database_url is None:
            keeping.append(asyncio.create_task(_keep_database(database.server_folder(settings.data_dir))))
        stopping = asyncio.create_task(stopped.wait())
        ready = asyncio.create_task(_wait_until_ready(settings))
        try:
            await asyncio.wait([stopping, ready], return_when=asyncio.FIRST_COMPLETED)
            if not stopping.done():
                await ready
                _greet(settings, key, token, await _mail_trouble(pool))
                sys.stdout.flush()
            await stopping
        finally:
            for task in (*keeping, ready, stopping):
                task.cancel()
            await asyncio.gather(*(child.end() for child in children))


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: two programs on one embedded Postgres would stop it under each other. Raises Failure."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "up.lock").open("w")
    except OSError as error:
        raise Failure(
            f"cannot write to the data folder {str(data_dir)!r} ({error.strerror}); "
            "make it writable or set EARSHOT_DATA_DIR to one that is"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(f"`earshot up` runs already with the data folder {str(data_dir)!r}; stop it first") from None
        yield


@click.command("up")
@click.option("--demo", is_flag=True, help="Add a fictional brand whose posts appear while you watch.")
def command(*, demo: bool) -> None:
    """Start everything: Postgres (unless EARSHOT_DATABASE_URL is set), API, dashboard and a worker."""
    settings = read_settings()
    set_up_logs(settings.log_level)
    check_port_is_free(settings.host, settings.port)
    if settings.database_url is not None:
        asyncio.run(_up(settings, demo=demo))
        return
    with _alone(settings.data_dir):
        try:
            asyncio.run(_up(settings, demo=demo))
        finally:
            database.stop(database.server_folder(settings.data_dir))
