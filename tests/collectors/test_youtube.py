"""Comments of YouTube: threads, replies, edits, spent quotas and videos that have none."""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import CollectError, RateLimited, SettingError
from collectors.types import Collected, SourceKind
from collectors.youtube import parse
from tests import make
from tests.collectors.played import Given, Platform, played
from tests.collectors.shaken import assert_never_raises

KEY = "AIzaOurs"
CHANNEL = "UCaaaaaaaaaaaaaaaaaaaaaa"
VIDEO = "dQw4w9WgXcQ"
THREADS, COMMENTS = "/youtube/v3/commentThreads", "/youtube/v3/comments"
SETTINGS = {"api_key": KEY, "videos": VIDEO}
SOURCE = make.source(kind=SourceKind.YOUTUBE, settings={**SETTINGS, "channel": CHANNEL})


def comment(name: str, *, at: str = "2026-03-05T09:00:00Z", by: str = "UCzj", **snippet: Any) -> dict[str, Any]:
    """One comment in the shape of the documentation."""
    return {
        "kind": "youtube#comment",
        "etag": "x",
        "id": name,
        "snippet": {
            "authorDisplayName": "@noodle_fan",
            "authorChannelUrl": "http://www.youtube.com/@noodle_fan",
            "authorChannelId": {"value": by},
            "textDisplay": f"麵太鹹了 {name}",
            "canRate": True,
            "likeCount": 4,
            "publishedAt": at,
            "updatedAt": at,
            **snippet,
        },
    }


def thread(name: str, *, replies: int = 0, carried: tuple[dict[str, Any], ...] = (), **given: Any) -> dict[str, Any]:
    """One thread, which can have more replies than it carries."""
    found: dict[str, Any] = {
        "kind": "youtube#commentThread",
        "id": name,
        "snippet": {
            "videoId": VIDEO,
            "topLevelComment": comment(name, **given),
            "canReply": True,
            "totalReplyCount": replies or len(carried),
        },
    }
    return {**found, "replies": {"comments": list(carried)}} if carried else found


def page(*items: Any, following: str | None = None) -> dict[str, Any]:
    found = {"kind": "youtube#commentThreadListResponse", "pageInfo": {"resultsPerPage": 100}, "items": list(items)}
    return {**found, "nextPageToken": following} if following else found


def refusal(reason: str, status: int = 403) -> Given:
    error = {"code": status, "message": "No.", "errors": [{"domain": "youtube", "reason": reason, "message": "No."}]}
    return Given(content={"error": error}, status=status)


def read(document: Any) -> Collected:
    return parse(json.dumps(document).encode(), SOURCE, now=make.NOW)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with played() as running:
        yield running


def test_a_thread_gives_its_comment_and_its_replies() -> None:
    owner = comment("t1.r1", by=CHANNEL, textOriginal="抱歉，請私訊我們", parentId="t1")

    top, reply = read(page(thread("t1", carried=(owner,)))).mentions

    assert (top.id, top.parent, top.root, top.text) == ("t1", None, None, "麵太鹹了 t1")
    assert top.published_at == datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    assert (top.edited_at, top.reply_by_owner) == (None, False)
    assert top.engagement == {"likes": 4, "replies": 1}
    assert (top.author.id, top.author.name) == ("UCzj", "@noodle_fan")
    assert top.url == f"https://www.youtube.com/watch?v={VIDEO}&lc=t1"
    assert (reply.id, reply.parent, reply.root) == ("t1.r1", "t1", "t1")
    assert reply.reply_by_owner
    assert reply.text == "抱歉，請私訊我們"


def test_an_edited_comment_keeps_its_id_and_says_when() -> None:
    (mention,) = read(page(thread("t1", updatedAt="2026-03-05T10:00:00Z"))).mentions

    assert (mention.id, mention.edited_at) == ("t1", datetime(2026, 3, 5, 10, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("so bad<br>really &amp; truly", "so bad\nreally & truly"),
        ('<a href="http://x.example/">x.example</a>', "x.example"),
        ("1 < 2 and I <3 it", "1 < 2 and I <3 it"),
    ],
)
def test_text_is_plain_in_either_form(shown: str, text: str) -> None:
    assert read(page(thread("t1", textDisplay=shown))).mentions[0].text == text


