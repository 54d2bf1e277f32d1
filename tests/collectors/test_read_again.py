"""An item that was set aside is read by itself as its siblings were: of every kind, in the form it was kept in."""

from typing import Any

import pytest

from collectors import feed_items, ptt_page, registry
from collectors.errors import CollectError
from collectors.kinds import KINDS
from collectors.parser_child import answer
from collectors.shape import mention_to_json
from collectors.types import SourceKind
from tests import make
from tests.collectors.test_every_kind import SETTINGS

_REVIEW = {"reviewId": "r1", "comments": [{"userComment": {"text": "Cold soup", "starRating": 1}}]}
_PLACED = {"reviewId": "r1", "starRating": "ONE", "comment": "Cold soup"}
_RATED = {"id": "r1", "attributes": {"rating": 1, "title": "", "body": "Cold soup"}}
#: What `quarantined` was given, of each kind whose items can be read by themselves.
KEPT: dict[str, Any] = {
    "feed": {"items": [{"id": "1", "content_text": "Cold soup"}]},
    "imap": b"From: a@example.com\r\nSubject: Soup\r\nMessage-ID: <1@example.com>\r\n\r\nCold soup",
    "bluesky": {"uri": "at://did:plc:a/app.bsky.feed.post/1", "record": {"text": "Cold soup"}},
    "mastodon": {"id": "1", "uri": "https://s.example/1", "visibility": "public", "content": "<p>Cold soup</p>"},
    "discourse": {"id": 1, "topic_id": 2, "post_number": 3, "cooked": "<p>Cold soup</p>"},
    "reddit": {"kind": "t1", "data": {"id": "1", "name": "t1_1", "body": "Cold soup"}},
    "steam": {"recommendationid": "1", "review": "Cold soup", "voted_up": False},
    "hacker_news": {"objectID": "1", "comment_text": "Cold soup"},
    "stack_exchange": {"question_id": 1, "title": "Soup", "body": "Cold soup"},
    "telegram": {"update_id": 1, "channel_post": {"message_id": 1, "chat": {"id": -1}, "text": "Cold soup"}},
    "x": {"id": "1", "text": "Cold soup"},
    "threads": {"id": "1", "text": "Cold soup"},
    "facebook": {"id": "1_2", "message": "Cold soup"},
    "instagram": {"id": "1", "caption": "Cold soup"},
    "weibo": {"id": 1, "text": "Cold soup"},
    "app_store": {"id": {"label": "1"}, "im:rating": {"label": "1"}, "content": {"label": "Cold soup"}},
    "youtube": {"id": "1", "snippet": {"textOriginal": "Cold soup", "videoId": "v"}, "thread": None},
    "ptt": b"""<link rel="canonical" href="https://www.ptt.cc/bbs/Food/M.1772700000.A.ABC.html">
        <div id="main-content">Cold soup</div>""",
    "web_page": '<div class="review">Cold soup</div>',
    "sitemap": '<script type="application/ld+json">{"@type": "Review", "reviewBody": "Cold soup"}</script>',
    "pantip": {"id": "1", "title": "Cold soup"},
    "google_play": {"review": _REVIEW, "comment": {}, "answer": False},
    "google_business": {"review": _PLACED, "answer": None},
    "app_store_connect": {"review": _RATED, "answer": None},
}
_MORE = {
    "web_page": {"url": "https://forum.example/", "item": ".review"},
    "sitemap": {"url": "https://forum.example/sitemap.xml"},
}


def test_every_kind_that_is_polled_reads_its_items_again() -> None:
    assert KEPT.keys() == {kind.value for kind, entry in KINDS.items() if entry.collector}


@pytest.mark.parametrize("kind", KEPT)
def test_an_item_is_read_by_itself(kind: str) -> None:
    raw = feed_items.quarantined(KEPT[kind], ValueError("a mistake of ours")).raw
    source = make.source(kind=SourceKind(kind), settings=_MORE.get(kind, SETTINGS.get(kind, {})))
    found = registry.read_again(raw, source, now=make.NOW)

    assert "Cold soup" in {part for mention in found.mentions for part in (mention.text, mention.title)}


def test_a_push_of_ptt_is_read_by_itself() -> None:
    page = (
        b'<link rel="canonical" href="https://www.ptt.cc/bbs/Food/M.1772700000.A.ABC.html"><div id="main-content">Soup'
        b'<div class="push"><span class="hl push-tag">\xe6\x8e\xa8 </span><span class="f3 push-userid">ann</span>'
        b'<span class="f3 push-content">: Cold soup</span><span class="push-ipdatetime"> 03/05 10:00</span></div></div>'
    )
    source = make.source(kind=SourceKind.PTT, settings={"board": "Food"})
    # With settings that no source can have, none of the page's items can be read.
    unread = make.source(kind=SourceKind.PTT, settings={"site": None})

    article, push = ptt_page.parse(page, source, now=make.NOW).mentions
    kept = [one.raw for one in ptt_page.parse(page, unread, now=make.NOW).quarantined]

    assert [registry.read_again(raw, source, now=make.NOW).mentions for raw in kept] == [(article,), (push,)]


