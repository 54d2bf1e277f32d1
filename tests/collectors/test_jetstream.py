"""Bluesky's posts as they are written."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.egress import GuardedEgress
from collectors.errors import SettingError
from collectors.jetstream import JetstreamFollower, parse
from collectors.listened_words import folded, pattern_of
from collectors.streams import GuardedStreams
from collectors.types import Heard, SourceKind
from tests import make
from tests.streaming import Streaming, streaming

SETTINGS = {"query": "lantern", "stream": "yes", "words": "lantern tea, 燈籠茶, ชาโคมไฟ"}
AT = int(make.NOW.timestamp() * 1e6)
URI = "at://did:plc:mei/app.bsky.feed.post/3m7"


def event(text: str = "the Lantern Tea was cold", *, operation: str = "create", at: int = AT, **commit: Any) -> Any:
    record = {"$type": "app.bsky.feed.post", "createdAt": "2026-03-05T11:59:00Z", "text": text, "langs": ["en"]}
    whole = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": "3m7", "record": record, **commit}
    return {"did": "did:plc:mei", "time_us": at, "kind": "commit", "commit": whole}


def read(said: object, **settings: str) -> Heard:
    source = make.source(kind=SourceKind.BLUESKY, settings={**SETTINGS, **settings})
    return parse(json.dumps(said).encode(), source, now=make.NOW)


def test_a_post_with_the_words_is_heard() -> None:
    heard = read(event())
    (mention,) = heard.mentions

    assert (mention.id, mention.site, mention.text, mention.language) == (
        URI,
        "Bluesky",
        "the Lantern Tea was cold",
        "en",
    )
    assert (mention.author.id, mention.url) == ("did:plc:mei", "https://bsky.app/profile/did:plc:mei/post/3m7")
    assert heard.cursor == {"time_us": AT}


@pytest.mark.parametrize("text", ["ＬＡＮＴＥＲＮ ｔｅａ!", "今天喝了燈籠茶超難喝", "สั่งชาโคมไฟไปเย็นชืด"])
def test_words_are_found_in_every_script(text: str) -> None:
    assert len(read(event(text)).mentions) == 1


@pytest.mark.parametrize("text", ["lanterns and tea", "lantern teatime", "燈籠", ""])
def test_other_words_are_let_go_and_the_place_is_kept(text: str) -> None:
    assert read(event(text)) == Heard(cursor={"time_us": AT})


def test_a_deleted_post_leaves_a_tombstone_for_whoever_has_it() -> None:
    heard = read(event(operation="delete", record=None))

    assert [(one.id, one.deleted) for one in heard.gone] == [(URI, True)]
    assert not heard.mentions


def test_what_is_no_post_says_nothing() -> None:
    for other in (
        event(collection="app.bsky.feed.like"),
        {"kind": "identity", "time_us": AT, "identity": {}},
        {"kind": "something_new", "time_us": AT},
    ):
        assert read(other) == Heard(cursor={"time_us": AT})


def test_a_post_without_a_name_is_set_aside() -> None:
    assert len(read(event(rkey=None)).quarantined) == 1
    assert len(parse(b"{", make.source(settings={}), now=make.NOW).quarantined) == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_heard_or_set_aside(message: bytes) -> None:
    parse(message, make.source(kind=SourceKind.BLUESKY, settings=SETTINGS), now=make.NOW)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_words_make_a_pattern(words: str, text: str) -> None:
    pattern = pattern_of(words)

    assert pattern is None or pattern.search(folded(text)) is None or text


@pytest.mark.corpus
def test_recorded_posts_are_heard(corpus: Path) -> None:
    recorded = json.loads((corpus / "payloads/bluesky/medialab__twitwi/bluesky-firehose-posts.json").read_bytes())
    heard = [read(one, words="") for one in recorded]

    assert all(len(one.mentions) == 1 and one.cursor for one in heard)


@pytest.fixture
async def place() -> AsyncIterator[Streaming]:
    async with streaming() as opened:
        yield opened


async def follow(
    place: Streaming, *, most: int, cursor: dict[str, Any] | None = None, whole: bool = False
) -> list[Heard]:
    """Return what is heard first, the empty beginning left out unless all is wanted."""
    settings = {**SETTINGS, "jetstream": place.url}
    source = make.source(kind=SourceKind.BLUESKY, settings=settings, allow_private=True, cursor=cursor or {})
    found: list[Heard] = []
    async with GuardedEgress() as egress, GuardedStreams() as streams:
        said = JetstreamFollower().follow(source, egress=egress, streams=streams, clock=lambda: make.NOW)
        async with aclosing(said):
            async for heard in said:
                found.append(heard)
                if len(found) > most:
                    break
    return found if whole else found[1:]


async def test_posts_are_heard_as_they_are_said(place: Streaming) -> None:
    place.greeting = [event("nothing"), event(), event("nothing"), event(operation="delete")]
    heard = await follow(place, most=2)

    assert [len(one.mentions) for one in heard] == [1, 0]
    assert place.queries == [{"wantedCollections": "app.bsky.feed.post"}]


async def test_a_break_is_gone_on_from_with_an_overlap(place: Streaming) -> None:
    place.greeting = [event()]
    await follow(place, most=1, cursor={"time_us": AT})
    await follow(place, most=1, cursor={"time_us": 1})
    await follow(place, most=1, cursor={"time_us": "x"})

    assert [query.get("cursor") for query in place.queries] == [str(AT - 5_000_000), None, None]


async def test_a_break_longer_than_the_stream_remembers_is_a_gap(place: Streaming) -> None:
    day_us = 86_400_000_000
    for days, gap in ((4, True), (1, False)):
        cursor = {"time_us": int(make.NOW.timestamp() * 1e6) - days * day_us}
        place.greeting = [event()]
        (first, _) = await follow(place, most=1, cursor=cursor, whole=True)

        assert first.gap is gap


async def test_the_place_is_noted_though_nothing_wanted_is_said(place: Streaming) -> None:
    place.greeting = [event("nothing", at=AT + number) for number in range(2_000)]
    (heard,) = await follow(place, most=1)

    assert heard.cursor == {"time_us": AT + 1_999}


async def test_an_address_of_another_kind_is_refused() -> None:
    source = make.source(kind=SourceKind.BLUESKY, settings={**SETTINGS, "jetstream": "jetstream.example"})
    async with GuardedEgress() as egress, GuardedStreams() as streams:
        said = JetstreamFollower().follow(source, egress=egress, streams=streams, clock=lambda: make.NOW)
        with pytest.raises(SettingError, match="jetstream: is an address"):
            await anext(said)
