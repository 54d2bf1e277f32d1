"""Mastodon's statuses as they are written."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors.egress import GuardedEgress
from collectors.errors import Refused, SettingError, Unreachable
from collectors.mastodon_stream import MastodonFollower, events_of, parse
from collectors.streams import GuardedStreams
from collectors.types import Heard, SourceKind
from tests import make
from tests.streaming import Streaming, streaming

HASHTAG = {"instance": "social.example", "hashtag": "#LanternTea", "token": "sesame", "stream": "yes"}


def status(key: str = "1", text: str = "<p>cold #LanternTea</p>", **given: Any) -> dict[str, Any]:
    return {
        "id": key,
        "content": text,
        "created_at": "2026-03-05T11:59:00.000Z",
        "visibility": "public",
        "url": f"https://social.example/@mei/{key}",
        "account": {"acct": "mei", "display_name": "Mei", "url": "https://social.example/@mei"},
        **given,
    }


def read(name: str, data: object, **settings: str) -> Heard:
    source = make.source(kind=SourceKind.MASTODON, settings={**HASHTAG, **settings})
    return parse(name, (data if isinstance(data, str) else json.dumps(data)).encode(), source, now=make.NOW)


@pytest.mark.parametrize("name", ["update", "status.update"])
def test_a_status_and_its_edit_are_heard(name: str) -> None:
    (mention,) = read(name, status()).mentions

    assert (mention.id, mention.site, mention.text) == ("1", "social.example", "cold #LanternTea")
    assert mention.author.id == "mei@social.example"


def test_a_status_that_is_not_for_everyone_is_let_go() -> None:
    assert read("update", status(visibility="unlisted")) == Heard()
    assert read("update", status(account={"acct": "mei", "indexable": False})) == Heard()


def test_a_deleted_status_leaves_a_tombstone_for_whoever_has_it() -> None:
    (gone,) = read("delete", "109").gone

    assert (gone.id, gone.deleted) == ("109", True)


def test_of_the_public_stream_only_the_words_are_heard() -> None:
    public = {"hashtag": "", "query": "lantern", "words": "lantern tea"}

    assert len(read("update", status(text="<p>the Lantern Tea</p>"), **public).mentions) == 1
    assert read("update", status(text="<p>the tea</p>"), **public) == Heard()


@pytest.mark.parametrize("name", ["filters_changed", "notification", "conversation", "something.new", ""])
def test_other_events_say_nothing(name: str) -> None:
    assert read(name, status()) == Heard()


def test_a_status_that_cannot_be_read_is_set_aside() -> None:
    assert len(read("update", status(id=None)).quarantined) == 1
    assert len(read("update", "{").quarantined) == 1


async def _lines(*lines: bytes) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


async def test_events_are_told_apart_and_heartbeats_passed_over() -> None:
    said = _lines(
        b":)",
        b"event: update",
        b"data: a",
        b"data:b",
        b":thump",
        b"",
        b"event: delete",
        b"data: 7",
        b"",
        b"data: x",
        b"",
    )

    assert [event async for event in events_of(said)] == [("update", b"a\nb"), ("delete", b"7")]


async def test_an_event_without_end_is_refused() -> None:
    said = _lines(*[b"data: " + b"x" * 100_000] * 12)
    with pytest.raises(Refused, match="larger than"):
        [event async for event in events_of(said)]


@given(st.lists(st.binary(max_size=40), max_size=20))
async def test_any_lines_are_heard_or_set_aside(lines: list[bytes]) -> None:
    source = make.source(kind=SourceKind.MASTODON, settings=HASHTAG)
    async for name, data in events_of(_lines(*lines)):
        parse(name, data, source, now=make.NOW)


@pytest.fixture
async def place() -> AsyncIterator[Streaming]:
    async with streaming() as opened:
        yield opened


async def follow(place: Streaming, *, most: int, **settings: str) -> list[Heard]:
    """Return what is heard first, the empty beginning left out."""
    given = {key: value for key, value in {**HASHTAG, **settings}.items() if value}
    source = make.source(kind=SourceKind.MASTODON, settings=given, allow_private=True, base_url=place.url)
    found: list[Heard] = []
    async with GuardedEgress() as egress, GuardedStreams() as streams:
        said = MastodonFollower().follow(source, egress=egress, streams=streams, clock=lambda: make.NOW)
        async with aclosing(said):
            async for heard in said:
                found.append(heard)
                if len(found) > most:
                    break
    return found[1:]


async def test_a_hashtag_is_followed_with_the_token(place: Streaming) -> None:
    place.greeting = [("update", status()), ("notification", {}), ("delete", "1"), None]
    heard = await follow(place, most=9)

    assert [(len(one.mentions), len(one.gone)) for one in heard] == [(1, 0), (0, 1)]
    assert (place.paths, place.queries) == (["/api/v1/streaming/hashtag"], [{"tag": "LanternTea"}])
    assert place.tokens == ["Bearer sesame"]


async def test_a_query_is_followed_on_the_public_stream(place: Streaming) -> None:
    place.greeting = [("update", status(text="<p>lantern tea</p>")), None]
    heard = await follow(place, most=9, hashtag="", query="lantern", words="lantern tea")

    assert (len(heard), place.paths) == (1, ["/api/v1/streaming/public"])


async def test_an_account_cannot_be_followed(place: Streaming) -> None:
    with pytest.raises(SettingError, match="stream: works with a hashtag"):
        await follow(place, most=1, hashtag="", account="mei@social.example")


async def test_a_stream_that_needs_a_token_says_so(place: Streaming) -> None:
    place.status = 401
    with pytest.raises(Unreachable, match="needs a token"):
        await follow(place, most=1)


@pytest.mark.corpus
def test_a_recorded_status_is_heard(corpus: Path) -> None:
    cassette = yaml.safe_load((corpus / "payloads/mastodon/halcy__Mastodon.py/test_hashtag_tl.yaml").read_text("utf-8"))
    bodies = [one["response"]["body"]["string"] for one in cassette["interactions"]]
    statuses = [one for body in bodies for one in json.loads(body) if isinstance(one, dict) and "content" in one]

    assert statuses
    assert all(len(read("update", one).mentions) == 1 for one in statuses if one["visibility"] == "public")
