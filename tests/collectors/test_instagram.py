"""Instagram: media that tag an account, and comments under its own."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.instagram import parse
from collectors.types import Collected
from tests import make
from tests.collectors.played import Given, played
from tests.collectors.shaken import assert_never_raises

TAGS, MEDIA = "/v26.0/17841405822304914/tags", "/v26.0/17841405822304914/media"
ACCOUNT = {"account": "17841405822304914", "token": "very-secret-token"}
SOURCE = make.source(kind="instagram", settings=ACCOUNT)


def at(seconds_ago: float) -> str:
    return (make.NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def comment(number: int = 1, **changed: Any) -> dict[str, Any]:
    given = {"id": f"c{number}", "text": "ชาเย็นมาก", "timestamp": at(number), "username": "bob", "like_count": 1}
    return {**given, **changed}


def medium(number: int = 1, *comments: Any, **changed: Any) -> dict[str, Any]:
    given = {
        "id": f"m{number}",
        "caption": "tea @lantern",
        "media_type": "IMAGE",
        "permalink": f"https://www.instagram.com/p/{number}/",
        "timestamp": at(number),
        "username": "ann",
        "like_count": 5,
        "comments_count": len(comments),
        "comments": {"data": list(comments)},
    }
    return {**given, **changed}


def answer(*items: Any, more: str | None = None) -> dict[str, Any]:
    return {"data": list(items), "paging": {"cursors": {"after": more}, "next": "https://x"} if more else {}}


def read(*items: Any) -> Collected:
    return parse(json.dumps(answer(*items)).encode(), SOURCE, now=make.NOW)


def test_a_medium_and_its_comments_become_mentions() -> None:
    first, second, third = read(medium(1, comment(1, replies={"data": [comment(2)]}))).mentions

    assert (first.id, first.url, first.text) == ("m1", "https://www.instagram.com/p/1/", "tea @lantern")
    assert (first.author.name, first.author.url) == ("ann", "https://www.instagram.com/ann/")
    assert first.engagement == {"likes": 5, "replies": 1}
    assert (second.id, second.parent, second.root, second.text) == ("c1", "m1", "m1", "ชาเย็นมาก")
    assert (third.id, third.parent, third.root) == ("c2", "c1", "m1")


def test_an_unreadable_item_costs_no_sibling() -> None:
    collected = read(medium(1, comment(1), 7, {}), {}, None, medium(2, new_field={}))

    assert [len(collected.mentions), len(collected.quarantined)] == [3, 4]


@given(st.binary())
def test_any_bytes_give_mentions_or_a_collect_error(payload: bytes) -> None:
    try:
        parse(payload, SOURCE, now=make.NOW)
    except CollectError:
        return


def test_any_value_anywhere_gives_mentions_or_a_collect_error() -> None:
    document = answer(medium(1, comment(1, replies={"data": [comment(2)]})), more="p")

    assert_never_raises(lambda one: parse(json.dumps(one).encode(), SOURCE, now=make.NOW), document)


async def test_tags_and_own_media_are_read_page_by_page() -> None:
    async with played() as platform:
        platform.on(TAGS, answer(medium(1), more="t1"), answer(medium(2)))
        platform.on(MEDIA, answer(medium(3, comment(1), username="lantern")))

        collected = await platform.poll("instagram", ACCOUNT)

    assert platform.paths == [TAGS, TAGS, MEDIA]
    assert platform.asked[1].query["after"] == "t1"
    assert "replies" in platform.asked[2].query["fields"]
    told = {mention.id: mention.reply_by_owner for mention in collected.mentions}
    assert told == {"m1": False, "m2": False, "m3": True, "c1": False}
    assert collected.cursor == {
        "tags": {"newest": (make.NOW - timedelta(seconds=1)).isoformat()},
        "comments": {"newest": (make.NOW - timedelta(seconds=3)).isoformat()},
    }


async def test_one_part_may_fail_and_only_one_be_asked_for() -> None:
    async with played() as platform:
        platform.on(TAGS, Given(content={"error": {"message": "oops", "code": 2}}, status=500))
        platform.on(MEDIA, answer(medium(3)))
        both = await platform.poll("instagram", ACCOUNT, cursor={"tags": {"newest": make.NOW.isoformat()}})
        only = await platform.poll("instagram", {**ACCOUNT, "read": "comments"}, cursor=dict(both.cursor))

    assert "tags: " in str(both.warning)
    assert both.cursor["tags"] == only.cursor["tags"] == {"newest": make.NOW.isoformat()}
    assert platform.paths == [TAGS, MEDIA, MEDIA]


async def test_a_limit_and_an_expired_token() -> None:
    async with played() as platform:
        platform.on(TAGS, Given(content={"error": {"message": "limit", "code": 4}}, status=403))
        with pytest.raises(RateLimited):
            await platform.poll("instagram", ACCOUNT)
        platform.on(TAGS, Given(content={"error": {"message": "expired", "code": 190}}, status=400))
        with pytest.raises(CollectError, match="setting token"):
            await platform.poll("instagram", ACCOUNT)


async def test_an_account_is_a_number() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="account: is the number"):
            await platform.poll("instagram", {**ACCOUNT, "account": "lantern"})


@pytest.mark.corpus
async def test_recorded_media_and_comments_are_read(corpus: Path) -> None:
    folder = corpus / "payloads/instagram/sns-sdks__python-facebook"
    for name in ("users/medias_p1.json", "users/medias_p2.json", "medias/comments_p1.json", "comments/replies.json"):
        recorded = json.loads((folder / name).read_text())

        collected = parse(json.dumps(recorded).encode(), SOURCE, now=make.NOW)

        assert [mention.id for mention in collected.mentions] == [one["id"] for one in recorded["data"]]
        assert not collected.quarantined
        assert all(mention.published_at for mention in collected.mentions)
