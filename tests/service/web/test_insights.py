"""Stories, causes, comparison, authors and quality: every number opens what it counts."""

import re
from datetime import timedelta

import httpx
import pytest

from analysis.types import Cause, Sentiment
from collectors.types import Author
from service.store import clock
from service.store.pool import Connection, Pool
from service.web import figures
from service.web.figures import Course, Totals
from tests import make
from tests.service.web import seed
from tests.service.web.reading import Page

_LATE = Cause(cause="waiting", label=Sentiment.NEGATIVE, p=0.9)


class _Impatient:
    """Finds that everybody waited too long."""

    model = "impatient@1"

    def analyse(self, texts: list[str], *, because: bool = False) -> list[object]:
        """Return one analysis per text, in order."""
        return [
            make.analysis(negative=0.8, neutral=0.1, positive=0.1, causes=(_LATE,), kind={"complaint": 1.0})
            for _ in texts
        ]


@pytest.fixture
async def talk(pool: Pool, conn: Connection) -> None:
    """Two brands; the same complaint three times, by two people at two sites, and something else."""
    now = await clock.now(conn)
    brand_id, rival = await seed.brand_named(conn), await seed.brand_named(conn, "Copper Kettle")
    source_id, other = await seed.put_source(conn, brand_id, "forum"), await seed.put_source(conn, rival, "tea")
    words = "We waited fifty minutes for two bowls of soup and nobody said a word to us."
    mentions = [
        make.mention(
            id=str(n),
            site="a.example" if n else 'b "quoted\\" site',
            text=words,
            author=Author(name="Lena" if n < 2 else "Theo"),
            published_at=now - timedelta(hours=3 - n),
        )
        for n in range(3)
    ]
    await seed.tell(pool, brand_id, source_id, mentions, _Impatient())
    calm = make.mention(id="calm", text="Nice tea.", published_at=now - timedelta(hours=1))
    await seed.tell(pool, rival, other, [calm])


async def _count(browser: httpx.AsyncClient, address: str) -> int:
    answer = await browser.get(address.replace("&amp;", "&").replace("&#34;", '"'))
    assert answer.status_code == 200, address
    return len(Page(answer.text).all("article"))


@pytest.mark.usefixtures("talk")
async def test_a_story_opens_its_mentions_and_its_course(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/stories")).text
    story = re.findall(r'href="(/stories/\d+)"', page)
    shown = (await browser.get(story[0])).text
    drawing = (await browser.get(f"{story[0]}/chart")).json()["specification"]

    assert len(story) == 1
    assert await _count(browser, re.findall(r'href="(/mentions\?story=\d+)"', page)[0]) == 3
    assert sum(bar["n"] for bar in drawing["datasets"]["bars"]) == 3
    assert "2</span>" in shown.split("Spread")[1][:80]


@pytest.mark.usefixtures("talk")
async def test_a_cause_opens_its_mentions(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/causes")).text
    links = re.findall(r'<a class="big" href="([^"]+)">(\d+)</a>', page)
    bars = re.findall(r'<a href="([^"]+)" tabindex="-1" aria-label="[^"]*: (\d)"', page)
    grouped = (await browser.get("/causes?by=c")).text

    assert [(await _count(browser, link), int(n)) for link, n in links] == [(3, 3)]
    assert sum(int(n) for _, n in bars) == 3
    assert all([await _count(browser, link) == int(n) for link, n in bars])
    assert grouped.index("Convenience") < grouped.index("Waiting")


@pytest.mark.usefixtures("talk")
async def test_brands_are_compared(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/compare")).text

    assert page.index("Lantern Noodles") < page.index("Copper Kettle")
    assert ">75%<" in page
    assert ">25%<" in page
    assert "−100" in page


@pytest.mark.usefixtures("talk")
async def test_an_author_opens_what_they_said_at_that_site(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/authors")).text
    names = re.findall(r'<th scope="row"><a href="([^"]+)"><bdi>(\w+)</bdi>', page)
    counts = {(name, await _count(browser, link)) for link, name in names}

    assert counts == {("Lena", 1), ("Theo", 1)}
    assert len(names) == 3


def test_a_period_is_worse_only_where_chance_does_not_explain_it() -> None:
    calm = Totals(total=100, negative=10, neutral=60, positive=30, angry=0)

    assert figures.course(Totals(total=100, negative=11, neutral=59, positive=30, angry=1), calm) is Course.SAME
    assert figures.course(Totals(total=100, negative=30, neutral=60, positive=10, angry=5), calm) is Course.WORSE
    assert figures.course(calm, Totals(total=100, negative=30, neutral=70, angry=8)) is Course.BETTER
    assert figures.course(calm, Totals(total=100, negative=1, neutral=99, angry=9)) is Course.MIXED
    assert figures.course(calm, Totals()) is Course.UNKNOWN
