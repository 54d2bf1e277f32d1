"""`earshot doctor`"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
import orjson

from alerts import brands, escalation
from alerts.errors import BrandError
from alerts.escalation import Weakness
from alerts.types import NotificationState
from collectors import registry
from collectors.kinds import Tried
from service import database
from service.settings import Settings, read_settings
from service.store import (
    bounce,
    bounds,
    brand,
    canary,
    clock,
    component,
    contact,
    inlet,
    invariant,
    notification,
    policy,
    rule,
    schedule,
    source,
)
from service.store.migrate import is_current
from service.store.pool import Pool, knows_letters, open_pool, wait_until_reachable
from service.store.source import SourceHealth

#: Less free space than this is not enough for a week of busy sources.
_LEAST_FREE_BYTES = 1 << 30
_MOST_SKEW = timedelta(seconds=5)
_STALE_BEAT = timedelta(seconds=60)
#: Of things of one sort, in one line.
_MOST_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    #: How it is; where it is not well: what to do.
    detail: str


def _well(what: str, detail: str) -> Finding:
    return Finding(what=what, ok=True, detail=detail)


def _ill(what: str, detail: str) -> Finding:
    return Finding(what=what, ok=False, detail=detail)


def check_disk(settings: Settings) -> Finding:
    """Look at the free space of the data folder."""
    folder = settings.data_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    shown = f"{free / (1 << 30):.1f} GB free at {folder}"
    return _well("disk", shown) if free >= _LEAST_FREE_BYTES else _ill("disk", f"{shown}; make room")


def check_model(settings: Settings) -> Finding:
    """Load the analyser and let it judge one text."""
    from analysis.errors import AnalysisError  # noqa: PLC0415  # loading is what is checked
    from analysis.registry import analyser  # noqa: PLC0415

    try:
        judge = analyser(settings.analyser, labels=settings.hub_labels, download=settings.hub_download)
        judge.analyse(["傻眼，這什麼爛服務！"])
    except AnalysisError as error:
        return _ill("model", str(error))
    return _well("model", judge.model)


async def check_mail(settings: Settings) -> Finding:
    """Talk to the mail server as far as a message would."""
    from service.pipeline.deliver import email_channel  # noqa: PLC0415

    channel = email_channel(settings)
    if channel is None:
        return _ill("mail", "no mail server is set: e-mails wait in the outbox; set EARSHOT_SMTP_URL")
    health = await channel.verify()
    return Finding(what="mail", ok=health.ok, detail=health.detail)


async def check_schema(pool: Pool) -> Finding:
    """Compare the schema with the one this program needs."""
    async with pool.acquire() as conn:
        if await is_current(conn):
            return _well("schema", "current")
    return _ill("schema", "not the one this program needs; run `earshot migrate`")


async def check_locale(pool: Pool) -> Finding:
    """See whether the database tells Chinese and Thai letters from signs."""
    async with pool.acquire() as conn:
        if await knows_letters(conn):
            return _well("locale", "Chinese and Thai letters are letters")
    return _ill("locale", "the database's LC_CTYPE is C; create it with an UTF-8 one, such as C.UTF-8")


async def check_clock(pool: Pool) -> Finding:
    """Compare our clock with the database's, which decides."""
    async with pool.acquire() as conn:
        skew = abs(datetime.now(UTC) - await clock.now(conn))
    shown = f"{skew.total_seconds():.1f} s from the database's"
    return _well("clock", shown) if skew <= _MOST_SKEW else _ill("clock", f"{shown}; let NTP set both")


