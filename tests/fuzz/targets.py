"""What reads strangers' bytes, each as a function that fails where a reader breaks its word.

A reader gives what it read or an error of ours, within a second, and text that can be stored.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from alerts.channels.bounce import read_report
from alerts.errors import QueryError
from alerts.query import parse as parse_query
from collectors import jetstream, line, mastodon_stream, meta_push, webhook
from collectors.charsets import charset_of, decode
from collectors.dates import parse_date, zone_named
from collectors.errors import CollectError
from collectors.feed_items import document_head, quarantined
from collectors.files import read as read_file
from collectors.imap import head_of as mail_head
from collectors.limits import asked_for, refused_for
from collectors.parser_child import answer
from collectors.ptt_page import head_of as ptt_head
from collectors.registry import read_again
from collectors.text import MAX_BYTES, canonical_url, clean, html_to_text
from collectors.types import Collected, Mention, SourceKind
from collectors.web_page import head_of as page_head
from collectors.websub import hub_of
from tests import make
from tests.collectors.test_every_kind import SETTINGS
from tests.collectors.test_read_again import KEPT

#: What one input may take of the processor.
MOST_SECONDS = 1.0
_URL = "https://forum.example/feed"
_FEED = make.source(settings={"url": _URL})
_PAGE = make.source(kind=SourceKind.WEB_PAGE, settings={"url": _URL, "item": ".review", "author": "b"})
_PUSHED = {
    SourceKind.LINE: line.parse,
    SourceKind.FACEBOOK: meta_push.parse,
    SourceKind.INSTAGRAM: meta_push.parse,
    SourceKind.THREADS: meta_push.parse,
}
_MAPPING = '{"items": "$.reviews[*]", "id": "$.id", "text": "$.body", "published_at": "$.at", "rating": "$.stars"}'
#: Kinds whose items are read in the parser's child, which has targets of its own.
_IN_CHILD = frozenset({"feed", "imap", "ptt", "web_page", "sitemap"})
_SUFFIXES = ("csv", "jsonl", "json", "xlsx")
#: The readers of the parser's child that read bytes of a place.
_HEADS: Mapping[str, Mapping[str, Any]] = {
    "feed": document_head(_FEED, _URL, {"content-type": "text/xml"}, now=make.NOW),
    "sitemap": {**document_head(_FEED, _URL, {}, now=make.NOW), "reader": "sitemap"},
    "web_page": page_head(_PAGE, _URL, {}, make.NOW),
    "mail": mail_head(make.source(kind=SourceKind.IMAP, settings={}), make.NOW, now=make.NOW),
    "ptt_page": ptt_head(make.source(kind=SourceKind.PTT, settings={}), "", now=make.NOW),
}


def check(name: str, payload: bytes) -> None:
    """Fail where the target of this name breaks its word about these bytes."""
    started = time.process_time()
    TARGETS[name](payload)
    took = time.process_time() - started
    assert took < MOST_SECONDS, f"{name}: {took:.1f} s for {len(payload)} bytes"


def _text(payload: bytes) -> str:
    """Return the bytes as text that may hold anything Python's may: also halves of pairs."""
    return payload.decode("utf-8", "surrogateescape") if payload[:1] < b"\x80" else payload.decode("utf-16", "replace")


def _storable(text: str, most_bytes: int = MAX_BYTES) -> None:
    assert len(text.encode()) <= most_bytes
    assert "\x00" not in text


def _sound(mentions: Iterable[Mention]) -> None:
    """Fail unless each mention can be stored and has a name."""
    for mention in mentions:
        assert mention.id
        for text in (mention.title, mention.text, mention.id, mention.url or "", mention.author.name or ""):
            _storable(text)


def _charset(payload: bytes) -> None:
    decode(payload).text.encode("utf-8", "surrogatepass")
    decode(payload, charset_of(_text(payload[:60]))).text.encode("utf-8", "surrogatepass")


def _clean(payload: bytes) -> None:
    cleaned = clean(_text(payload))
    _storable(cleaned)
    assert clean(cleaned) == cleaned


def _html(payload: bytes) -> None:
    _storable(html_to_text(_text(payload)))


def _url(payload: bytes) -> None:
    found = canonical_url(_text(payload), _URL)
    if found is not None:
        _storable(found)
        assert canonical_url(found) == found


def _date(payload: bytes) -> None:
    for zone in (UTC, zone_named("Asia/Taipei")):
        for day_first in (None, True, False):
            found = parse_date(_text(payload), now=make.NOW, zone=zone, day_first=day_first)
            assert found is None or (found.tzinfo and 1990 <= found.year <= make.NOW.year)


def _limits(payload: bytes) -> None:
    """Read an answer's head: a line is a header, what follows an empty one the body."""
    head, _, body = _text(payload).partition("\n\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in head.split("\n"))
    }
    document: Any = None
    with suppress(ValueError):
        document = orjson.loads(body)
    refused_for(429, headers, document, now=make.NOW)
    refused_for(403, headers, document, now=make.NOW)
    asked_for(headers, document, now=make.NOW)
    hub_of(headers, {}, _URL)


def _child(reader: str) -> Callable[[bytes], None]:
    def target(payload: bytes) -> None:
        reply = answer(_HEADS[reader], payload)
        orjson.dumps(reply)
        for mention in reply.get("mentions", ()):
            assert mention["id"]
            _storable(mention["text"])

    return target


