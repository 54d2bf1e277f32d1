"""Finding a feed's hub, wherever the feed names it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.egress import GuardedEgress
from collectors.errors import Unreachable
from collectors.feed import FeedCollector, FeedReceiver
from collectors.types import Collected, Hub, Push
from collectors.websub import hub_of, subscribe
from tests import make
from tests.collectors.played import Given, played
from tests.hub import serving_hub

HUB, TOPIC = "https://hub.example/", "https://forum.example/feed?lang=th&utm_source=x"
ATOM = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
<link rel="hub" href="{HUB}"/><link rel="self" href="{TOPIC.replace("&", "&amp;")}"/>
<entry><id>1</id><title>Cold soup</title></entry></feed>"""
RSS = f"""<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>t</title>
<atom:link rel="hub" href="{HUB}"/><atom:link rel="self" href="{TOPIC.replace("&", "&amp;")}"/>
<item><guid>1</guid><title>Cold soup</title></item></channel></rss>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "feed_url": TOPIC,
        "hubs": [{"type": "rssCloud", "url": "https://other.example/"}, {"type": "WebSub", "url": HUB}],
        "items": [{"id": "1", "content_text": "Cold soup"}],
    }
)
PLAIN = "<rss version='2.0'><channel><item><guid>1</guid><title>Cold soup</title></item></channel></rss>"


async def polled(document: str, **headers: str) -> Collected:
    async with played() as platform, GuardedEgress() as egress:
        platform.on("/feed", Given(content=document.encode(), headers=headers))
        source = make.source(settings={"url": f"{platform.url}/feed"}, allow_private=True)
        return await FeedCollector().collect(source, egress=egress, now=make.NOW)


@pytest.mark.parametrize("document", [ATOM, RSS, JSON])
async def test_the_document_names_its_hub_and_itself(document: str) -> None:
    collected = await polled(document)

    assert collected.hub == Hub(url=HUB, topic=TOPIC)
    assert [mention.title or mention.text for mention in collected.mentions] == ["Cold soup"]


async def test_headers_go_before_the_document() -> None:
    named = {"Link": f'</other>; rel="hub"; title="a, b", <{TOPIC}>;rel=self, <x>; rel=next'}
    collected = await polled(ATOM, **named)

    assert collected.hub is not None
    assert collected.hub.url.endswith("/other")
    assert collected.hub.topic == TOPIC


async def test_a_feed_without_a_hub_names_none() -> None:
    assert (await polled(PLAIN)).hub is None


def test_a_topic_that_is_not_named_is_the_address_that_answered() -> None:
    assert hub_of({"link": f"<{HUB}>; rel=hub"}, {}, TOPIC) == Hub(url=HUB, topic=TOPIC)


@pytest.mark.parametrize("named", ["ftp://hub.example/", "javascript:x", "http://[", "http://x/\u200b", "x" * 3_000])
def test_a_hub_that_cannot_be_asked_is_none(named: str) -> None:
    assert hub_of({}, {"hub": named, "self": named}, "mailto:x") is None


@given(st.text(max_size=300))
def test_any_header_names_a_hub_or_none(header: str) -> None:
    found = hub_of({"link": header}, {}, TOPIC)

    assert found is None or found.url.startswith("http")


def test_a_hostile_header_is_read_soon() -> None:
    assert hub_of({"link": "<a>" + "; a=b" * 20_000}, {}, TOPIC) is None
    assert hub_of({"link": "<" * 20_000}, {}, TOPIC) is None


async def test_the_hub_is_asked_with_all_that_it_needs() -> None:
    async with serving_hub(asks_back=False) as hub, GuardedEgress() as egress:
        wanted = Hub(url=hub.url, topic=TOPIC)
        await subscribe(wanted, callback="https://us.example/1", secret="s", egress=egress, allow_private=True)

    assert hub.asked == [
        {
            "hub.mode": "subscribe",
            "hub.topic": TOPIC,
            "hub.callback": "https://us.example/1",
            "hub.secret": "s",
            "hub.lease_seconds": "604800",
        }
    ]


async def test_a_hub_that_does_not_take_the_request_is_an_error() -> None:
    async with serving_hub(status=500) as hub, GuardedEgress() as egress:
        wanted = Hub(url=hub.url, topic=TOPIC)
        with pytest.raises(Unreachable, match="500"):
            await subscribe(wanted, callback="https://us.example/1", secret="s", egress=egress, allow_private=True)


@pytest.mark.parametrize("document", [ATOM, RSS, JSON])
async def test_what_a_hub_hands_on_is_read_as_by_a_poll(document: str) -> None:
    polled_once = await polled(document)
    source = make.source(settings={"url": "https://forum.example/feed"})
    received = await FeedReceiver().receive(Push(body=document.encode()), source, now=make.NOW)

    assert [one.id for one in received.collected.mentions] == [one.id for one in polled_once.mentions]


async def test_an_empty_body_only_says_that_there_is_news() -> None:
    received = await FeedReceiver().receive(Push(body=b" \n"), make.source(), now=make.NOW)

    assert (received.poll, received.collected.seen) == (True, 0)