async def check_worker(pool: Pool) -> Finding:
    """See whether a worker lives."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        beats = [one for one in await component.every(conn) if one.name.startswith("worker.")]
    late = [one.name for one in beats if now - one.beat_at > _STALE_BEAT]
    if not beats or len(late) == len(beats):
        return _ill("worker", "none is running; start `earshot work`, or all with `earshot up`")
    return _well("worker", f"{len(beats) - len(late)} stages at work")


async def check_sources(pool: Pool) -> list[Finding]:
    """Look at how each source goes."""
    async with pool.acquire() as conn:
        sources = await source.health(conn, now=await clock.now(conn))
    if not sources:
        return [_ill("sources", "none yet; describe some in earshot.toml and run `earshot apply earshot.toml`")]
    return [
        Finding(
            what=f"source {one.name}",
            ok=one.error_count == 0 or not one.enabled,
            detail=one.error or ("turned off" if not one.enabled else _how_it_goes(one)),
        )
        for one in sources
    ]


def _how_it_goes(one: SourceHealth) -> str:
    """Return what came lately, and what is known of the kind."""
    state = registry.state_of(one.kind)
    doubts = [] if state.tried is not Tried.EXAMPLES else ["this kind was not tried against the platform"]
    needs = [f"needs {state.needs}"] if state.needs else []
    untold = [f"not told of news at once: {one.untold}"] if one.untold else []
    kept = (
        [f"{one.quarantined} items or deliveries could not be read: earshot quarantine list"] if one.quarantined else []
    )
    paid = [f"{one.spent} items paid for this month"] if one.spent else []
    unmatched = [f"{one.unmatched_per_day} items about no brand"] if one.unmatched_per_day else []
    return "; ".join([f"{one.mentions_per_day} mentions in a day", *paid, *unmatched, *untold, *kept, *doubts, *needs])


async def check_brands(pool: Pool) -> Finding:
    """See whether every brand can be looked for."""
    async with pool.acquire() as conn:
        watched = await brand.every(conn)
    for one in watched:
        try:
            brands.check(one.terms)
        except BrandError as error:
            return _ill("brands", f"nothing is found for {one.name}: {error}; correct it and apply")
    return _well("brands", f"{len(watched)} are looked for")


async def check_addresses(settings: Settings, pool: Pool) -> Finding:
    """See whether places can reach the addresses that they send to."""
    async with pool.acquire() as conn:
        names = [one.name for one in await inlet.every(conn) if one.kind not in registry.kinds()]
    if names and settings.base_url is None:
        return _ill(
            "addresses",
            f"{', '.join(names)}: places cannot reach {settings.hooks_url}; set EARSHOT_BASE_URL to the https address "
            "under which they can",
        )
    return _well("addresses", f"{len(names)} sources are sent to")


async def check_bounds(pool: Pool) -> Finding:
    """See whether Postgres can keep people and keys within their brands."""
    async with pool.acquire() as conn:
        kept = await bounds.are_kept(conn)
    if not kept:
        return _ill(
            "bounds",
            f"nobody bound to brands gets in: let Postgres' administrator say `create role {bounds.ROLE}` and grant it "
            "to Earshot's user, then run `earshot migrate`",
        )
    return _well("bounds", "people and keys are kept within their brands")


async def check_outbox(pool: Pool) -> Finding:
    """See whether e-mails were given up."""
    async with pool.acquire() as conn:
        given_up = (await notification.waiting(conn)).get(NotificationState.FAILED, 0)
    if given_up:
        return _ill("outbox", f"{given_up} e-mails were given up; correct their contacts and try them again there")
    return _well("outbox", "no e-mail was given up")


async def check_canary(settings: Settings, pool: Pool) -> Finding:
    """See whether complaints of our own arrive in time."""
    if settings.canary_contact is None:
        return _well("canary", "none is let go; EARSHOT_CANARY_CONTACT names the contact it would go to")
    async with pool.acquire() as conn:
        ill = next((one for one in await component.every(conn) if one.name == "canary" and not one.healthy), None)
        arrived = await canary.last_arrived(conn)
    if ill is not None:
        return _ill("canary", f"{ill.detail}; see that every stage of `earshot work` runs, and the mail server")
    if arrived is None or arrived.took is None:
        return _ill("canary", "none has arrived yet; start `earshot work`, or let one go by `earshot canary`")
    return _well(
        "canary",
        f"the last, at {arrived.posted_at:%H:%M} UTC, took {arrived.took.total_seconds():.1f} s to be accepted",
    )


async def check_rules(pool: Pool) -> Finding:
    """See whether somebody is told of what each rule finds."""
    async with pool.acquire() as conn:
        unheard = await rule.unheard(conn)
    if unheard:
        remedy = "give them contacts that are enabled, and verified or in earshot.toml"
        return _ill("rules", f"nobody is told by {', '.join(unheard)}; {remedy}")
    return _well("rules", "each tells somebody")


async def check_promises(pool: Pool) -> list[Finding]:
    """Look for promises that were lost without an error."""
    async with pool.acquire() as conn:
        broken = await invariant.breaches(conn, now=await clock.now(conn))
    if not broken:
        return [_well("promises", "every mention is judged, every alert told, every poll counted")]
    return [_ill("promises", f"{one}; {one.invariant.remedy}") for one in broken]


async def check_contacts(pool: Pool) -> Finding:
    """See whether there are contacts whose mail comes back."""
    async with pool.acquire() as conn:
        unreached = await bounce.unreached(conn)
    if unreached:
        shown = "; ".join(f"mail to {one.name} <{one.email}> comes back: {one.bounce}" for one in unreached)
        return _ill("contacts", f"{shown}; correct the address and apply")
    return _well("contacts", "no mail came back")


async def check_on_call(pool: Pool) -> Finding:
    """See whether an incident would find somebody, now and within the next seven days."""
    async with pool.acquire() as conn:
        now = await clock.now(conn)
        policies = (await policy.every(conn)).values()
        schedules = await schedule.every(conn, overrides_since=now)
        found = escalation.weaknesses(policies, schedules, await contact.every(conn), now=now)
    if found:
        shown = "; ".join(map(_weakness, found[:_MOST_SHOWN]))
        return _ill(
            "on call", f"{shown}; correct earshot.toml and apply, or let somebody take over on the page «On call»"
        )
    return _well("on call", f"{len(schedules)} schedules, {len(policies)} policies, somebody can be told at any time")


def _weakness(one: Weakness) -> str:
    """Return what is weak, in one clause."""
    people = ", ".join(one.people)
    if one.starts_at is None or one.ends_at is None:
        return f"the last resort of policy {one.name} {f'({people}) cannot be told' if people else 'was removed'}"
    span = f"from {one.starts_at:%Y-%m-%d %H:%M} to {one.ends_at:%Y-%m-%d %H:%M} UTC"
    return f"{f'{people} cannot be told' if people else 'nobody is on call'} by schedule {one.name} {span}"


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield check_disk(settings)
    yield await asyncio.to_thread(check_model, settings)
    yield await check_mail(settings)
    url = settings.database_url
    folder = database.server_folder(settings.data_dir)
    if url is None and database.running_pid(folder) is None:
        yield _ill("database", "the embedded Postgres is not running; start everything with `earshot up`")
        return
    if url is None:
        url = database.ensure_running(folder).url
    await wait_until_reachable(url, patience=timedelta(seconds=3))
    yield _well("database", "answers")
    pool = await open_pool(url, size=1)
    try:
        yield await check_schema(pool)
        checks: tuple[Callable[[Pool], Awaitable[Finding]], ...] = (
            check_locale,
            check_clock,
            check_worker,
            check_brands,
            check_bounds,
            check_outbox,
            check_rules,
            check_contacts,
            check_on_call,
        )
        for check in checks:
            yield await check(pool)
        yield await check_addresses(settings, pool)
        yield await check_canary(settings, pool)
        for finding in await check_promises(pool):
            yield finding
        for finding in await check_sources(pool):
            yield finding
    finally:
        pool.terminate()


async def _examine(settings: Settings, *, as_json: bool) -> bool:
    """Print every finding as it is found; return whether all is well."""
    found = []
    async for finding in _findings(settings):
        found.append(finding)
        if not as_json:
            click.echo(f"{'ok ' if finding.ok else 'BAD'}  {finding.what}: {finding.detail}")
    if as_json:
        click.echo(orjson.dumps([{"what": f.what, "ok": f.ok, "detail": f.detail} for f in found]).decode())
    return all(finding.ok for finding in found)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")
def command(*, as_json: bool) -> None:
    """Check disk, model, mail, database, worker, promises and sources, and say what to do. Exit code 1: not well."""
    if not asyncio.run(_examine(read_settings(), as_json=as_json)):
        sys.exit(1)
