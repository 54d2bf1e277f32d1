"""X: posts of the last seven days that a search finds.

Documentation: https://docs.x.com/x-api/posts/search/introduction. Rate limit: 450 requests in fifteen minutes by
application; x-rate-limit-reset is a Unix time. Every post read costs money, so that each source has a budget a day
and, where it is set, a month.
Recorded: 2020 to 2022.

What an answer could not give stands in `errors` beside the data, with status 200. An edit is a new post that names its
first version. Deletions come only by the compliance stream, which is not read. Reposts are left out unless the query
asks for them; authors are numbers, since their names would cost twice the post.
"""

import html
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.api import Query, address, ask, decode
from collectors.budget import Budget
from collectors.errors import RateLimited, SettingError
from collectors.feed_items import language_tag
from collectors.harvest import Harvest
from collectors.pages import (
    Page,
    author,
    counts,
    identity,
    is_own,
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
from collectors.slices import Slice, read_slices
from collectors.text import clean
from collectors.types import Collected, Egress, Mention, Source

_API = "https://api.x.com"
_FIELDS = "author_id,conversation_id,created_at,edit_history_tweet_ids,lang,note_tweet,public_metrics,referenced_tweets"
_MOST, _FEWEST = 100, 10
_MAX_PAGES = 5
_BUDGET = 500
_REACH = timedelta(days=6, hours=23)
#: Search may not ask for what is younger.
_TOO_YOUNG = timedelta(seconds=15)
_UNKNOWN_LANGUAGES = frozenset({"und", "zxx", "qme", "qst", "qht", "qam", "qct"})
_LINE_OF_QUERY = 512


class XCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the search once, within the day's budget. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        budget = Budget(source, now, unit="posts", usual_a_day=_BUDGET, fewest=_FEWEST)
        query, gap = _query(source), _is_out_of_reach(source, now)
        if budget.is_spent:
            return Collected(cursor=source.cursor, next_poll_after=budget.until_more(), warning=budget.said(), gap=gap)

        async def ask_slice(part: Slice, harvest: Harvest) -> Page:
            if budget.is_spent:
                # What is left unread is a gap: it is read when the next budget allows.
                raise RateLimited(budget.said(), retry_after=budget.until_more())
            wanted: Query = {
                "query": query,
                "max_results": min(_MOST, budget.left),
                "tweet.fields": _FIELDS,
                **_span(source, part.since, part.before, now=now),
                "next_token": part.token,
            }
            url = address(source, _API, "/2/tweets/search/recent", wanted)
            headers = {"Authorization": f"Bearer {source.settings['token'].strip()}"}
            reply = await ask(egress, source, url, now=now, headers=headers, credential="token")
            page = _page(reply.document, source, now=now)
            budget.spend(len(page.mentions) + len(page.quarantined))
            take(harvest, page, reply)
            return page

        harvest, cursor = await read_slices(
            ask_slice, source.cursor, now=now, overlap=timedelta(0), max_pages=_MAX_PAGES
        )
        ids = [mention.id for mention in harvest.mentions if mention.id.isdigit()]
        last = max([*map(int, ids), int(_last(source) or 0)])
        kept = {**cursor, **budget.cursor(), **({"last": str(last)} if last else {})}
        return replace(harvest.collected(kept), spent=budget.spent, gap=gap)


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the posts of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, now=now))
    return harvest.collected({})


def _query(source: Source) -> str:
    """Return what to search for. Raises SettingError."""
    query = source.settings["query"].strip()
    if "is:retweet" not in query:
        query = f"({query}) -is:retweet" if " OR " in query else f"{query} -is:retweet"
    if len(query) > _LINE_OF_QUERY:
        raise SettingError("query", f"is longer than the {_LINE_OF_QUERY} characters the platform takes")
    return query


def _is_out_of_reach(source: Source, now: datetime) -> bool:
    """Whether what was read last, or what was left then, is older than the search reaches."""
    gap = source.cursor.get("gap")
    known = [source.cursor.get("newest"), *(gap[:1] if isinstance(gap, list) else [])]
    times = [at for one in known if (at := moment(one, now=now))]
    return any(at < now - _REACH for at in times)


def _span(source: Source, since: datetime | None, before: datetime | None, *, now: datetime) -> dict[str, str | None]:
    """Return a span of time as asked for. What was read already is told by number: to read it again would cost."""
    is_fresh = since is not None and since.isoformat() == source.cursor.get("newest")
    last, reach = _last(source), now - _REACH
    by_number = is_fresh and last is not None and since is not None and since > reach
    return {
        "since_id": last if by_number else None,
        "start_time": None if by_number or not since else _said(max(since, reach)),
        "end_time": _said(min(before, now - _TOO_YOUNG)) if before else None,
    }


def _last(source: Source) -> str | None:
    last = words(source.cursor.get("last"))
    return last if last.isascii() and last.isdigit() and len(last) < 20 else None


def _said(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(document: object, source: Source, *, now: datetime) -> Page:
    """Return the posts of an answer; without any it has no data."""
    found = record(document)
    posts = found.get("data")
    items = [posts] if isinstance(posts, dict) else rows(posts)
    own = names_in(source.settings.get("own_accounts"))
    users = {words(record(user).get("id")): record(user) for user in rows(record(found.get("includes")).get("users"))}
    mentions, unread = read_each(items, lambda post: [_mention(post, users, source, own, now=now)])
    times = [mention.published_at for mention in mentions if mention.published_at]
    return Page(
        mentions=mentions,
        quarantined=unread,
        following=optional_identity(record(found.get("meta")).get("next_token")),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _mention(
    post: Mapping[str, Any],
    users: Mapping[str, Mapping[str, Any]],
    source: Source,
    own: frozenset[str],
    *,
    now: datetime,
) -> Mention:
    """Return one post. Raises ValueError for one without a number."""
    key = identity(post.get("id"))
    versions = [one for value in rows(post.get("edit_history_tweet_ids")) if (one := words(value))]
    first = versions[0] if versions and versions[0].isdigit() else key
    by, user = words(post.get("author_id")), record(users.get(words(post.get("author_id"))))
    name, metrics = words(user.get("username")), record(post.get("public_metrics"))
    conversation = optional_identity(post.get("conversation_id"))
    answered = [
        optional_identity(record(one).get("id"))
        for one in rows(post.get("referenced_tweets"))
        if record(one).get("type") == "replied_to"
    ]
    said = moment(post.get("created_at"), now=now)
    language = words(post.get("lang"))
    return Mention(
        kind=source.kind,
        site="X",
        id=first,
        url=f"https://x.com/i/web/status/{key}" if key.isdigit() else None,
        parent=answered[0] if answered else None,
        root=conversation if conversation not in {key, first} else None,
        author=author(id=by, name=user.get("name"), url=f"https://x.com/{name}" if name.isalnum() else None),
        published_at=said,
        edited_at=said if first != key else None,
        text=clean(html.unescape(words(record(post.get("note_tweet")).get("text")) or words(post.get("text")))),
        language=None if language in _UNKNOWN_LANGUAGES else language_tag(language),
        engagement=counts(
            likes=metrics.get("like_count"),
            shares=metrics.get("retweet_count"),
            replies=metrics.get("reply_count"),
            quotes=metrics.get("quote_count"),
            views=metrics.get("impression_count"),
        ),
        reply_by_owner=is_own(own, by, name),
    )
