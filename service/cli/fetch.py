"""`earshot fetch`"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import click
import orjson

from collectors import registry
from collectors.egress import GuardedEgress
from collectors.kept_secrets import with_secrets
from collectors.parsers import close_parsers
from collectors.shape import mention_to_json
from collectors.types import Collected, Push, Received, Source, SourceKind
from service.cli.main import Failure


def _pairs(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is no key=value")
        pairs[key.strip()] = value
    return pairs


def _list() -> bytes:
    """Return every kind with the settings it takes, as JSON."""
    kinds = [
        {
            "kind": kind,
            "tried": registry.state_of(kind).tried,
            "needs": registry.state_of(kind).needs,
            "settings": [
                {
                    "key": setting.key,
                    "required": setting.required,
                    "secret": setting.secret,
                    "description": setting.description,
                    "example": setting.example,
                    "choices": list(setting.choices),
                }
                for setting in registry.settings_of(kind)
            ],
        }
        for kind in registry.offered()
    ]
    return orjson.dumps(kinds, option=orjson.OPT_INDENT_2)


def _rebased(settings: Mapping[str, str], base_url: str | None) -> dict[str, str]:
    """Return the settings with the host of their address, if they have one, replaced."""
    if base_url is None or "url" not in settings:
        return dict(settings)
    base, address = urlsplit(base_url), urlsplit(settings["url"])
    path = base.path.rstrip("/") + (address.path or "/")
    return {**settings, "url": urlunsplit((base.scheme, base.netloc, path, address.query, ""))}


async def _received(kind: str, settings: Mapping[str, str], *, base_url: str | None, allow_private: bool) -> Received:
    """Return what is in a body that was recorded: a file, or what an address answers."""
    if base_url is None:
        raise Failure(f"{kind} is sent to us: give a recorded body to try, --base-url FILE or URL")
    source = with_secrets(Source(kind=SourceKind(kind), settings=settings, allow_private=allow_private))
    headers: Mapping[str, str] = {}
    if base_url.startswith(("http://", "https://")):
        async with GuardedEgress() as egress:
            answer = await egress.get(base_url, allow_private=allow_private)
        body, headers = answer.body, answer.headers
    else:
        body = _file(base_url)
    return await registry.receiver(kind).receive(Push(body=body, headers=headers), source, now=datetime.now(UTC))


def _file(name: str) -> bytes:
    try:
        return Path(name.removeprefix("file://")).read_bytes()
    except OSError as error:
        raise Failure(f"{name}: cannot be read: {error.strerror}; name a file that holds a recorded body") from error


async def _collect(kind: str, settings: Mapping[str, str], *, base_url: str | None, allow_private: bool) -> Collected:
    source = with_secrets(
        Source(kind=SourceKind(kind), settings=settings, allow_private=allow_private, base_url=base_url)
    )
    try:
        async with GuardedEgress() as egress:
            return await registry.collector(kind).collect(source, egress=egress, now=datetime.now(UTC))
    finally:
        close_parsers()


@click.command("fetch")
@click.argument("kind", required=False)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", callback=_pairs, help="A setting of the source.")
@click.option(
    "--base-url",
    metavar="URL",
    help="Ask this server in place of the one in the settings; for webhook and line: a recorded body, URL or FILE.",
)
@click.option("--allow-private", is_flag=True, help="May reach 127.0.0.1 and private networks.")
@click.option("--list", "list_kinds", is_flag=True, help="Print every kind and its settings as JSON.")
def command(
    kind: str | None, settings: dict[str, str], base_url: str | None, *, allow_private: bool, list_kinds: bool
) -> None:
    """Run one collector once and print its mentions as JSON Lines. Writes nothing."""
    if list_kinds:
        click.echo(_list())
        return
    if kind is None:
        raise Failure("which kind? `earshot fetch --list` names them")
    if kind == SourceKind.FEED:
        settings = _rebased(settings, base_url)
    registry.check(kind, settings, allow_private=allow_private)
    if kind in registry.offered() and kind not in registry.kinds():
        received = asyncio.run(_received(kind, settings, base_url=base_url, allow_private=allow_private))
        _print(received.collected)
        if received.ignored:
            click.echo(f"ignored: {received.ignored} events about something else than words", err=True)
        return
    _print(asyncio.run(_collect(kind, settings, base_url=base_url, allow_private=allow_private)))


def _print(collected: Collected) -> None:
    out = sys.stdout.buffer
    for mention in collected.mentions:
        out.write(orjson.dumps(mention_to_json(mention)) + b"\n")
    out.flush()
    for item in collected.quarantined:
        click.echo(f"quarantined: {item.reason}", err=True)
    if collected.warning:
        click.echo(f"warning: {collected.warning}", err=True)