def test_a_poison_comment_costs_only_itself() -> None:
    broken = {**comment("t2.r1"), "snippet": None}

    found = read(page(thread("t1"), "junk", thread("t2", carried=(broken, comment("t2.r2")))))

    assert [mention.id for mention in found.mentions] == ["t1", "t2", "t2.r2"]
    assert len(found.quarantined) == 2


def test_whatever_stands_in_a_document_gives_comments_or_our_error() -> None:
    assert_never_raises(read, page(thread("t1", carried=(comment("t1.r1", parentId="t1"),)), following="x"))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_comments_or_our_error(payload: bytes) -> None:
    with contextlib.suppress(CollectError):
        parse(payload, SOURCE, now=make.NOW)


async def test_what_is_asked_is_what_the_documentation_says(platform: Platform) -> None:
    platform.on(THREADS, page())

    await platform.poll("youtube", {**SETTINGS, "videos": f"https://youtu.be/{VIDEO}?t=3", "search": "麵"})

    assert platform.asked[0].query == {
        "part": "snippet,replies",
        "order": "time",
        "videoId": VIDEO,
        "maxResults": "100",
        "textFormat": "plainText",
        "searchTerms": "麵",
        "key": KEY,
    }


async def test_pages_are_read_back_to_what_is_known_and_a_week_again(platform: Platform) -> None:
    platform.on(
        THREADS,
        page(thread("t3", at="2026-03-05T09:00:00Z"), following="2"),
        page(thread("t2", at="2026-03-01T09:00:00Z"), following="3"),
        page(thread("t1", at="2026-02-01T09:00:00Z"), following="4"),
        page(thread("t0", at="2026-01-01T09:00:00Z")),
    )
    first = await platform.poll("youtube", SETTINGS)
    platform.on(
        THREADS,
        page(thread("t4", at="2026-03-05T10:00:00Z"), thread("t3", at="2026-03-05T09:00:00Z"), following="2"),
        page(thread("t2", at="2026-02-20T09:00:00Z"), following="3"),
        page(thread("t1")),
    )

    second = await platform.poll("youtube", SETTINGS, cursor=json.loads(json.dumps(first.cursor)))

    assert [mention.id for mention in first.mentions] == ["t3", "t2", "t1", "t0"]
    assert [asked.query.get("pageToken") for asked in platform.asked] == [None, "2", "3", "4", None, "2"]
    assert [mention.id for mention in second.mentions] == ["t4", "t3", "t2"]


async def test_replies_beyond_those_carried_are_asked_for_once_until_there_are_more(platform: Platform) -> None:
    busy = thread("t1", replies=7, carried=(comment("t1.r7"),))
    platform.on(THREADS, page(busy))
    platform.on(COMMENTS, page(comment("t1.r7"), comment("t1.r6"), following="2"), page(comment("t1.r5")))
    first = await platform.poll("youtube", SETTINGS)

    second = await platform.poll("youtube", SETTINGS, cursor=first.cursor)
    platform.on(THREADS, page(thread("t1", replies=8, carried=(comment("t1.r8"),))))
    await platform.poll("youtube", SETTINGS, cursor=second.cursor)

    assert [mention.id for mention in first.mentions] == ["t1", "t1.r7", "t1.r6", "t1.r5"]
    assert {mention.parent for mention in first.mentions[1:]} == {"t1"}
    assert platform.paths == [THREADS, COMMENTS, COMMENTS, THREADS, THREADS, COMMENTS]
    assert platform.asked[2].query["pageToken"] == "2"


async def test_replies_beyond_one_poll_are_asked_for_by_the_next(platform: Platform) -> None:
    platform.on(THREADS, page(thread("t1", replies=9000)))
    platform.on(COMMENTS, *(page(comment("t1.r1"), following=f"on{number}") for number in range(30)))

    found = await platform.poll("youtube", SETTINGS)

    assert platform.paths.count(COMMENTS) == 30
    assert "left for the next poll" in (found.warning or "")
    assert found.cursor["heard"] == {}


