"""A feed with a hub, from its first poll to what the hub hands on: a real hub, a real feed, the real app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest

from collectors.egress import GuardedEgress
from service.app import create_app
from service.pipeline.collect import collect_due
from service.pipeline.receive import receive_due
from service.pipeline.subscribe import subscribe_due
from service.settings import HOOKS, Settings
from service.store.pool import Connection, Pool
from tests.hub import Hub, serving_hub
from tests.places import Feed, Post, serving_feed
from tests.service.api.conftest import served
from tests.service.watched import watch

INTERVAL = timedelta(minutes=5)


@dataclass(kw_only=True)
class House:
    """The worker's part, step by step."""

    pool: Pool
    feed: Feed
    hub: Hub
    hooks_url: str

    async def poll(self) -> None:
        await self.pool.execute("update source set next_due = now()")
        async with GuardedEgress() as egress:
            await collect_due(self.pool, egress, allow_private=False, random=Random(1))

    async def subscribe(self) -> int:
        async with GuardedEgress() as egress:
            return await subscribe_due(self.pool, egress, hooks_url=self.hooks_url)

    async def wait(self, time: timedelta) -> None:
        await self.pool.execute("update mock.clock set shift = shift + $1::interval", time)

    async def next_poll(self) -> timedelta:
        pause: timedelta = await self.pool.fetchval("select next_due - now() from source")
        return pause

    async def texts(self) -> set[str]:
        await receive_due(self.pool, allow_private=False)
        assert await self.pool.fetchval("select count(*) from fetch_not_conserved") == 0
        return {row["text"] for row in await self.pool.fetch("select text from mention")}

    def document(self, *texts: str) -> bytes:
        return Feed(posts=[Post(text=text, guid=text) for text in texts]).document()


@asynccontextmanager
async def standing(database_url: str, pool: Pool, conn: Connection) -> AsyncIterator[House]:
    app = create_app(Settings(database_url=database_url))
    async with serving_feed(Post(text="First", guid="First")) as feed, serving_hub() as hub, served(app) as (url, _):
        feed.headers = {"Link": f'<{hub.url}>; rel="hub", <{feed.url}>; rel="self"'}
        await watch(conn, feed.url, interval=INTERVAL)
        yield House(pool=pool, feed=feed, hub=hub, hooks_url=f"{url}{HOOKS}")


@pytest.fixture
async def house(database_url: str, pool: Pool, conn: Connection) -> AsyncIterator[House]:
    async with standing(database_url, pool, conn) as stands:
        yield stands


async def test_a_hub_that_a_feed_names_tells_of_news_at_once(house: House) -> None:
    await house.poll()
    assert await house.subscribe() == 1

    assert await house.hub.publish(house.document("Second")) == [200]
    assert await house.texts() == {"First", "Second"}


async def test_news_that_are_polled_later_are_the_same_mention(house: House) -> None:
    await house.poll()
    await house.subscribe()
    await house.hub.publish(house.document("Second"))
    await house.texts()
    house.feed.posts.append(Post(text="Second", guid="Second"))
    await house.poll()

    assert await house.texts() == {"First", "Second"}
    assert await house.pool.fetchval("select sum(new_version) from fetch_log") == 0


async def test_a_feed_whose_hub_tells_is_polled_seldom_but_always(house: House) -> None:
    await house.poll()
    assert await house.next_poll() < 2 * INTERVAL
    await house.subscribe()
    assert await house.next_poll() <= timedelta(0), "what came before the subscription is asked for"

    await house.poll()
    assert timedelta(minutes=50) < await house.next_poll() < timedelta(minutes=70)

    await house.wait(timedelta(minutes=11))  # the lease is over, and was not renewed
    await house.poll()
    assert await house.next_poll() < 2 * INTERVAL


async def test_a_subscription_is_renewed_before_its_lease_ends(house: House) -> None:
    await house.poll()
    await house.subscribe()
    assert await house.subscribe() == 0
    await house.wait(timedelta(minutes=9))

    assert await house.subscribe() == 1
    assert len({asked["hub.secret"] for asked in house.hub.asked}) == 1
    until = await house.pool.fetchval("select lease_until - now() from websub")
    assert timedelta(minutes=9) < until <= timedelta(minutes=10)


async def test_a_hub_that_stays_silent_about_news_is_not_relied_on(house: House) -> None:
    await house.poll()
    await house.subscribe()
    await house.poll()
    house.feed.posts.append(Post(text="Second", guid="Second"))
    await house.poll()
    assert await house.next_poll() < 2 * INTERVAL

    await house.hub.publish(house.document("Third"))
    await house.texts()
    await house.poll()
    assert await house.next_poll() > 2 * INTERVAL


async def test_what_is_not_signed_with_our_secret_is_refused(house: House) -> None:
    await house.poll()
    await house.subscribe()

    assert await house.hub.publish(house.document("Forged"), secret="another") == [403]
    assert await house.texts() == {"First"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha512"])
async def test_a_hub_may_sign_in_the_ways_the_standard_names(house: House, algorithm: str) -> None:
    await house.poll()
    await house.subscribe()
    house.hub.algorithm = algorithm

    assert await house.hub.publish(house.document("Second")) == [200]


async def test_only_what_we_asked_for_is_confirmed(house: House) -> None:
    house.hub.asks_back = False
    await house.poll()
    await house.subscribe()
    (form,) = house.hub.asked

    assert await house.hub.ask_back(form, **{"hub.topic": "https://other.example/"}) == 404
    assert await house.hub.ask_back(form, **{"hub.mode": "unsubscribe"}) == 404
    assert await house.hub.ask_back(form) == 200
    await house.wait(timedelta(hours=2))
    assert await house.hub.ask_back(form) == 404


async def test_a_hub_that_confirms_later_is_waited_for_and_then_asked_again(house: House) -> None:
    house.hub.asks_back = False
    await house.poll()
    await house.subscribe()

    assert await house.subscribe() == 0
    await house.wait(timedelta(minutes=61))
    assert await house.subscribe() == 1


async def test_a_hub_in_trouble_is_asked_less_and_less_often_and_polling_goes_on(house: House) -> None:
    house.hub.status = 500
    await house.poll()
    await house.subscribe()

    assert "500" in await house.pool.fetchval("select error from websub")
    assert await house.pool.fetchval("select due - now() from websub") > timedelta(minutes=15)
    await house.poll()
    assert await house.next_poll() < 2 * INTERVAL


async def test_a_hub_may_refuse(house: House) -> None:
    house.hub.asks_back = False
    await house.poll()
    await house.subscribe()
    await house.hub.ask_back(house.hub.asked[0], **{"hub.mode": "denied", "hub.reason": "full"})

    assert await house.pool.fetchval("select state || ' ' || error from websub") == "refused the hub refuses: full"


async def test_a_feed_that_names_no_hub_any_more_is_polled_as_ever(house: House) -> None:
    await house.poll()
    await house.subscribe()
    house.feed.headers = {}
    house.feed.posts.append(Post(text="Second", guid="Second"))
    await house.poll()

    assert await house.pool.fetchval("select count(*) from websub") == 0
    assert await house.next_poll() < 2 * INTERVAL


async def test_another_hub_is_asked_anew(house: House) -> None:
    await house.poll()
    await house.subscribe()
    async with serving_hub() as other:
        house.feed.headers = {"Link": f'<{other.url}>; rel="hub", <{house.feed.url}>; rel="self"'}
        house.feed.posts.append(Post(text="Second", guid="Second"))
        await house.poll()

        assert await house.subscribe() == 1
        assert len(other.asked) == 1
