"""Opens a folder of a mailbox for reading only, and fetches what came since a cursor.

https://www.rfc-editor.org/rfc/rfc3501
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from collectors.errors import CollectError, SettingError
from collectors.imap_talk import Denied, Talk, folder_name, text
from collectors.oauth import refreshed
from collectors.tokens import Token, forget_token, kept_token
from collectors.types import Egress, Source

PORTS = (993, 143)
#: Mails of one poll; the others wait for the next.
MAX_MAILS = 500
#: Of each mail: words come first, attachments behind them.
MAX_MAIL_BYTES = 2 * 1024 * 1024
_AT_ONCE = 10
_FIRST_DAYS = 30
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_GOOGLE = "https://oauth2.googleapis.com/token"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """One mail as the server has it; only the beginning of a long one."""

    uid: int
    received: datetime
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Some mails, oldest first."""

    mails: Sequence[Mail]
    #: Where to go on after them.
    cursor: Mapping[str, Any]
    #: How many wait behind them that this poll does not read.
    left: int = 0


async def new_mails(source: Source, *, egress: Egress, now: datetime) -> AsyncGenerator[Batch, None]:
    """Yield what came since the source's cursor, batch by batch, at least one. Raises CollectError."""
    async with opened(source, egress=egress, now=now) as talk:
        validity = await examine(talk, source)
        waiting = await _waiting(talk, source, validity, now=now)
        is_same = source.cursor.get("validity") == validity
        cursor: dict[str, Any] = {"validity": validity, "since": source.cursor.get("since") or now.isoformat()}
        if is_same and "uid" in source.cursor:
            cursor["uid"] = source.cursor["uid"]
        chosen = waiting[:MAX_MAILS]
        left = len(waiting) - len(chosen)
        if not chosen:
            yield Batch(mails=(), cursor=cursor)
        for start in range(0, len(chosen), _AT_ONCE):
            uids = chosen[start : start + _AT_ONCE]
            mails = await _fetched(talk, uids, now=now)
            came = [mail.received.astimezone(UTC).isoformat() for mail in mails]
            # Should the numbers change, all is read again from the newest mail that was read.
            cursor = {**cursor, "uid": uids[-1], "since": max(came, default=cursor["since"])}
            yield Batch(mails=mails, cursor=cursor, left=left)


@asynccontextmanager
async def opened(source: Source, *, egress: Egress, now: datetime) -> AsyncIterator[Talk]:
    """Give a conversation that is protected and signed in. Raises CollectError."""
    settings = {key: value.strip() for key, value in source.settings.items()}
    security = settings.get("security") or "tls"
    if security == "none" and not source.allow_private:
        raise SettingError("security", "none sends the password in the clear: only where private addresses are allowed")
    port = _port(settings.get("port", ""), security)
    # Before the mail server is asked: it would not wait for a sign-in elsewhere.
    token = await _token(source, settings, egress=egress, now=now)
    reader, writer = await egress.connect(
        settings["host"], port, standard=PORTS, tls=security == "tls", allow_private=source.allow_private
    )
    talk = Talk(reader=reader, writer=writer, host=settings["host"])
    try:
        await talk.greet()
        if security == "starttls":
            await talk.start_tls(ssl.create_default_context())
        await _sign_in(talk, source, settings, token)
        yield talk
    finally:
        await talk.close()


async def _token(source: Source, settings: Mapping[str, str], *, egress: Egress, now: datetime) -> str | None:
    """Return the access token to sign in with, a fresh one where it can be renewed; None where a password is given.
    Raises CollectError."""
    if not settings.get("refresh_token"):
        return settings.get("token") or None
    url = settings.get("token_url") or _GOOGLE

    async def sign_in() -> Token:
        return await refreshed(egress, source, url, now=now)

    return (await kept_token(source, sign_in=sign_in, now=now)).value


async def _sign_in(talk: Talk, source: Source, settings: Mapping[str, str], token: str | None) -> None:
    way = "refresh_token" if settings.get("refresh_token") else "token" if token else "password"
    if token is None and not settings.get("password"):
        raise SettingError("password", "give a password (an app password where the provider has these) or a token")
    try:
        if token is not None:
            await talk.log_in_by_token(settings["user"], token)
        else:
            await talk.log_in(settings["user"], settings["password"])
    except Denied as denied:
        forget_token(source)
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


async def examine(talk: Talk, source: Source) -> int:
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


async def _fetched(talk: Talk, uids: Sequence[int], *, now: datetime) -> list[Mail]:
    """Return the mails that are still there, oldest first."""
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
            found.append(Mail(uid=int(uid), received=_moment(text(items.get("INTERNALDATE"))) or now, content=content))
    return sorted(found, key=lambda mail: mail.uid)


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
