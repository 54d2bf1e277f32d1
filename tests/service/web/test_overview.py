"""The first page's numbers, and what is behind them."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store import brand, clock
from service.store.pool import Connection, Pool
from service.store.trend import Bucket, TrendCounts
from service.web import chart, figures
from service.web.period import Period, as_local, from_local, step_end, stretch
from service.web.reader import Reader
from tests import make
from tests.service.web import seed
from tests.service.web.reading import Page

_ZONES = ("Asia/Taipei", "Asia/Kathmandu", "America/New_York", "Europe/Berlin", "UTC")
_TIMES = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001  # hypothesis wants its bounds so
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_READER = Reader(language="en", zone=ZoneInfo("Asia/Taipei"), now=make.NOW)


@pytest.mark.usefixtures("angry_place")
async def test_each_number_opens_what_is_behind_it(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/")).text
    found = re.findall(r'class="figure figure-(\w+)[^>]*href="([^"]+)".*?class="value">([^<]+)<', page, re.DOTALL)
    behind = {}
    for key, address, _ in found:
        shown = Page((await browser.get(address.replace("&amp;", "&"))).text)
        behind[key] = len(shown.all("article")) or len([one for one in shown.all("li") if "data-id" in one])

    assert {key: value for key, _, value in found} == {"mentions": "2", "angry": "1", "net": "−50", "incidents": "1"}
    assert behind == {"mentions": 2, "angry": 1, "net": 1, "incidents": 1}


@pytest.mark.usefixtures("angry_place")
async def test_the_chart_and_the_table_have_the_same_numbers(browser: httpx.AsyncClient) -> None:
    drawing = (await browser.get("/chart?period=24h")).json()["specification"]
    page = Page((await browser.get("/?period=24h")).text)
    bars = drawing["datasets"]["bars"]

    assert sum(bar["n"] for bar in bars) == 2
    assert sum(bar["n"] for bar in bars if bar["series"] == "Angry") == 1
    assert len(drawing["layer"][0]["encoding"]["x"]["scale"]["domain"]) == 24
    assert len(page.all("tr")) == 25
    assert all(bar["link"].startswith("/mentions?") for bar in bars)


@pytest.mark.usefixtures("angry_place")
async def test_a_bar_opens_its_hour(browser: httpx.AsyncClient) -> None:
    drawing = (await browser.get("/chart?period=24h")).json()["specification"]
    bars = drawing["datasets"]["bars"]
    link = next(bar["link"] for bar in bars if bar["n"] and bar["series"] == "Angry")

    assert len(Page((await browser.get(link)).text).all("article")) == 1


async def test_numbers_are_compared_with_the_period_before(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    brand_id = await seed.brand_named(conn)
    source_id = await seed.put_source(conn, brand_id, "forum")
    now = await clock.now(conn)
    mentions = [make.mention(id=str(n), published_at=now - timedelta(hours=n)) for n in (1, 2, 3, 30)]
    await seed.tell(pool, brand_id, source_id, mentions)
    page = (await browser.get("/?period=24h")).text

    assert "2 more than the 24 hours before" in page


async def test_the_demo_goes_by_one_click(browser: httpx.AsyncClient, conn: Connection) -> None:
    await brand.ensure(conn, "Real Bread", now=await clock.now(conn))
    await brand.ensure(conn, "Made Up", now=await clock.now(conn), demo=True)
    form = Page((await browser.get("/")).text).form("/demo/remove")
    gone = await browser.post("/demo/remove", data=form)
    page = (await browser.get("/")).text

    assert gone.headers["location"] == "/"
    assert "Made Up" not in page
    assert "/demo/remove" not in page
    assert [one.name for one in await brand.every(conn)] == ["Real Bread"]


async def test_an_empty_house_says_what_to_do(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/")).text

    assert "earshot apply earshot.toml" in page
    assert "No worker has started yet" in page


async def test_a_blind_source_comes_first_with_its_reason(browser: httpx.AsyncClient, conn: Connection) -> None:
    brand_id = await seed.brand_named(conn)
    for name in ("a", "b", "c"):
        await seed.put_source(conn, brand_id, name)
    await conn.execute("update source set last_attempt_at = now(), last_success_at = now()")
    await conn.execute(
        "update source set last_success_at = now() - interval '5 hours', error_count = 9, error = 'host not found' "
        "where name = 'c'"
    )
    page = (await browser.get("/")).text

    assert page.index("hearing-blind") < page.index("hearing-hears")
    assert "Blind: nothing read for 5 hours" in page
    assert "host not found" in page


@given(
    at=_TIMES,
    zone=st.sampled_from(_ZONES),
    period=st.sampled_from(Period),
)
def test_a_period_ends_with_this_hour_and_is_as_long_as_the_one_before(at: datetime, zone: str, period: Period) -> None:
    span = stretch(period, now=at, zone=ZoneInfo(zone))

    assert span.since < at < span.until <= at + timedelta(hours=1)
    difference = (span.until - span.since) - (span.previous_until - span.previous_since)
    assert abs(difference) <= timedelta(hours=1)  # a day of 23 or 25 hours
    assert span.previous_until <= span.since + timedelta(hours=1) or period is not Period.DAY


@given(
    at=_TIMES,
    zone=st.sampled_from(("Asia/Taipei", "Asia/Kathmandu", "UTC")),
)
def test_a_time_survives_its_form_field(at: datetime, zone: str) -> None:
    minute = at.replace(second=0, microsecond=0)

    assert from_local(as_local(minute, ZoneInfo(zone)), ZoneInfo(zone)) == minute


@given(st.text(max_size=50))
def test_any_text_as_a_time_is_answered(text: str) -> None:
    found = from_local(text, ZoneInfo("Asia/Taipei"), end=True)

    assert found is None or found.tzinfo is UTC


def test_a_day_alone_ends_when_the_day_ends() -> None:
    zone = ZoneInfo("Asia/Taipei")

    assert from_local("2026-03-05", zone, end=True) == from_local("2026-03-06T00:00", zone)


def test_a_day_may_have_23_hours() -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight = datetime(2026, 3, 29, tzinfo=zone).astimezone(UTC)

    assert step_end(midnight, Bucket.DAY, zone) - midnight == timedelta(hours=23)


def test_a_step_with_a_silent_source_is_shaded() -> None:
    hour = make.NOW
    counts = [TrendCounts(start=hour, group="", total=3, negative=2, neutral=1, positive=0, angry=1)]
    made = chart.steps([hour], counts, {hour}, bucket=Bucket.HOUR, behind={}, reader=_READER)
    drawn = chart.specification(made, _READER)

    assert (made[0].angry, made[0].negative, made[0].waiting) == (1, 1, 0)
    assert drawn["datasets"]["gaps"] == [{"step": made[0].label}]
    assert chart.specification([], _READER)["datasets"]["gaps"] == []


def test_hours_that_repeat_when_summer_ends_stay_two() -> None:
    reader = Reader(language="en", zone=ZoneInfo("Europe/Berlin"), now=make.NOW)
    starts = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]
    made = chart.steps(starts, [], set(), bucket=Bucket.HOUR, behind={}, reader=reader)
    domain = chart.specification(made, reader)["layer"][0]["encoding"]["x"]["scale"]["domain"]

    assert made[0].label == made[1].label == "02:00"
    assert len(set(domain)) == 2


@pytest.mark.parametrize(
    ("now", "then", "said"),
    [
        (5, 4, "1 point better than the 7 days before"),
        (-20, 10, "30 points worse than the 7 days before"),
        (3, 3, "the same as the 7 days before"),
        (None, 3, "nothing judged yet"),
        (3, None, "nothing to compare with in the 7 days before"),
    ],
)
def test_net_sentiment_is_compared_in_words(now: int | None, then: int | None, said: str) -> None:
    assert figures.net_change(now, then, figures.before(Period.WEEK, _READER), _READER) == said
