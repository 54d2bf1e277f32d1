"""RSS 0.9 to 2.0, RDF, Atom, CDF and JSON Feed.

The document is parsed in a child process (`parsers.py`): this module never loads a parser. No rate limit is known in
general; a feed says by ttl and Cache-Control how often it wants to be asked. Measured against feedparser's own suite;
read from a WordPress 6.1 on 2026-11-25 (posts and comments, in RSS 2.0, 0.92, RDF and Atom).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collectors.errors import Unreachable
from collectors.feed_items import document_head
from collectors.parsers import ParserPool, mentions_in, shared_parsers, unread_in
from collectors.registry import check
from collectors.types import Answer, Collected, Egress, Push, Received, Source, Validators
from collectors.validators import asked_with, validators_of
from collectors.websub import hub_of

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
)
_LONGEST_WISH = timedelta(hours=24)
_MAX_AGE = re.compile(r"(?:^|[\s,])(?:max-age)\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class FeedCollector:
    """Implements `collectors.types.Collector` with the parsers all feeds share."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the feed once. Raises CollectError."""
        return await collect(source, egress=egress, now=now)


class FeedReceiver:
    """Implements `collectors.types.Receiver` for what a feed's hub hands on."""

    async def receive(self, push: Push, source: Source, *, now: datetime) -> Received:
        """Read what is new, as a poll would. Raises CollectError."""
        if not push.body.strip():
            # A hub may tell that something is new without telling what.
            return Received(poll=True)
        head = document_head(source, source.settings.get("url", ""), push.headers, now=now)
        reply = await shared_parsers().parse_soon(head, push.body)
        return Received(collected=_collected(reply, wish=None, moved_to=None, validators=Validators()))


async def collect(source: Source, *, egress: Egress, now: datetime, parsers: ParserPool | None = None) -> Collected:
    """Poll the feed once. Raises CollectError.

    The validators come back only with a document that is whole by itself: well-formed and closed. A body that ended
    before its promised length is judged so too, since nothing of a feed can follow its closing root.
    """
    check(source.kind, source.settings, allow_private=source.allow_private)
    answer = await egress.get(
        source.settings["url"].strip(),
        headers={"Accept": _ACCEPT, **asked_with(source.validators)},
        allow_private=source.allow_private,
    )
    wish = _max_age(answer)
    if answer.status == 304:
        return _unchanged(source, answer, wish)
    pool = parsers or shared_parsers()
    reply = await pool.parse_soon(document_head(source, answer.url, answer.headers, now=now), answer.body)
    collected = _collected(reply, wish=wish, moved_to=answer.moved_to, validators=validators_of(answer.headers))
    return replace(collected, hub=hub_of(answer.headers, reply["links"], answer.url))


def parse(
    payload: bytes,
    source: Source,
    *,
    now: datetime,
    url: str | None = None,
    headers: Mapping[str, str] | None = None,
    parsers: ParserPool | None = None,
) -> Collected:
    """Return what is in the bytes. Blocking: a child process parses. Pure as to its result. Raises CollectError.

    `url` is the address that answered and `headers` its lower-case headers (content-type, content-language).
    """
    address = url or source.settings.get("url", "")
    reply = (parsers or shared_parsers()).parse(document_head(source, address, headers or {}, now=now), payload)
    return _collected(reply, wish=None, moved_to=None, validators=Validators())


def parse_item(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return an item that was set aside. Blocking. Raises CollectError."""
    head = {**document_head(source, source.settings.get("url", ""), {}, now=now), "reader": "feed_item"}
    reply = shared_parsers().parse(head, payload)
    return _collected(reply, wish=None, moved_to=None, validators=Validators())


def _collected(
    reply: Mapping[str, Any], *, wish: timedelta | None, moved_to: str | None, validators: Validators
) -> Collected:
    """Return the child's reply as what was collected."""
    ttl = reply["ttl_minutes"]
    wishes = [pause for pause in (wish, timedelta(minutes=ttl) if ttl else None) if pause is not None]
    return Collected(
        mentions=mentions_in(reply),
        quarantined=unread_in(reply),
        complete=reply["complete"],
        validators=validators if reply["complete"] else Validators(),
        next_poll_after=min(max(wishes), _LONGEST_WISH) if wishes else None,
        moved_to=moved_to,
        warning=reply["warning"],
    )


def _unchanged(source: Source, answer: Answer, wish: timedelta | None) -> Collected:
    """Return that nothing changed. Raises Unreachable where nothing was asked that this could answer."""
    known = source.validators
    if not (known.etag or known.last_modified):
        raise Unreachable("answered «not modified» though nothing was asked about")
    fresh = validators_of(answer.headers)
    return Collected(
        unchanged=True,
        validators=Validators(etag=fresh.etag or known.etag, last_modified=fresh.last_modified or known.last_modified),
        next_poll_after=wish,
        moved_to=answer.moved_to,
    )


def _max_age(answer: Answer) -> timedelta | None:
    """Return how long the answer stays fresh by its own account, at most a day."""
    match = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    seconds = int(match[1]) if match else 0
    return min(timedelta(seconds=seconds), _LONGEST_WISH) if seconds else None
