"""A mailbox: complaints that come by mail, notices of reviews that places send, mails of Google Alerts.

https://www.rfc-editor.org/rfc/rfc3501 · https://www.rfc-editor.org/rfc/rfc2177 (IDLE). Nothing is marked, moved or
deleted. Each mail is parsed in a child process; one that ends it is quarantined and the rest goes on. Tried against
Dovecot.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from collectors.errors import CollectError
from collectors.feed_items import MAX_RAW_BYTES
from collectors.harvest import Harvest
from collectors.mailbox import Batch, Mail, examine, new_mails, opened
from collectors.pages import names_in
from collectors.parsers import mentions_in, shared_parsers
from collectors.registry import check
from collectors.types import Collected, Egress, Mention, Quarantined, Source

#: Servers end a line that is silent for half an hour, routers one that is silent for less.
IDLE_SECONDS = 540.0


class ImapCollector:
    """Implements `collectors.types.Collector` and `Listener`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read what came since the last poll. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        harvest = Harvest()
        cursor: Mapping[str, Any] = source.cursor
        async with aclosing(new_mails(source, egress=egress, now=now)) as batches:
            async for batch in batches:
                cursor = await _taken(batch, harvest, source, now=now)
                harvest.warn(f"{batch.left} mails wait for the next poll" if batch.left else None)
                if harvest.over:
                    break
        return harvest.collected(cursor)

    async def listen(self, source: Source, *, egress: Egress) -> AsyncGenerator[None, None]:
        """Yield whenever mail may have come, at the beginning too; end where the server cannot tell. Raises
        CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        async with opened(source, egress=egress, now=datetime.now(UTC)) as talk:
            await examine(talk, source)
            if "IDLE" not in talk.capabilities:
                return
            yield
            while True:
                if await talk.idle(IDLE_SECONDS):
                    yield


async def _taken(batch: Batch, harvest: Harvest, source: Source, *, now: datetime) -> Mapping[str, Any]:
    """Put a batch into the harvest; return the cursor behind what was read. Mails that each take their parser's whole
    time must not outlast the poll's, or it would begin with them again and again."""
    for mail in batch.mails:
        mentions, unread = await _mentions(mail, source, now=now)
        harvest.add(mentions, unread)
        if harvest.over:
            return {**batch.cursor, "uid": mail.uid}
    return batch.cursor


async def _mentions(mail: Mail, source: Source, *, now: datetime) -> tuple[list[Mention], list[Quarantined]]:
    """Return what a mail says, or the mail where it cannot be read."""
    try:
        reply = await shared_parsers().parse_soon(head_of(source, mail.received, now=now), mail.content)
    except CollectError as error:
        return [], [Quarantined(raw=mail.content[:MAX_RAW_BYTES], reason=f"mail {mail.uid}: {error}"[:500])]
    return list(mentions_in(reply)), []


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return what a mail says that came just now. Blocking. Raises CollectError."""
    reply = shared_parsers().parse(head_of(source, now, now=now), payload)
    return Collected(mentions=mentions_in(reply))


def head_of(source: Source, received: datetime, *, now: datetime) -> dict[str, Any]:
    """Return the request that goes to the parser's child along with a mail."""
    return {
        "reader": "mail",
        "site": source.settings.get("site", "").strip() or "E-mail",
        "own": sorted(names_in(source.settings.get("own_accounts"))),
        "received": received.isoformat(),
        "now": now.isoformat(),
    }
