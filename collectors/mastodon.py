"""Mastodon and what speaks its API: a hashtag, a search or an account on one server.

Documentation: https://docs.joinmastodon.org/methods/timelines/, /search/ and /accounts/. Rate limit: 300 requests in
five minutes; X-RateLimit-Reset is an instant in ISO 8601. Recorded: August 2026 (version 4.6).

Each poll reads the newest page again, for edits and counts, and pages forward from the last known status by `min_id`,
which leaves no gap. Only public statuses of authors who let themselves be indexed are taken. Statuses of earlier polls
are asked for again where the server can (version 4.3): one that is left out twice was deleted. Threads name the parent,
not the root.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from collectors.api import Query, Reply, address, ask, ask_any, decode
from collectors.errors import CollectError, SettingError
from collectors.feed_items import language_tag, one_line
from collectors.harvest import Harvest
from collectors.known_again import Known, tombstone
from collectors.pages import (
    Page,
    author,
    counts,
    identity,
    is_own,
    listed,
    moment,
    names_in,
    optional_identity,
    read_each,
    record,
    rows,
    take,
    words,
)
from collectors.registry import check
from collectors.text import MAX_TITLE_CHARS, canonical_url, clean, html_to_text
from collectors.types import Collected, Egress, Mention, Source, Validators
from collectors.validators import asked_with, validators_of

_PAGE_SIZE = 40
_MAX_PAGES = 8
#: As many as the server gives at once.
_RECENT = 20
_HOST = re.compile(r"(?:https?://)?([\w.-]+(?::\d{1,5})?)/?", re.ASCII)


class MastodonCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the timeline or the search once. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        wanted = _wanted(source)
        poll = _Poll(source, egress, now)
        if wanted == "query":
            return await poll.search()
        if wanted == "hashtag":
            return await poll.timeline(f"/api/v1/timelines/tag/{_setting(source, 'hashtag').removeprefix('#')}")
        account = await poll.account()
        return await poll.timeline(f"/api/v1/accounts/{account}/statuses", account=account)


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the statuses of a timeline, a search or a single answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


class _Poll:
    """One poll: what its requests share."""

    def __init__(self, source: Source, egress: Egress, now: datetime) -> None:
        self._source, self._egress, self._now = source, egress, now
        self._harvest = Harvest()
        self._root = f"https://{host_of_instance(source)}"
        self._validators = Validators()

    async def timeline(self, path: str, *, account: str | None = None) -> Collected:
        """Read the newest page, and forward from the last known status where it is not on it."""
        known, cursor = _known(self._source), {"account": account} if account else {}
        query = {"exclude_reblogs": "true"} if account else {}
        newest = await self._ids(path, query, validators=self._source.validators)
        if newest is None:
            return Collected(unchanged=True, validators=self._source.validators, cursor=self._source.cursor)
        last = newest[0] if newest else known
        if known and newest and known not in newest:
            last = await self._forward(path, known, newest[0])
        collected = await self._collected(cursor, last)
        # While something is left to read on from, «nothing is new» would leave it there.
        return replace(collected, validators=self._validators) if not newest or last == newest[0] else collected

    async def _forward(self, path: str, known: str, newest: str) -> str:
        """Read on from the last known status; return the last that is known now."""
        for _ in range(_MAX_PAGES):
            if self._harvest.over:
                return known
            try:
                ids = await self._ids(path, {"min_id": known}) or []
            except CollectError as error:
                self._harvest.failed("a page", error)
                return known
            # A server may give fewer than it is asked for: a short page is not the last.
            if not ids or newest in ids or known in ids:
                return newest
            known = ids[0]
        self._harvest.warn("more came than one poll reads; the rest follows with the next polls")
        return known

    async def search(self) -> Collected:
        """Read the search from the newest to the last known status."""
        known, newest = _known(self._source), None
        query = {"q": _setting(self._source, "query"), "type": "statuses"}
        found: set[str] = set()
        for number in range(_MAX_PAGES):
            try:
                ids = await self._ids("/api/v2/search", {**query, "offset": str(len(found))}) or []
            except CollectError as error:
                if number == 0:
                    raise
                self._harvest.failed("a page", error)
                break
            newest = newest or (ids[0] if ids else None)
            if found.issuperset(ids) or known in ids or self._harvest.over:
                break
            found.update(ids)
        return await self._collected({}, newest or known)

    async def _collected(self, cursor: Mapping[str, Any], last: str | None) -> Collected:
        """Return what the poll brought, with what became of statuses of earlier ones."""
        remembered = await self._known_again()
        return self._harvest.collected({**cursor, **({"last": last} if last else {}), **remembered})

    async def _known_again(self) -> dict[str, Any]:
        """Ask for statuses of earlier polls, and return what to remember."""
        known = Known.read(self._source.cursor, most=_RECENT)
        asked = known.not_in(self._harvest.mentions)
        found: set[str] = set()
        try:
            reply = await self._ask("/api/v1/statuses", {"id[]": asked}) if asked and not self._harvest.over else None
            if reply is None or reply.status >= 400:
                asked = []
            else:
                page = _page(reply.document, self._source, now=self._now)
                # What is there but not for everyone any more is as good as deleted, for us.
                found = {mention.id for mention in page.mentions}
                take(self._harvest, replace(page, warning=None), reply)
        except CollectError as error:
            self._harvest.failed("statuses known already", error)
            asked = []
        remembered = known.cursor(self._harvest.mentions, asked=asked, found=found, most=_RECENT)
        site = host_of_instance(self._source)
        gone = known.gone(asked, found)
        self._harvest.mentions.extend(tombstone(self._source, site=site, key=one) for one in gone)
        return remembered

    async def _ask(self, path: str, query: Query) -> Reply:
        """Ask what servers of older versions do not know."""
        return await ask_any(
            self._egress,
            self._source,
            address(self._source, self._root, path, query),
            now=self._now,
            headers=self._headers(),
            credential=self._credential(),
            answers=(400, 401, 403, 404, 405, 410, 422),
        )

    async def account(self) -> str:
        """Return the server's id of the account."""
        kept = self._source.cursor.get("account")
        if isinstance(kept, str):
            return kept
        query = {"acct": _setting(self._source, "account").removeprefix("@")}
        url = address(self._source, self._root, "/api/v1/accounts/lookup", query)
        reply = await ask(
            self._egress, self._source, url, now=self._now, headers=self._headers(), credential=self._credential()
        )
        return identity(record(reply.document).get("id"))

    async def _ids(
        self, path: str, query: Mapping[str, str], *, validators: Validators | None = None
    ) -> list[str] | None:
        """Take in one page; return the ids on it, the newest first, or None where nothing is new."""
        url = address(self._source, self._root, path, {**query, "limit": _PAGE_SIZE})
        headers = {**self._headers(), **asked_with(validators or Validators())}
        reply: Reply = await ask_any(
            self._egress, self._source, url, now=self._now, headers=headers, credential=self._credential()
        )
        if reply.unchanged:
            return None
        if validators is not None:
            self._validators = validators_of(reply.headers, complete=reply.complete)
        take(self._harvest, _page(reply.document, self._source, now=self._now), reply)
        ids = [optional_identity(record(status).get("id")) for status in _statuses(reply.document)]
        return [one for one in ids if one]

    def _headers(self) -> dict[str, str]:
        token = _setting(self._source, "token")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _credential(self) -> str | None:
        return "token" if _setting(self._source, "token") else None


