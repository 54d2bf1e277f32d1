"""What Meta's webhooks tell of one's own pages and accounts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError
from collectors.meta_push import parse
from collectors.types import Received, SourceKind
from tests import make
from tests.collectors.played import Given, played
from tests.collectors.shaken import assert_never_raises

PAGE, ACCOUNT = "1929", "17841405822304914"
SETTINGS = {
    SourceKind.FACEBOOK: {"page": PAGE, "token": "t"},
    SourceKind.INSTAGRAM: {"account": ACCOUNT, "token": "t"},
    SourceKind.THREADS: {"query": "lantern", "token": "t", "own_accounts": "lantern_tea"},
}
AT = int(make.NOW.timestamp())


def read(kind: SourceKind, document: object, **settings: str) -> Received:
    source = make.source(kind=kind, settings={**SETTINGS[kind], **settings})
    return parse(json.dumps(document).encode(), source, now=make.NOW)


def of_page(*values: dict[str, Any], page: str = PAGE) -> dict[str, Any]:
    changes = [{"field": "feed", "value": {"from": {"id": "77", "name": "Mei"}, **value}} for value in values]
    return {"object": "page", "entry": [{"id": page, "time": AT, "changes": changes}]}


def comment(verb: str = "add", **given: Any) -> dict[str, Any]:
    return {
        "item": "comment",
        "verb": verb,
        "post_id": f"{PAGE}_5",
        "comment_id": "5_6",
        "parent_id": f"{PAGE}_5",
        "created_time": AT,
        "message": "氣死我了",
        **given,
    }


def test_a_comment_on_a_page_is_heard_at_once_and_completed_by_a_poll() -> None:
    received = read(SourceKind.FACEBOOK, of_page(comment()))
    (mention,) = received.collected.mentions

    assert (mention.id, mention.parent, mention.root, mention.text) == ("5_6", f"{PAGE}_5", f"{PAGE}_5", "氣死我了")
    assert (mention.author.name, mention.published_at, mention.site) == ("Mei", make.NOW, "Facebook")
    assert received.poll


def test_a_comment_that_was_removed_leaves_no_words() -> None:
    (mention,) = read(SourceKind.FACEBOOK, of_page(comment("remove"))).collected.mentions

    assert (mention.id, mention.text, mention.deleted) == ("5_6", "", True)


def test_the_pages_own_answer_is_the_owners() -> None:
    (mention,) = read(SourceKind.FACEBOOK, of_page({**comment(), "from": {"id": PAGE}})).collected.mentions

    assert mention.reply_by_owner


def test_a_like_is_ignored_and_counted_and_asks_for_no_poll() -> None:
    received = read(SourceKind.FACEBOOK, of_page({"item": "reaction", "verb": "add"}))

    assert (received.collected.seen, received.ignored, received.poll) == (0, 1, False)


def test_what_is_about_another_page_of_the_app_is_left_to_that_page() -> None:
    received = read(SourceKind.FACEBOOK, of_page(comment(), page="4711"))

    assert (received.collected.seen, received.accounts, received.poll) == (0, ("4711",), False)
    assert read(SourceKind.FACEBOOK, of_page(comment(), page="4711"), page="lanterntea").collected.seen == 1


def of_instagram(field: str, value: object) -> dict[str, Any]:
    return {
        "object": "instagram",
        "entry": [{"id": ACCOUNT, "time": AT, "changes": [{"field": field, "value": value}]}],
    }


def test_an_instagram_comment_is_heard_and_its_time_left_to_the_poll() -> None:
    value = {"id": "9", "from": {"id": "8", "username": "mei"}, "text": "เย็นชืด", "media": {"id": "7"}}
    received = read(SourceKind.INSTAGRAM, of_instagram("comments", value))
    (mention,) = received.collected.mentions

    assert (mention.id, mention.parent, mention.author.id, mention.text) == ("9", "7", "mei", "เย็นชืด")
    assert (mention.published_at, received.poll) == (None, True)


def test_the_older_shape_of_an_instagram_notification_is_read_too() -> None:
    value = {"id": "9", "text": "cold", "media": {"id": "7"}}
    document = [{"object": "instagram", "entry": [{"id": ACCOUNT, "time": AT, "field": "comments", "value": value}]}]

    assert read(SourceKind.INSTAGRAM, document).collected.seen == 1


def test_a_mention_on_instagram_is_asked_for_by_the_poll() -> None:
    comment_of = read(SourceKind.INSTAGRAM, of_instagram("mentions", {"media_id": "7", "comment_id": "9"}))
    caption = read(SourceKind.INSTAGRAM, of_instagram("mentions", {"media_id": "7"}))

    assert (comment_of.wanted, caption.wanted) == (("comment:9",), ("media:7",))
    assert comment_of.poll


def test_a_reply_on_threads_is_heard_whole() -> None:
    value = {
        "id": "8901234",
        "username": "mei",
        "text": "Cold!",
        "permalink": "https://www.threads.net/@mei/post/Pp",
        "replied_to": {"id": "567890"},
        "root_post": {"id": "123456"},
        "timestamp": "2026-03-05T10:33:16+0000",
    }
    document = {"topic": "moderate", "target_id": "78901", "values": {"value": value, "field": "replies"}}
    received = read(SourceKind.THREADS, document)
    (mention,) = received.collected.mentions

    assert (mention.id, mention.parent, mention.root, mention.text) == ("8901234", "567890", "123456", "Cold!")
    assert not received.poll
    gone = read(SourceKind.THREADS, {"values": {"value": {"id": "8901234"}, "field": "delete"}})
    assert gone.collected.mentions[0].deleted


def test_a_poison_change_costs_no_sibling_and_an_unknown_field_nothing() -> None:
    document = of_page(comment(), comment(comment_id=None), comment(comment_id="5_7"))
    document["entry"][0]["changes"] += [{"field": "feed", "value": 7}, {"field": "something_new", "value": {}}]
    received = read(SourceKind.FACEBOOK, document)

    assert [len(received.collected.mentions), len(received.collected.quarantined), received.ignored] == [2, 2, 1]


@given(st.binary())
@pytest.mark.parametrize("kind", SETTINGS)
def test_any_bytes_give_mentions_or_a_collect_error(kind: SourceKind, payload: bytes) -> None:
    try:
        parse(payload, make.source(kind=kind, settings=SETTINGS[kind]), now=make.NOW)
    except CollectError:
        return


@pytest.mark.parametrize("kind", SETTINGS)
def test_any_value_anywhere_gives_mentions_or_a_collect_error(kind: SourceKind) -> None:
    for document in (of_page(comment()), of_instagram("mentions", {"comment_id": "9"})):
        assert_never_raises(lambda one: read(kind, one).collected, document)


async def test_the_poll_asks_for_mentions_by_their_numbers() -> None:
    found = {"id": "9", "text": "@lantern cold", "timestamp": "2026-03-05T09:00:00+0000", "username": "mei"}
    async with played() as platform:
        platform.on(f"/v26.0/{ACCOUNT}/tags", {"data": []})
        platform.on(f"/v26.0/{ACCOUNT}/media", {"data": []})
        platform.on(
            f"/v26.0/{ACCOUNT}",
            {"mentioned_comment": found, "id": ACCOUNT},
            Given(content={"error": {"message": "gone", "code": 100}}, status=400),
            Given(content={"error": {"message": "busy"}}, status=500),
        )
        cursor = {"wanted": ["comment:9", "media:4", "media:5", "media:6", 7, "user:1"]}
        collected = await platform.poll("instagram", SETTINGS[SourceKind.INSTAGRAM], cursor=cursor)

    assert [(mention.id, mention.text) for mention in collected.mentions] == [("9", "@lantern cold")]
    assert collected.cursor["wanted"] == ["media:5", "media:6"]
    asked = [one.query["fields"] for one in platform.asked if one.path == f"/v26.0/{ACCOUNT}"]
    assert asked[0] == "mentioned_comment.comment_id(9){id,text,timestamp,username,like_count}"
