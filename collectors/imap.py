"""A mailbox: complaints that come by mail, notices of reviews that places send, mails of Google Alerts.

https://www.rfc-editor.org/rfc/rfc3501 · https://www.rfc-editor.org/rfc/rfc2177 (IDLE). Nothing is marked, moved or
deleted. Each mail is parsed in a child process; one that ends it is quarantined and the rest goes on. Tried against
Dovecot.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from collectors.errors import CollectError, SettingError
from collectors.feed import shared_parsers
from collectors.feed_items import MAX_RAW_BYTES
from collectors.harvest import Harvest
from collectors.imap_talk import Denied, Talk, folder_name, text
from collectors.pages import names_in
from collectors.registry import check
from collectors.shape import mention_from_json
from collectors.types import Collected, Egress, Mention, Quarantined, Source

PORTS = (993, 143)
#: Mails of one poll; the others wait for the next.
MAX_MAILS = 500
#: Of each mail: words come first, attachments behind them.
MAX_MAIL_BYTES = 2 * 1024 * 1024
#: Servers end a line that is silent for half an hour, routers one that is silent for less.
IDLE_SECONDS = 540.0
_AT_ONCE = 10
_FIRST_DAYS = 30
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mail:
    """One mail as the server has it."""

    uid: int
    received: datetime
    content: bytes


class ImapCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Read what came since the last poll. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        async with _opened(source, egress=egress) as talk:
            validity = await _examine(talk, source)
            waiting = await _waiting(talk, source, validity, now=now)
            return await _read(talk, source, validity, waiting, now=now)

    async def listen(self, source: Source, *, egress: Egress) -> AsyncGenerator[None, None]:
        """Yield whenever mail may have come, at the beginning too; end where the server cannot tell. Raises
        CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        async with _opened(source, egress=egress) as talk:
            await _examine(talk, source)
            if "IDLE" not in talk.capabilities:
                return
            yield
            while True:
                if await talk.idle(IDLE_SECONDS):
                    yield


@asynccontextmanager
async def _opened(source: Source, *, egress: Egress) -> AsyncIterator[Talk]:
    """Give a conversation that is protected and signed in. Raises CollectError."""
    settings = {key: value.strip() for key, value in source.settings.items()}
    security = settings.get("security") or "tls"
    if security == "none" and not source.allow_private:
        raise SettingError("security", "none sends the password in the clear: only where private addresses are allowed")
    port = _port(settings.get("port", ""), security)
    reader, writer = await egress.connect(
        settings["host"], port, standard=PORTS, tls=security == "tls", allow_private=source.allow_private
    )
    talk = Talk(reader=reader, writer=writer, host=settings["host"])
    try:
        await talk.greet()
        if security == "starttls":
            await talk.start_tls(ssl.create_default_context())
        await _sign_in(talk, settings)
        yield talk
    finally:
        await talk.close()


async def _sign_in(talk: Talk, settings: Mapping[str, str]) -> None:
    way = "token" if settings.get("token") else "password"
    if not settings.get(way):
        raise SettingError("password", "give a password (an app password where the provider has these) or a token")
    try:
        if way == "token":
            await talk.log_in_by_token(settings["user"], settings["token"])
        else:
            await talk.log_in(settings["user"], settings["password"])
    except Denied as denied:
        # The server's words may hold what was sent: they are not repeated.
        raise CollectError(
            f"{talk.host} does not let {settings['user']} in: renew the {way}", permanent=True
        ) from denied


def _port(given: str, security: str) -> int:
    if not given:
        return 993 if security == "tls" else 143
    if not (given.isascii() and given.isdigit() and len(given) < 6):
        raise SettingError("port", f"{given[:20]!r} is no port; leave it out for 993")
    return int(given)


async def _examine(talk: Talk, source: Source) -> int:
    """Open the folder for reading only; return its UIDVALIDITY."""
    folder = source.settings.get("folder", "").strip() or "INBOX"
    try:
        answer = await talk.ask("EXAMINE", folder_name(folder))
    except Denied as denied:
        raise SettingError("folder", f"{folder!r} cannot be opened: {denied}") from denied
    for line in answer.told:
        words = " ".join(text(word) for word in line if isinstance(word, bytes)).upper()
        _, found, behind = words.partition("[UIDVALIDITY ")
        if found and behind.partition("]")[0].isdigit():
            return int(behind.partition("]")[0])
    # A server that gives none promises nothing: every poll reads by date.
    return 0