def _wanted(source: Source) -> str:
    """Return which of the three is asked for. Raises SettingError."""
    given = [key for key in ("hashtag", "query", "account") if _setting(source, key)]
    if len(given) != 1:
        raise SettingError("hashtag", "give one of hashtag, query and account")
    if given[0] == "query" and not _setting(source, "token"):
        raise SettingError("token", "a search needs a token of an account on the server: preferences, development")
    if given[0] == "hashtag" and not re.fullmatch(r"#?[\w·・]+", _setting(source, "hashtag")):
        raise SettingError("hashtag", "is one word without spaces, such as #LanternTea")
    return given[0]


def host_of_instance(source: Source) -> str:
    """Return the server's host. Raises SettingError."""
    match = _HOST.fullmatch(_setting(source, "instance"))
    if not match:
        raise SettingError("instance", "is the name of a server, such as mastodon.social")
    return match[1]


def _setting(source: Source, key: str) -> str:
    return source.settings.get(key, "").strip()


def _known(source: Source) -> str | None:
    return optional_identity(source.cursor.get("last"))


def _statuses(document: object) -> list[Any]:
    """Return the statuses of a timeline, of a search, or of an answer that is one. Raises CollectError."""
    if isinstance(document, list):
        return rows(document)
    return [document] if "content" in record(document) else listed(document, "statuses")


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the public statuses of an answer."""
    return statuses_in(_statuses(document), source, now=now)


def statuses_in(statuses: list[Any], source: Source, *, now: datetime) -> Page:
    """Return those of the statuses that are public."""
    own = names_in(source.settings.get("own_accounts"))
    mentions, unread = read_each(statuses, lambda status: _read(status, source, own, now=now))
    hidden = statuses and not mentions and not unread
    return Page(
        mentions=mentions,
        quarantined=unread,
        warning="the authors of all that was found ask not to be indexed, or did not write publicly"
        if hidden
        else None,
    )


def _read(status: Mapping[str, Any], source: Source, own: frozenset[str], *, now: datetime) -> list[Mention]:
    """Return the status, or nothing where its author did not mean it for everyone."""
    # A boost holds the status it boosts; a notification the one it is about.
    status = record(status.get("reblog")) or record(status.get("status")) or status
    by = record(status.get("account"))
    is_owner = is_own(own, by.get("acct"), _full_name(by, source))
    private = words(status.get("visibility")) not in {"", "public"}
    unindexed = by.get("indexable") is False or by.get("noindex") is True
    if private or (unindexed and not is_owner):
        return []
    return [_mention(status, by, source, is_owner=is_owner, now=now)]


def _mention(
    status: Mapping[str, Any], by: Mapping[str, Any], source: Source, *, is_owner: bool, now: datetime
) -> Mention:
    """Return one status. Raises ValueError for one without a name."""
    return Mention(
        kind=source.kind,
        site=host_of_instance(source),
        id=identity(status.get("id")),
        url=canonical_url(words(status.get("url")) or words(status.get("uri"))),
        parent=optional_identity(status.get("in_reply_to_id")),
        author=author(
            id=_full_name(by, source),
            name=words(by.get("display_name")).strip() or words(by.get("username")),
            url=canonical_url(words(by.get("url"))),
        ),
        published_at=moment(status.get("created_at"), now=now),
        edited_at=moment(status.get("edited_at"), now=now),
        title=one_line(words(status.get("spoiler_text")), MAX_TITLE_CHARS),
        text=_text(status),
        language=language_tag(words(status.get("language"))),
        engagement=counts(
            likes=status.get("favourites_count"),
            shares=status.get("reblogs_count"),
            replies=status.get("replies_count"),
            quotes=status.get("quotes_count"),
        ),
        reply_by_owner=is_owner,
    )


def _text(status: Mapping[str, Any]) -> str:
    """Return the words, with a poll's options; those that describe the pictures where there are no others."""
    options = [words(record(option).get("title")) for option in rows(record(status.get("poll")).get("options"))]
    said = clean("\n".join([html_to_text(words(status.get("content"))), *options]))
    media = rows(status.get("media_attachments"))
    return said or clean("\n".join(words(record(one).get("description")) for one in media))


def _full_name(by: Mapping[str, Any], source: Source) -> str:
    """Return user@server; the server leaves itself out."""
    name = words(by.get("acct"))
    return name if not name or "@" in name else f"{name}@{host_of_instance(source)}"
