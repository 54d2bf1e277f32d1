"""Where places send to: one address a source, its last part unguessable, each body signed where the place can sign.

A body is answered when it is stored; a worker reads it. The routes are for places, not for users of the API.
"""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import PlainTextResponse

from collectors import registry, signatures
from collectors.errors import SettingError
from collectors.kept_secrets import revealed
from collectors.signatures import Unsigned
from collectors.text import clean
from collectors.types import SourceKind
from service.api.errors import Forbidden, NotFound, TooSlow, Unavailable
from service.settings import HOOKS
from service.store import clock, inlet, push, source, websub
from service.store.inlet import Inlet
from service.store.pool import Pool

log = logging.getLogger(__name__)
router = APIRouter(prefix=HOOKS, include_in_schema=False)
#: A body may take this long to come.
_PATIENCE = timedelta(seconds=20)
#: Bodies kept for one source; with more, the place is asked to wait until a worker has read some.
MOST_WAITING, MOST_BYTES_WAITING = 10_000, 500_000_000
#: Headers that say what a body is.
_KEPT_HEADERS = ("content-type", "content-language")
_LONGEST_CHALLENGE = 1_000
#: A hub confirms what we asked for within this time, or not at all.
_CONFIRMED_WITHIN = timedelta(hours=1)
#: A hub that refuses is asked again after this.
_REFUSED_PAUSE = timedelta(days=1)

Key = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


@router.post("/{key}")
async def take(request: Request, key: Key) -> PlainTextResponse:
    """Keep a body that a place sent. Answered when it is stored."""
    pool: Pool = request.app.state.pool
    address = await _address(pool, key)
    settings = _settings(address)
    headers = dict(request.headers)
    body = await _body(request)
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        secret = _secret(address, settings)
        if secret:
            try:
                signatures.check(address.kind, settings, secret=secret, headers=headers, body=body, now=now)
            except Unsigned as error:
                log.warning("push refused", extra={"source": address.source_id, "reason": str(error)})
                raise Forbidden(f"{error}.") from error
        if await push.is_full(conn, address.source_id, bodies=MOST_WAITING, size=MOST_BYTES_WAITING):
            raise Unavailable("Too many deliveries wait to be read; send this one again later.")
        event = _delivery_id(address, settings, headers) if secret else None
        is_new = event is None or await push.note_events(conn, address.source_id, [event], now=now)
        if is_new:
            kept = {name: headers[name][:500] for name in _KEPT_HEADERS if name in headers}
            await push.add(conn, address.source_id, headers=kept, body=body, now=now)
    return PlainTextResponse("received\n")


async def _address(pool: Pool, key: str) -> Inlet:
    """Return whose address it is. Raises NotFound or Unavailable."""
    async with pool.acquire() as conn:
        found = await inlet.by_key(conn, key)
    if found is None:
        raise NotFound("Nothing listens at this address; `earshot push list` names those that do.")
    if not found.enabled:
        raise Unavailable("This source is turned off; send again later.")
    return found


def _settings(address: Inlet) -> Mapping[str, str]:
    """Return the source's settings with their secrets. Raises Unavailable where one is not there."""
    try:
        return revealed(address.kind, address.settings)
    except SettingError as error:
        # The place should send again once the operator has corrected it.
        log.error("secret of a source is missing", extra={"source": address.source_id, "reason": str(error)})  # noqa: TRY400
        raise Unavailable("This source is not set up whole; send again later.") from error


def _secret(address: Inlet, settings: Mapping[str, str]) -> str | None:
    """Return what bodies are signed with; None where the address alone is the secret. Raises Forbidden where the kind
    of place always signs and no secret is known."""
    key = registry.signed_by(address.kind)
    secret = settings.get(key, "").strip() if key else ""
    secret = secret or address.secret or ""
    if not secret and address.kind is not SourceKind.WEBHOOK:
        raise Forbidden(f"Nothing is taken here before the source has {f'the setting {key}' if key else 'a secret'}.")
    return secret or None


async def _body(request: Request) -> bytes:
    """Return the body. Raises TooSlow for one that drips."""
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await request.body()
    except TimeoutError as error:
        raise TooSlow(f"The body took more than {_PATIENCE.total_seconds():.0f} s to come.") from error


def _delivery_id(address: Inlet, settings: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """Return the id under which the place sends a body again, where it has one that is signed."""
    is_standard = address.kind is SourceKind.WEBHOOK and settings.get("signature", "").strip() != "hub"
    return headers.get("webhook-id", "")[:500] or None if is_standard else None


@router.get("/{key}")
async def confirm(request: Request, key: Key) -> PlainTextResponse:
    """Answer a place that asks whether the address is meant, by the words it sent."""
    pool: Pool = request.app.state.pool
    address = await _address(pool, key)
    asked = request.query_params
    if address.kind is SourceKind.FEED:
        return PlainTextResponse(await _answer_hub(pool, address, asked))
    challenge = asked.get("hub.challenge", "")
    if not challenge or len(challenge) > _LONGEST_CHALLENGE:
        raise NotFound("This address takes what a place posts; there is nothing to read.")
    expected = _settings(address).get("verify_token", "").strip()
    presented = asked.get("hub.verify_token", "")
    good = bool(expected) and hmac.compare_digest(presented.encode("utf-8", "replace"), expected.encode())
    if asked.get("hub.mode") != "subscribe" or not good:
        raise Forbidden("hub.verify_token is not the setting verify_token of this source.")
    return PlainTextResponse(challenge)


async def _answer_hub(pool: Pool, address: Inlet, asked: Mapping[str, str]) -> str:
    """Return what a feed's hub wants to hear. Raises NotFound where we did not ask for what it asks about."""
    mode, topic, challenge = asked.get("hub.mode", ""), asked.get("hub.topic", ""), asked.get("hub.challenge", "")
    async with pool.acquire() as conn, conn.transaction():
        now = await clock.now(conn)
        if mode == "denied":
            reason = f"the hub refuses: {clean(asked.get('hub.reason', 'without a reason'), 200)}"
            await websub.refuse(conn, address.source_id, topic, reason=reason, due=now + _REFUSED_PAUSE)
            return "noted"
        lease = _lease(asked.get("hub.lease_seconds", ""))
        good = mode == "subscribe" and 0 < len(challenge) <= _LONGEST_CHALLENGE
        if not good or not await websub.confirm(
            conn, address.source_id, topic, lease=lease, within=_CONFIRMED_WITHIN, now=now
        ):
            raise NotFound("We did not ask for this subscription.")
        # What came between the last poll and this moment was told by nobody.
        await source.poll_soon(conn, address.source_id, now=now)
    return challenge


def _lease(seconds: str) -> timedelta:
    """Return how long a hub binds itself: a minute to thirty days."""
    given = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 12 else 86_400
    return timedelta(seconds=min(max(given, 60), 30 * 86_400))
