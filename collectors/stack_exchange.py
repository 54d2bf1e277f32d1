"""Stack Exchange: questions by tag or search, with their answers and comments.

Documentation: https://api.stackexchange.com/docs. Rate limit: 300 requests a day by address, 10,000 with a key, 30 a
second; a `backoff` in an answer forbids the same method for so many seconds. Answers are always gzipped. Written from
the documented example; no recording. Texts are under CC BY-SA: show author and link with them.

Questions come by activity, so that an edit or a new answer brings them back; a comment does not count as activity and
is found while its question is active. Deleted posts leave the answers without a word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collectors.api import Query, Reply, address, ask, decode
from collectors.errors import CollectError, RateLimited, SettingError
from collectors.feed_items import one_line
from collectors.harvest import Harvest
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
from collectors.slices import Slice, read_slices
from collectors.text import MAX_TITLE_CHARS, canonical_url, host_of, html_to_text
from collectors.types import Collected, Egress, Mention, Source

_API = "https://api.stackexchange.com/2.3"
_PAGE_SIZE = 100
_MAX_PAGES = 3
_AT_ONCE = 100
_OVERLAP = timedelta(minutes=10)
_SITE = re.compile(r"[a-z0-9.-]{2,60}", re.ASCII)


class StackExchangeCollector:
    """Implements `collectors.types.Collector`."""

    async def collect(self, source: Source, *, egress: Egress, now: datetime) -> Collected:
        """Poll the questions once, with what was said under them. Raises CollectError."""
        check(source.kind, source.settings, allow_private=source.allow_private)
        return await _Poll(source, egress, now, _asked(source)).collect()


def parse(payload: bytes, source: Source, *, now: datetime) -> Collected:
    """Return the questions, answers or comments of one answer. Raises CollectError."""
    harvest = Harvest()
    take(harvest, _page(decode(payload), source, {}, now=now))
    return harvest.collected({})


class _Poll:
    """One poll: what its requests share."""

    def __init__(self, source: Source, egress: Egress, now: datetime, asked: Mapping[str, str]) -> None:
        self._source, self._egress, self._now, self._asked = source, egress, now, asked
        #: The question of each answer: a comment names only the post it stands under.
        self._questions: dict[str, str] = {}
        self._spent = False

    async def collect(self) -> Collected:
        """Read the questions, then their answers and the comments under both."""
        harvest, cursor = await read_slices(
            self._slice, self._source.cursor, now=self._now, overlap=_OVERLAP, max_pages=_MAX_PAGES
        )
        found = [mention.id for mention in harvest.mentions]
        waiting = list(dict.fromkeys([*_open(self._source), *found]))
        here, later = waiting[:_AT_ONCE], waiting[_AT_ONCE : 5 * _AT_ONCE]
        if here and not await self._under(here, harvest):
            later = [*here, *later]
        return harvest.collected({**cursor, **({"open": later} if later else {})})

    async def _slice(self, part: Slice, harvest: Harvest) -> Page:
        span = {
            "min": int(part.since.timestamp()) if part.since else None,
            "max": int(part.before.timestamp()) if part.before else None,
            "page": part.token,
        }
        reply = await self._ask("/search/advanced", {**self._asked, "sort": "activity", **span})
        page = _page(reply.document, self._source, self._questions, now=self._now)
        take(harvest, page, reply)
        return replace(page, following=str(int(part.token or 1) + 1)) if page.following else page

    async def _under(self, questions: Sequence[str], harvest: Harvest) -> bool:
        """Read what stands under the questions; return whether all of it was read."""
        ids = ";".join(questions)
        complete = await self._all(f"/questions/{ids}/answers", harvest)
        complete = await self._all(f"/questions/{ids}/comments", harvest) and complete
        answers = [answer for answer, question in self._questions.items() if question in questions]
        for at in range(0, len(answers), _AT_ONCE):
            path = f"/answers/{';'.join(answers[at : at + _AT_ONCE])}/comments"
            complete = await self._all(path, harvest) and complete
        return complete

    async def _all(self, path: str, harvest: Harvest) -> bool:
        """Read the pages of one method; return whether all were read."""
        if self._spent:
            return False
        # A backoff is for one method only, so that each has a harvest of its own.
        part, complete = Harvest(), False
        try:
            complete = await self._pages(path, part)
        except CollectError as error:
            self._spent = self._spent or isinstance(error, RateLimited)
            harvest.failed(path.rpartition("/")[2], error)
        read = part.collected({})
        harvest.add(read.mentions, read.quarantined, warning=read.warning)
        harvest.wait(read.next_poll_after)
        return complete

    async def _pages(self, path: str, part: Harvest) -> bool:
        """Read pages while there are more; return whether none is left."""
        for number in range(1, _MAX_PAGES + 1):
            reply = await self._ask(path, {"sort": "creation", "page": number})
            page = _page(reply.document, self._source, self._questions, now=self._now)
            take(part, page, reply)
            if not page.following:
                return True
            if part.over:
                return False
        # What hundreds of answers leave unread is not worth asking for again at every poll.
        return True

    async def _ask(self, path: str, query: Query) -> Reply:
        key = self._source.settings.get("key", "").strip()
        always: Query = {"site": _site(self._source), "order": "desc", "pagesize": _PAGE_SIZE, "filter": "withbody"}
        wanted: Query = {**query, **always, "key": key or None}
        url = address(self._source, _API, path, wanted)
        reply = await ask(self._egress, self._source, url, now=self._now, credential="key" if key else None)
        self._spent = self._spent or record(reply.document).get("quota_remaining") == 0
        return reply


def _asked(source: Source) -> dict[str, str]:
    """Return what to search for. Raises SettingError."""
    given = {"q": source.settings.get("query", "").strip(), "tagged": source.settings.get("tags", "").strip()}
    given["tagged"] = ";".join(part.strip() for part in given["tagged"].replace(";", ",").split(",") if part.strip())
    if not any(given.values()):
        raise SettingError("tags", "give tags, a query or both")
    if not _SITE.fullmatch(_site(source)):
        raise SettingError("site", "is the short name of a site, such as stackoverflow or superuser")
    return {key: value for key, value in given.items() if value}


def _site(source: Source) -> str:
    return source.settings.get("site", "").strip() or "stackoverflow"


def _open(source: Source) -> list[str]:
    """Return the questions of earlier polls under which not everything was read."""
    return [one for value in rows(source.cursor.get("open")) if (one := words(value)).isascii() and one.isdigit()]


def _page(document: object, source: Source, questions: dict[str, str], *, now: datetime) -> Page:
    """Return the posts of an answer; note in `questions` where the answers among them belong."""
    items = listed(document, "items")
    for item in map(record, items):
        if "answer_id" in item and "comment_id" not in item:
            questions[words(item["answer_id"])] = words(item.get("question_id"))
    own = names_in(source.settings.get("own_accounts"))
    mentions, unread = read_each(items, lambda item: [_mention(item, source, questions, own, now=now)])
    times = [at for item in items if (at := moment(record(item).get("last_activity_date"), now=now))]
    return Page(
        mentions=mentions,
        quarantined=unread,
        following="more" if record(document).get("has_more") is True else None,
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _mention(
    item: Mapping[str, Any], source: Source, questions: Mapping[str, str], own: frozenset[str], *, now: datetime
) -> Mention:
    """Return one question, answer or comment. Raises ValueError for one without a name."""
    key, parent, root = _place(item, questions)
    url, by = canonical_url(words(item.get("link"))), record(item.get("owner"))
    # Names and titles come with HTML's entities.
    name = html_to_text(words(by.get("display_name")))
    return Mention(
        kind=source.kind,
        site=host_of(url) or _site(source),
        id=key,
        url=url or _url(item, source),
        parent=parent,
        root=root,
        author=author(id=by.get("user_id"), name=name, url=canonical_url(words(by.get("link")))),
        published_at=moment(item.get("creation_date"), now=now),
        edited_at=moment(item.get("last_edit_date"), now=now),
        title=one_line(html_to_text(words(item.get("title"))), MAX_TITLE_CHARS) if parent is None else "",
        text=html_to_text(words(item.get("body"))),
        engagement=counts(
            likes=item.get("score"),
            replies=item.get("answer_count", item.get("comment_count")),
            views=item.get("view_count"),
        ),
        reply_by_owner=is_own(own, name, by.get("user_id")),
    )


def _place(item: Mapping[str, Any], questions: Mapping[str, str]) -> tuple[str, str | None, str | None]:
    """Return the id, the parent and the root. Questions and answers are numbered together, comments apart."""
    if "comment_id" in item:
        post = optional_identity(item.get("post_id"))
        return f"c{identity(item['comment_id'], 'comment_id')}", post, questions.get(post or "") or post
    question = item.get("question_id")
    if "answer_id" in item:
        return identity(item["answer_id"], "answer_id"), optional_identity(question), optional_identity(question)
    return identity(question, "question_id"), None, None


def _url(item: Mapping[str, Any], source: Source) -> str | None:
    """Return the page of a post whose answer names none: the filter leaves the link out for answers and comments."""
    site = _site(source)
    host = site if "." in site else f"{site}.com" if site in _OWN_HOSTS else f"{site}.stackexchange.com"
    if "comment_id" in item:
        post, comment = words(item.get("post_id")), words(item["comment_id"])
        return canonical_url(f"https://{host}/posts/comments/{comment}") if post else None
    post = words(item.get("answer_id")) or words(item.get("question_id"))
    return canonical_url(f"https://{host}/{'a' if 'answer_id' in item else 'q'}/{post}")


_OWN_HOSTS = frozenset({"stackoverflow", "superuser", "serverfault", "askubuntu", "stackapps"})