async def test_a_spent_day_waits_for_midnight_on_the_pacific_coast(platform: Platform) -> None:
    platform.on(THREADS, refusal("quotaExceeded"))

    with pytest.raises(RateLimited) as caught:
        await platform.poll("youtube", SETTINGS)

    assert caught.value.retry_after == timedelta(hours=20)


async def test_a_day_spent_on_the_way_keeps_what_was_read(platform: Platform) -> None:
    platform.on(THREADS, page(thread("t1"), following="2"), refusal("quotaExceeded"))

    found = await platform.poll("youtube", SETTINGS)

    assert [mention.id for mention in found.mentions] == ["t1"]
    assert found.next_poll_after == timedelta(hours=20)
    assert found.cursor["newest"] == {}


async def test_turned_off_comments_cost_no_other_video(platform: Platform) -> None:
    platform.on(THREADS, refusal("commentsDisabled"), refusal("videoNotFound", 404), page(thread("t1")))

    found = await platform.poll("youtube", {**SETTINGS, "videos": "a" * 11 + "," + "b" * 11 + f",{VIDEO}"})

    assert [mention.id for mention in found.mentions] == ["t1"]
    assert "turned off" in (found.warning or "")
    assert "no such video" in (found.warning or "")


@pytest.mark.parametrize("answer", [refusal("keyInvalid", 400), refusal("forbidden"), refusal("keyExpired", 400)])
async def test_a_refused_key_names_the_setting_and_not_the_key(answer: Given, platform: Platform) -> None:
    platform.on(THREADS, answer)

    with pytest.raises(CollectError, match="the setting api_key") as caught:
        await platform.poll("youtube", SETTINGS)

    assert caught.value.permanent
    assert KEY not in str(caught.value)


async def test_a_partial_error_in_a_success_is_a_warning(platform: Platform) -> None:
    platform.on(THREADS, {**page(thread("t1")), "error": {"message": "some replies are missing"}, "unknown": {"a": 1}})

    found = await platform.poll("youtube", SETTINGS)

    assert len(found.mentions) == 1
    assert "some replies are missing" in (found.warning or "")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"api_key": KEY}, "channel: give the id"),
        ({"api_key": KEY, "channel": "@lantern"}, "channel: give the channel's id"),
        ({"api_key": KEY, "videos": "short"}, "videos: 'short' holds no video's id"),
        ({"videos": VIDEO}, "api_key: is required"),
    ],
)
async def test_a_wrong_setting_names_its_field(wrong: dict[str, str], said: str, platform: Platform) -> None:
    with pytest.raises(SettingError, match=said):
        await platform.poll("youtube", wrong)


@pytest.mark.corpus
async def test_recorded_threads_are_read_through_all_pages(platform: Platform, corpus: Path) -> None:
    folder = corpus / "payloads" / "youtube" / "sns-sdks__python-youtube"
    first, second = (
        (folder / "comment_threads" / f"comment_threads_by_video_paged_{number}.json").read_bytes() for number in (1, 2)
    )
    platform.on(THREADS, Given(content=first), Given(content=second), page())

    found = await platform.poll("youtube", SETTINGS)

    items = json.loads(first)["items"] + json.loads(second)["items"]
    assert not found.quarantined
    assert {item["id"] for item in items} <= {mention.id for mention in found.mentions}
    assert all(mention.text and mention.published_at and mention.author.id for mention in found.mentions)


@pytest.mark.corpus
def test_every_recorded_answer_is_read(corpus: Path) -> None:
    folder = corpus / "payloads" / "youtube" / "sns-sdks__python-youtube"
    for file in [*folder.glob("comment_threads/comment_threads_*.json"), *folder.glob("comments/comments_*.json")]:
        found = parse(file.read_bytes(), SOURCE, now=make.NOW)

        assert found.mentions, file.name
        assert not found.quarantined, file.name