def _kind(kind: str) -> Callable[[bytes], None]:
    source = make.source(kind=SourceKind(kind), settings=SETTINGS.get(kind, {}))

    def target(payload: bytes) -> None:
        with suppress(CollectError):
            _sound(read_again(payload, source, now=make.NOW).mentions)

    return target


def _push(payload: bytes) -> None:
    for kind, parse in _PUSHED.items():
        with suppress(CollectError):
            _sound(parse(payload, make.source(kind=kind, settings={}), now=make.NOW).collected.mentions)
    with suppress(CollectError):
        source = make.source(kind=SourceKind.WEBHOOK, settings={"mapping": _MAPPING})
        found: Collected = webhook.parse(payload, source, now=make.NOW)
        _sound(found.mentions)


def _stream(payload: bytes) -> None:
    bluesky = make.source(kind=SourceKind.BLUESKY, settings={"query": "x", "words": "soup"})
    mastodon = make.source(kind=SourceKind.MASTODON, settings={"instance": "s.example", "hashtag": "soup"})
    heard = [jetstream.parse(payload, bluesky, now=make.NOW)]
    heard += [mastodon_stream.parse(name, payload, mastodon, now=make.NOW) for name in ("update", "delete")]
    _sound(mention for one in heard for mention in (*one.mentions, *one.gone))


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that goes with the process."""
    return tempfile.TemporaryDirectory(prefix="earshot-fuzz-")


def _table(payload: bytes) -> None:
    """Read a file whose first byte says what it is called."""
    path = Path(_folder().name) / f"rows.{_SUFFIXES[payload[0] % len(_SUFFIXES)] if payload else 'csv'}"
    path.write_bytes(payload[1:])
    with suppress(CollectError):
        _sound(row.item for row in read_file(path, now=make.NOW) if isinstance(row.item, Mention))


def _bounce(payload: bytes) -> None:
    read_report(payload)


def _query(payload: bytes) -> None:
    with suppress(QueryError):
        parse_query(_text(payload))


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "charset": _charset,
    "clean": _clean,
    "html": _html,
    "url": _url,
    "date": _date,
    "limits": _limits,
    **{reader: _child(reader) for reader in _HEADS},
    "push": _push,
    "stream": _stream,
    "table": _table,
    "bounce": _bounce,
    "query": _query,
    **{f"kind_{kind}": _kind(kind) for kind in sorted(KEPT.keys() - _IN_CHILD)},
}

_ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>a</title><updated>2026-03-05T10:00:00Z</updated>'
    b'<content type="html">&lt;p&gt;b</content></entry></feed>'
)
_SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "charset": ("這家店的服務".encode("big5"), "ร้านนี้".encode("cp874"), '<?xml encoding="gbk"?>'.encode("utf-16")),
    "clean": ("a\u200d\u0301 👨‍👩‍👧 ก้ำ\u202e".encode(),),
    "html": (b"<p>a<br>b &amp;amp; <img alt='x'><script>c</script><td>1",),
    "url": (b"https://www.google.com/url?url=https%3A%2F%2Fa.example%2F&ct=ga", b"//a.example:80/../b?utm_source=c#d"),
    "date": (b"Thu, 05 Mar 2026 10:00:00 +0800", "民國115年3月5日 下午3:05".encode(), "5 มี.ค. 2569".encode()),
    "limits": (b'retry-after: 120\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 9\n\n{"error": {"code": 4}}',
               b'x-app-usage: {"call_count": 100}\nlink: <https://h.example>; rel="hub"'),
    "feed": (_ATOM, b"<rss><channel><item><guid>1</guid><pubDate>x</pubDate><title>AT&T</title></item></channel></rss>",
             b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 1, "content_text": "a"}]}'),
    "sitemap": (b"<urlset><url><loc>https://a.example/</loc><lastmod>2026-03-05</lastmod></url></urlset>",),
    "push": (b'{"events": [{"type": "message", "message": {"type": "text", "id": "1", "text": "a"}}]}',
             b'{"reviews": [{"id": 1, "body": "a", "stars": "4/5", "at": "2026-03-05"}]}',
             b'{"entry": [{"id": "1", "changes": [{"field": "feed", "value": {"item": "post", "post_id": "1"}}]}]}'),
    "stream": (b'{"kind": "commit", "time_us": 1, "did": "d", "commit": {"operation": "create", "rkey": "k", '
               b'"collection": "app.bsky.feed.post", "record": {"text": "soup", "createdAt": "2026-03-05"}}}',),
    "table": (b"\x00id,text,date,likes\n1,\"a\nb\",5/3/2569,1.234\n", b'\x01{"text": "a", "rating": "4/5"}\n',
              b'\x02[{"text": "a", "comments": [{"text": "b"}]}]'),
    "bounce": (b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
               b"Final-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1\r\n--b--",),
    "query": ('"cold soup" NEAR/3 refund AND NOT (lang:th OR 退款*)'.encode(),),
}  # fmt: skip


def seeds(name: str) -> tuple[bytes, ...]:
    """Return inputs from which a target's readers can be reached."""
    kind = name.removeprefix("kind_")
    kept = KEPT.get({"mail": "imap", "ptt_page": "ptt"}.get(name, kind))
    return _SEEDS.get(name) or ((quarantined(kept, ValueError()).raw,) if kept is not None else (b"{}",))