@pytest.mark.parametrize("operation", ["create", "delete"])
def test_an_event_of_the_stream_is_read_by_itself(operation: str) -> None:
    said = {"$type": "app.bsky.feed.post", "text": "Cold soup", "createdAt": "2026-03-05T10:00:00Z"}
    event = {
        "did": "did:plc:a",
        "time_us": 1772700000000000,
        "kind": "commit",
        "commit": {"operation": operation, "collection": "app.bsky.feed.post", "rkey": "1", "record": said},
    }
    raw = feed_items.quarantined(event, ValueError("a mistake of ours")).raw
    source = make.source(kind=SourceKind.BLUESKY, settings={"query": "soup"})

    (mention,) = registry.read_again(raw, source, now=make.NOW).mentions

    assert mention.id == "at://did:plc:a/app.bsky.feed.post/1"
    assert (mention.text, mention.deleted) == (("Cold soup", False) if operation == "create" else ("", True))


@pytest.mark.parametrize("field", ["unknown", "review"])
def test_an_item_too_long_to_be_kept_whole_is_read_from_what_is_kept(field: str) -> None:
    item = {**KEPT["steam"], "more": [{"a": 1}] * 30_000, field: "冷湯 Cold soup " * 9_000}
    raw = feed_items.quarantined(item, ValueError("a mistake of ours")).raw
    source = make.source(kind=SourceKind.STEAM, settings=SETTINGS["steam"])

    (mention,) = registry.read_again(raw, source, now=make.NOW).mentions

    assert len(raw) <= feed_items.MAX_RAW_BYTES
    assert "Cold soup" in mention.text


def test_twenty_thousand_chinese_characters_are_kept_whole() -> None:
    raw = feed_items.quarantined({"text": "湯" * 20_000}, ValueError()).raw

    assert raw.decode() == '{"text": "' + "湯" * 20_000 + '"}'


def with_unknown_fields(value: Any) -> Any:
    """The value with a field in each of its objects that no documentation has."""
    if isinstance(value, list):
        return [with_unknown_fields(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {**{key: with_unknown_fields(one) for key, one in value.items()}, "x_unknown": {"a": [1, None, "b"]}}


@pytest.mark.parametrize("kind", [kind for kind, kept in KEPT.items() if isinstance(kept, dict)])
def test_unknown_fields_change_nothing(kind: str) -> None:
    source = make.source(kind=SourceKind(kind), settings=_MORE.get(kind, SETTINGS.get(kind, {})))
    plain, more = (
        registry.read_again(feed_items.quarantined(item, ValueError()).raw, source, now=make.NOW).mentions
        for item in (KEPT[kind], with_unknown_fields(KEPT[kind]))
    )

    assert plain == more


@pytest.mark.parametrize("kind", [kind for kind in KEPT if kind != "imap"])
def test_what_was_cut_still_waits(kind: str) -> None:
    source = make.source(kind=SourceKind(kind), settings=_MORE.get(kind, SETTINGS.get(kind, {})))
    for raw in (b"", b'{"id"', b"\xff\x00"):
        with pytest.raises(CollectError):
            registry.read_again(raw, source, now=make.NOW)


def test_a_reader_that_stumbles_leaves_the_item_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.discourse.decode", None)
    with pytest.raises(CollectError, match="TypeError"):
        registry.read_again(b"{}", make.source(kind=SourceKind.DISCOURSE, settings=SETTINGS["discourse"]), now=make.NOW)


def test_an_entry_of_xml_is_read_again_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"""<rss version='2.0'><channel><item><guid>1</guid><title>Soup</title><description>Cold soup</description>
        <pubDate>Tue, 03 Mar 2026 10:00:00 +0800</pubDate></item></channel></rss>"""
    source = make.source()
    head = {"url": source.settings["url"], "site": None, "now": make.NOW.isoformat(), "language": None, "zone": ""}
    head["content_type"] = "text/xml"
    with monkeypatch.context() as broken:
        broken.setattr("collectors.feed_xml._author", None)
        ((raw, _),) = answer(head, body)["quarantined"]
    again = registry.read_again(raw.encode(), source, now=make.NOW)

    assert [mention_to_json(one) for one in again.mentions] == answer(head, body)["mentions"]
