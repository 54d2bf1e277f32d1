"""Searching: the index finds candidates, the query decides, and nothing that came in is missed."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import query
from alerts.query_grams import needed
from alerts.types import BrandId, SourceId
from collectors.types import Author, Mention, Rating
from service.store import brand, ingest, mention, search
from service.store.mention import MentionFilter, Place
from service.store.pool import Connection, Pool
from tests import make
from tests.service.store.test_ingest import put_place

ANYTHING = MentionFilter()
#: How often the index's table was read from end to end.
_READS = "select seq_scan from pg_stat_xact_user_tables where relname = 'mention_search'"


@pytest.fixture
async def place(conn: Connection) -> tuple[BrandId, SourceId]:
    return await put_place(conn)


async def _tell(conn: Connection, place: tuple[BrandId, SourceId], *mentions: Mention, indexed: bool = True) -> None:
    await ingest.ingest(conn, *place, mentions, now=make.NOW)
    while indexed and await search.index_some(conn, limit=100):
        pass


async def _found(conn: Connection, asked: str, wanted: MentionFilter = ANYTHING) -> list[str]:
    page = await search.newest(conn, wanted, query.parse(asked), limit=100)
    return sorted(one.external_id for one in page.items)


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("服務很差", ["hans", "hant"]),
        ("服务很差", ["hans", "hant"]),
        ("台灣", ["hant"]),
        ("ｎｏｏｄｌｅｓ", ["en"]),
        ("บริการแย่", ["th"]),
        ("แย่ NEAR/3 wait*", ["th"]),
        ("臺灣", ["hant"]),
        ("oodles", []),
        ("服務 NEAR/1 slow", []),
        ("服務 NEAR/4 slow", ["hant"]),
        ("tea", []),
        ("noodles OR 服務", ["en", "hans", "hant"]),
        ("服務 -台灣", ["hans"]),
        ("差", ["hans", "hant"]),
        ("rating:<=2", ["en"]),
        ("author:cat", ["en"]),
        ("-noodles", ["hans", "hant", "th"]),
    ],
)
async def test_finds_however_it_was_written(
    conn: Connection, place: tuple[BrandId, SourceId], asked: str, expected: Sequence[str], *, indexed: bool
) -> None:
    said = (
        make.mention(id="hant", text="臺灣的服務很差，so slow"),
        make.mention(id="hans", title="服务很差", text="不会再来"),
        make.mention(id="th", text="ร้านนี้บริการแย่มาก waiting"),
        make.mention(
            id="en",
            text="Steamed Noodles were cold.",
            author=Author(name="Hungry Cat"),
            rating=Rating(value=1, scale=5),
        ),
    )
    await _tell(conn, place, *said, indexed=indexed)

    assert await _found(conn, asked) == expected


async def test_an_edit_is_found_by_its_new_words_at_once(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    await _tell(conn, place, make.mention(id="a", text="soup"))
    await _tell(conn, place, make.mention(id="a", text="rice"), indexed=False)

    assert (await _found(conn, "soup"), await _found(conn, "rice")) == ([], ["a"])
    assert await search.index_some(conn, limit=10) == 1
    assert (await _found(conn, "soup"), await _found(conn, "rice")) == ([], ["a"])


async def test_what_goes_takes_its_place_in_the_queues_with_it(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    await _tell(conn, place, make.mention(id="a"), indexed=False)
    await brand.remove(conn, place[0])

    assert await conn.fetchval("select (select count(*) from search_todo) + (select count(*) from analysis_todo)") == 0


async def test_pages_follow_each_other_without_gap_or_overlap(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    said = [
        make.mention(
            id=f"{n:03}", text="soup" if n % 3 else "soupy", published_at=make.NOW - timedelta(minutes=n // 10)
        )
        for n in range(100)
    ]
    await _tell(conn, place, *said)
    seen: list[str] = []
    after: Place | None = None
    while True:
        page = await search.newest(conn, ANYTHING, query.parse("soup"), after=after, limit=7)
        seen += [one.external_id for one in page.items]
        after = page.following
        if after is None:
            break

    assert sorted(seen) == [f"{n:03}" for n in range(100) if n % 3]


async def test_the_most_relevant_come_first_and_page_on(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    await _tell(
        conn,
        place,
        make.mention(id="aside", text="soup " + "and many other things " * 20),
        make.mention(id="both", title="Cold soup", text="Cold soup"),
        make.mention(id="dense", text="soup, soup"),
    )
    asked = query.parse("soup OR cold")
    first = await search.most_relevant(conn, ANYTHING, asked, limit=2)
    after = (first[-1][1], first[-1][0].id)
    rest = await search.most_relevant(conn, ANYTHING, asked, after=after, limit=2)

    assert [one.external_id for one, _ in first + rest] == ["both", "dense", "aside"]


async def test_words_are_shown_where_they_stand(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    await _tell(conn, place, make.mention(id="a", text="這家服務很差"))
    asked = query.parse("服务")
    (only,) = (await search.newest(conn, ANYTHING, asked)).items

    assert [(one.start, one.end, one.text) for one in search.highlights(asked, only)] == [(2, 4, "服務")]


_WORDS = st.sampled_from(["tea", "soup", "服務", "很差", "台", "แย่", "น้ำ", "it's", "a\\b", "c:d"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(_WORDS, max_size=4).map(" ".join), min_size=1, max_size=5),
    asked=st.lists(st.tuples(st.sampled_from(["", "-", "OR "]), _WORDS), min_size=1, max_size=3),
)
async def test_the_index_finds_what_looking_at_everything_finds(
    pool: Pool, texts: list[str], asked: list[tuple[str, str]]
) -> None:
    words = " ".join(f'{sign if at else sign.replace("OR ", "")}"{word}"' for at, (sign, word) in enumerate(asked))
    words = words.replace("a\\b", "a\\\\b")
    async with pool.acquire() as conn:
        await conn.execute("truncate brand, mention, search_todo cascade")
        said = [make.mention(id=str(n), text=text) for n, text in enumerate(texts)]
        await _tell(conn, await put_place(conn), *said, indexed=False)
        by_looking = await _found(conn, words)
        await search.index_some(conn, limit=100)

        assert await _found(conn, words) == by_looking


async def _archive(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    """Store 1,500 mentions that all say noodles, each with sixty words that few others have."""
    said = [
        make.mention(
            id=str(n),
            text="湯頭不錯 noodles " + " ".join(f"word{n * 31 + i}" for i in range(60)),
            published_at=make.NOW - timedelta(minutes=n),
        )
        for n in range(1500)
    ]
    await _tell(conn, place, *said)
    await conn.execute("analyze")


async def test_a_rare_word_in_the_archive_is_found_without_reading_the_archive(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    await _archive(conn, place)
    async with conn.transaction():
        before = await conn.fetchval(_READS)
        assert await _found(conn, "noodles word62") == ["1", "2"]
        after = await conn.fetchval(_READS)

    assert after == before


async def test_a_common_word_is_looked_for_in_the_order_of_the_page(
    conn: Connection, place: tuple[BrandId, SourceId]
) -> None:
    await _archive(conn, place)
    wanted = needed(query.parse("noodles 湯頭不錯").root)
    assert wanted is not None
    rows = await conn.fetch(
        "explain " + search._BY_TIME[search._Way.WALKED],
        *mention.parameters(ANYTHING),
        None,
        None,
        20,
        search.tsquery(wanted),
    )
    plan = "\n".join(row[0] for row in rows)

    assert "Index Scan using mention_newest_of_all" in plan
    assert "mention_search_grams" not in plan


async def test_a_page_goes_on_where_its_looking_ended(conn: Connection, place: tuple[BrandId, SourceId]) -> None:
    said = [
        make.mention(id=str(n), text="soup" if n < 3100 else "rice", published_at=make.NOW - timedelta(minutes=n))
        for n in range(3101)
    ]
    await _tell(conn, place, *said, indexed=False)
    asked = query.parse("-soup")
    first = await search.newest(conn, ANYTHING, asked)
    second = await search.newest(conn, ANYTHING, asked, after=first.following)

    assert first.items == ()
    assert first.following is not None
    assert [one.external_id for one in second.items] == ["3100"]
    assert second.following is None