async def _waiting(talk: Talk, source: Source, validity: int, *, now: datetime) -> list[int]:
    """Return the numbers of the mails to read, oldest first."""
    cursor = source.cursor
    last = cursor.get("uid")
    if validity and cursor.get("validity") == validity and isinstance(last, int):
        # n:* gives the last mail even where its number is below n.
        return [uid for uid in await _search(talk, f"UID {last + 1}:*") if uid > last]
    since = _moment(cursor.get("since")) or now - timedelta(days=_days(source))
    day = since - timedelta(days=1)
    return await _search(talk, f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}")


async def _search(talk: Talk, criteria: str) -> list[int]:
    answer = await talk.ask(f"UID SEARCH {criteria}")
    found = [
        word
        for line in answer.told
        if [text(word).upper() for word in line[:2]] == ["*", "SEARCH"]
        for word in line[2:]
    ]
    return sorted({int(word) for word in map(text, found) if word.isascii() and word.isdigit() and len(word) < 11})


async def _read(talk: Talk, source: Source, validity: int, waiting: Sequence[int], *, now: datetime) -> Collected:
    """Read the mails in turn; the cursor stands behind the last that was read."""
    harvest = Harvest()
    last, since = source.cursor.get("uid"), source.cursor.get("since")
    if source.cursor.get("validity") != validity:
        last = None
    chosen = waiting[:MAX_MAILS]
    read = 0
    while read < len(chosen) and not harvest.over:
        uids = chosen[read : read + _AT_ONCE]
        for mail in await _fetched(talk, uids, now=now):
            mentions, unread = await _mentions(mail, source, now=now)
            harvest.add(mentions, unread)
            since = max(str(since or ""), mail.received.astimezone(UTC).isoformat())
        last, read = uids[-1], read + len(uids)
    if read < len(waiting):
        harvest.warn(f"{len(waiting) - read} mails wait for the next poll")
    cursor = {"validity": validity, "uid": last, "since": since or now.isoformat()}
    return harvest.collected({key: value for key, value in cursor.items() if value is not None})


async def _fetched(talk: Talk, uids: Sequence[int], *, now: datetime) -> list[_Mail]:
    """Return the mails that are still there."""
    numbers = ",".join(map(str, uids))
    answer = await talk.ask(f"UID FETCH {numbers} (UID INTERNALDATE BODY.PEEK[]<0.{MAX_MAIL_BYTES}>)")
    found = []
    for line in answer.told:
        if len(line) < 4 or text(line[2]).upper() != "FETCH" or not isinstance(line[3], list):
            continue
        items = {text(name).upper(): value for name, value in zip(line[3][::2], line[3][1::2], strict=False)}
        content = next((value for name, value in items.items() if name.startswith("BODY[]")), None)
        uid = text(items.get("UID"))
        if isinstance(content, bytes) and uid.isdigit() and int(uid) in uids:
            found.append(_Mail(uid=int(uid), received=_moment(text(items.get("INTERNALDATE"))) or now, content=content))
    return found


async def _mentions(mail: _Mail, source: Source, *, now: datetime) -> tuple[list[Mention], list[Quarantined]]:
    """Return what a mail says, or the mail where it cannot be read."""
    head = {
        "reader": "mail",
        "site": source.settings.get("site", "").strip() or "E-mail",
        "own": sorted(names_in(source.settings.get("own_accounts"))),
        "received": mail.received.isoformat(),
        "now": now.isoformat(),
    }
    try:
        reply = await shared_parsers().parse_soon(head, mail.content)
    except CollectError as error:
        return [], [Quarantined(raw=mail.content[:MAX_RAW_BYTES], reason=f"mail {mail.uid}: {error}"[:500])]
    return [mention_from_json(values) for values in reply["mentions"]], []


def _days(source: Source) -> int:
    given = source.settings.get("days", "").strip()
    if not given:
        return _FIRST_DAYS
    if not (given.isascii() and given.isdigit() and len(given) < 5):
        raise SettingError("days", f"{given[:20]!r} is no number of days; such as 30")
    return int(given)


def _moment(given: object) -> datetime | None:
    """Return a moment as the cursor keeps it (ISO 8601) or a server writes it (17-Jul-2026 02:44:25 +0700)."""
    if not isinstance(given, str) or not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        try:
            at = parsedate_to_datetime(given.strip().replace("-", " ", 2))
        except (ValueError, TypeError, IndexError):
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
