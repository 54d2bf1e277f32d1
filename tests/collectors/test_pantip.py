"""Pantip: topics of a search and the comments below them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.pantip import parse
from tests import make
from tests.collectors.played import Given, played

SEARCH, COMMENTS = "/api/search-service/search/getresult", "/forum/topic/render_comments"
ASKED = {"query": "ชาโคมไฟ", "authorisation": "dGVz", "accept_terms": "yes"}
SOURCE = make.source(kind="pantip", settings=ASKED)
BEGAN = int((make.NOW - timedelta(days=1)).timestamp())


def topic(number: int = 1, **changed: Any) -> dict[str, Any]:
    given = {
        "id": str(number),
        "title": "ใครเคยดื่ม <em>ชาโคมไฟ</em> บ้าง",
        "detail": "รสชาติ<em>เป็นยังไง</em>บ้างคะ",
        "url": f"https://pantip.com/topic/{number}",
        "created_time": BEGAN,
        "comments_count": 2,
    }
    return {**given, **changed}


def comment(number: int = 1, **changed: Any) -> dict[str, Any]:
    given = {
        "_id": f"c{number}",
        "comment_no": number,
        "message": "ไม่อร่อยเลยค่ะ<br>เสียดายเงิน",
        "user": {"mid": 7, "name": "นก", "link": "/profile/7"},
        "point": "3",
        "created_time": "03/04/2026 09:30:00",
        "replies": [],
    }
    return {**given, **changed}


def found(*topics: Any) -> dict[str, Any]:
    return {"success": True, "last_page": True, "total": "พบ 2,620 กระทู้", "data": list(topics)}


async def test_topics_and_their_comments_are_collected() -> None:
    async with played() as platform:
        platform.on(SEARCH, found(topic(42)))
        answer = comment(1, replies=[comment(2, message="จริง")])
        platform.on(COMMENTS, Given(content=b"\xef\xbb\xbf" + json.dumps({"count": 1, "comments": [answer]}).encode()))
        collected = await platform.poll("pantip", {**ASKED, "own_accounts": "โคมไฟ"})

        first, second, third = collected.mentions
        assert (first.id, first.title, first.text) == ("42", "ใครเคยดื่ม ชาโคมไฟ บ้าง", "รสชาติเป็นยังไงบ้างคะ")
        assert (second.id, second.parent, second.root) == ("42/c1", "42", "42")
        assert (second.text, second.author.name) == ("ไม่อร่อยเลยค่ะ\nเสียดายเงิน", "นก")
        assert second.published_at is not None
        assert second.published_at.isoformat() == "2026-03-04T02:30:00+00:00"
        assert (third.parent, third.engagement) == ("42/c1", {"likes": 3})
        assert collected.cursor == {"topics": {"42": BEGAN}}
        asked, rendered = platform.asked
        assert json.loads(asked.body)["keyword"] == "ชาโคมไฟ"
        assert asked.headers["ptauthorize"] == "Basic dGVz"
        assert rendered.headers["x-requested-with"] == "XMLHttpRequest"


async def test_the_terms_must_be_accepted() -> None:
    async with played() as platform:
        with pytest.raises(SettingError, match="accept_terms"):
            await platform.poll("pantip", {"query": "x", "authorisation": "y"})


async def test_a_pause_is_kept_and_html_in_place_of_json_costs_one_topic() -> None:
    async with played() as platform:
        platform.on(SEARCH, found(topic(1), topic(2)))
        platform.on(COMMENTS, Given(content=b"<html>hello</html>"), {"count": 0, "comments": []})
        collected = await platform.poll("pantip", ASKED)
        assert len(collected.mentions) == 2
        assert "not JSON" in (collected.warning or "")

        platform.on(SEARCH, Given(content=b"", status=429))
        with pytest.raises(RateLimited):
            await platform.poll("pantip", ASKED)


def test_an_answer_without_topics_is_an_error_and_a_bad_one_is_set_aside() -> None:
    with pytest.raises(CollectError, match="no list of data"):
        parse(b"{}", SOURCE, now=make.NOW)
    read = parse(json.dumps(found(topic(1), topic(2, id=None), None)).encode(), SOURCE, now=make.NOW)
    assert (len(read.mentions), len(read.quarantined)) == (1, 2)


@pytest.mark.corpus
def test_the_documented_shape_is_read(corpus: Path) -> None:
    payload = (corpus / "payloads" / "pantip" / "synthetic" / "search_getresult_shape.json").read_bytes()
    (one,) = parse(payload, SOURCE, now=make.NOW).mentions
    assert (one.id, one.engagement) == ("42900476", {"replies": 3})
