"""Finding mentions, and one mention whole."""

from datetime import timedelta

import httpx
from hypothesis import given
from hypothesis import strategies as st

from alerts.brands import BrandTerms
from collectors.types import Author
from service.store import brand, clock
from service.store.pool import Connection, Pool
from service.web import links, mention_query
from tests import make
from tests.service.web import seed
from tests.service.web.reading import Page


def _ids(answer: httpx.Response) -> list[str]:
    return [str(one["data-id"]) for one in Page(answer.text).all("article")]


async def _place(pool: Pool, conn: Connection, *mentions: object, analyser: object = None) -> None:
    brand_id = await seed.brand_named(conn)
    source_id = await seed.put_source(conn, brand_id, "forum")
    await seed.tell(pool, brand_id, source_id, list(mentions), analyser)  # type: ignore[arg-type]  # mentions


async def test_pages_follow_each_other_without_gap_or_overlap(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    now = await clock.now(conn)
    # Many in the same second: the place a page ends at must tell them apart.
    mentions = [make.mention(id=str(n), published_at=now - timedelta(minutes=n // 20)) for n in range(75)]
    await _place(pool, conn, *mentions)
    seen: list[str] = []
    address = "/mentions"
    while address:
        page = await browser.get(address)
        seen += _ids(page)
        older = [link for link in Page(page.text).all("a") if link.get("rel") == "next"]
        address = str(older[0]["href"]) if older else ""

    assert len(seen) == len(set(seen)) == 75


async def test_filters_narrow_and_stay_in_the_form(browser: httpx.AsyncClient, pool: Pool, conn: Connection) -> None:
    await _place(pool, conn, make.mention(id="a", text="退費太慢"), make.mention(id="b", text="Fine soup"))
    found = {
        query: len(_ids(await browser.get(f"/mentions?{query}")))
        for query in (
            *("q=退費", "q=退费", "q=soup+fine", 'q="soup+fine"', "label=neutral", "label=negative", "angry=1"),
            *("from=2020-01-01", "to=2020-01-01", "language=en", "language=th", "brand=1", "brand=2", "source=1"),
        )
    }
    form = Page((await browser.get("/mentions?q=soup&label=neutral&angry=1")).text)

    assert found == {
        "q=退費": 1,
        "q=退费": 1,
        "q=soup+fine": 1,
        'q="soup+fine"': 0,
        "label=neutral": 2,
        "label=negative": 0,
        "angry=1": 0,
        "from=2020-01-01": 2,
        "to=2020-01-01": 0,
        "language=en": 2,
        "language=th": 0,
        "brand=1": 2,
        "brand=2": 0,
        "source=1": 2,
    }
    assert any(field.get("name") == "q" and field.get("value") == "soup" for field in form.all("input"))
    assert any("checked" in field and field.get("name") == "angry" for field in form.all("input"))
    assert any("selected" in option and option.get("value") == "neutral" for option in form.all("option"))


async def test_words_carry_their_language(browser: httpx.AsyncClient, pool: Pool, conn: Connection) -> None:
    post = seed.Post(
        hours_ago=0, source="s", site="s", author="a", language="zh-Hant", text="湯頭不錯", label="positive"
    )
    await _place(pool, conn, make.mention(text=post.text), analyser=seed.ScriptedAnalyser([post]))
    page = Page((await browser.get("/mentions", headers={"accept-language": "en"})).text)

    assert [one["lang"] for one in page.all("div") if one.get("class") == "said"] == ["zh-Hant"]


async def test_a_mention_tells_why_and_how_it_read_before(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    await seed.put_rule(conn)
    await _place(pool, conn, make.mention(text="You lied."), analyser=seed.AngryAnalyser())
    await _place(pool, conn, make.mention(text="You lied to me."), analyser=seed.AngryAnalyser())
    page = (await browser.get("/mentions/1")).text

    assert "<mark>You</mark> lied to me." in page
    assert "anger 97%" in page
    assert "Version 2" in page
    assert "Version 1" in page
    assert 'rel="noopener noreferrer nofollow"' in page
    assert "/incidents/1" in page


async def test_a_megabyte_is_shown_in_part(browser: httpx.AsyncClient, pool: Pool, conn: Connection) -> None:
    await _place(pool, conn, make.mention(text="noodles " * 130_000))
    listed, whole = await browser.get("/mentions"), await browser.get("/mentions/1")

    assert len(listed.content) < 20_000
    assert len(whole.content) < 100_000


@given(st.dictionaries(st.sampled_from(["q", "brand", "from", "to", "older", "label", "author", "angry"]), st.text()))
def test_any_query_is_read_and_repeats_itself(query: dict[str, str]) -> None:
    reader = seed.reader()
    asked = mention_query.asked(query, reader)
    again = mention_query.asked(asked.fields, reader)

    assert again.fields == asked.fields
    assert again.unread == ()
    assert asked.link().startswith("/mentions")


@given(st.text())
def test_a_place_to_go_on_to_stays_on_this_site(path: str) -> None:
    found = links.local(path)

    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert "\n" not in found


async def test_a_search_marks_what_it_found_and_says_how_to_search(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    await _place(pool, conn, make.mention(id="a", title="Cold soup", text="這家服務很差"), make.mention(id="b"))
    page = (await browser.get("/mentions", params={"q": "服务 NEAR/2 差 soup"})).text

    assert "這家<mark>服務</mark>很<mark>差</mark>" in page
    assert "Cold <mark>soup</mark>" in page
    assert "How to search" in page
    assert "Only the last 12 months were searched." in page
    assert "Only the last" not in (await browser.get("/mentions?q=soup&archive=1")).text


async def test_a_mistake_in_a_search_is_told_in_the_readers_language(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/mentions", params={"q": "soup (cold"}, headers={"accept-language": "zh-Hant"})

    assert page.status_code == 200
    assert "搜尋條件從第 6 個字起看不懂。" in page.text
    assert 'value="soup (cold"' in page.text


async def test_the_most_relevant_come_first_and_page_on(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    await _place(pool, conn, *(make.mention(id=str(n), text="soup " + "and rice " * n) for n in range(40)))
    first = await browser.get("/mentions?q=soup&sort=relevance")
    (older,) = [link for link in Page(first.text).all("a") if link.get("rel") == "next"]
    second = await browser.get(str(older["href"]))

    assert len({*_ids(first), *_ids(second)}) == len(_ids(first) + _ids(second)) == 40
    assert _ids(first) != sorted(_ids(first), key=int, reverse=True)


async def test_a_mention_says_why_it_is_there_and_why_it_does_not_count(
    browser: httpx.AsyncClient, pool: Pool, conn: Connection
) -> None:
    brand_id = await seed.brand_named(conn)
    terms = BrandTerms(name="Lantern Noodles", aliases=("燈籠茶",), own_accounts=("us",))
    await brand.change(conn, brand_id, terms)
    await _place(pool, conn, make.mention(text="燈籠茶很好喝", author=Author(id="us")))
    await conn.execute("update source set match = true")
    page = (await browser.get("/mentions/1")).text

    assert "found: <mark>燈籠茶</mark>" in page
    assert "The brand’s own" in page
    assert "left out of counts and alerts" in page
