"""Lists of mentions: filters, order, pages, and one whole."""

from datetime import timedelta
from typing import Any

import httpx

from alerts.brands import BrandTerms
from analysis.types import Because, Cause, Sentiment
from collectors.types import Author, Rating
from service.api.mention_shapes import MentionItem
from service.api.parameters import Page
from service.store import brand, clock, ingest
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, put_incident, put_mention, put_place

LIST = "/api/v1/mentions"


async def _ids(client: httpx.AsyncClient, **filters: object) -> list[int]:
    answer = await client.get(LIST, params={key.rstrip("_"): str(value) for key, value in filters.items()})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_mention_is_shown_with_its_verdict(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    said = make.mention(
        author=Author(id="7", name="hungry_cat"), rating=Rating(value=1, scale=5), engagement={"likes": 3}
    )
    mention_id = await put_mention(conn, place, said, make.analysis(angry=True))
    (item,) = (await client.get(LIST)).json()["items"]

    assert item["id"] == mention_id
    assert item["brand"] == {"id": place.brand_id, "name": "Lantern Noodles"}
    assert item["author"] == {"id": "7", "name": "hungry_cat", "url": None}
    assert item["rating"] == {"value": 1.0, "scale": 5.0}
    assert item["published_at"] == item["said_at"] == "2026-03-05T12:00:00Z"
    assert item["analysis"]["sentiment"] == {"negative": 0.95, "neutral": 0.04, "positive": 0.01}
    assert (item["language"], item["analysis"]["label"], item["analysis"]["angry"]) == ("en", "negative", True)


async def test_a_list_holds_what_its_shape_says(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    because = (Because(start=0, end=3, text="The"),)
    said = make.mention(
        author=Author(id="7", name="hungry_cat"), rating=Rating(value=1, scale=5), engagement={"likes": 3}
    )
    full = make.analysis(
        angry=True,
        because=because,
        kind={"complaint": 0.9, "other": 0.1},
        churn=0.5,
        stage={"using": 1.0},
        purpose={"vent": 1.0},
        causes=(Cause(cause="price", label=Sentiment.NEGATIVE, p=0.9, because=because),),
    )
    await put_mention(conn, place, said, full)
    await put_mention(conn, place, make.mention(id="plain"))
    answer = await client.get(LIST, params={"q": "noodles", "archive": "true"})
    page = Page[MentionItem].model_validate_json(answer.content, strict=True)

    assert len(page.items) == 2
    assert page.model_dump(mode="json") == answer.json()


async def test_a_mention_not_judged_yet_has_no_verdict(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    await put_mention(conn, place, make.mention())
    (item,) = (await client.get(LIST)).json()["items"]

    assert item["analysis"] is item["language"] is None


async def test_every_filter_narrows(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    other = await put_place(conn, "Rival Noodles")
    calm = await put_mention(
        conn, place, make.mention(id="calm", author=Author(id="7", name="cat")), make.analysis(language="th")
    )
    trouble = await put_incident(conn, place)
    rival = await put_mention(conn, other, make.mention(id="rival"), make.analysis())
    story = (await client.get(f"{LIST}/{calm}")).json()["story"]

    assert await _ids(client) == [rival, trouble.mention_id, calm]
    assert await _ids(client, brand=other.brand_id) == await _ids(client, brand="Rival Noodles") == [rival]
    assert await _ids(client, source=other.source_id) == [rival]
    assert await _ids(client, language="th") == [calm]
    assert await _ids(client, label="negative") == [trouble.mention_id]
    assert await _ids(client, angry="true") == await _ids(client, incident=trouble.incident_id) == [trouble.mention_id]
    assert await _ids(client, angry="false") == [rival, calm]
    assert await _ids(client, author="cat") == await _ids(client, author="7") == [calm]
    assert await _ids(client, story=story) == [calm]


async def test_times_are_half_open_and_know_their_offset(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    mention_id = await put_mention(conn, place, make.mention())

    assert await _ids(client, from_="2026-03-05T20:00:00+08:00") == [mention_id]
    assert await _ids(client, to="2026-03-05T12:00:00Z") == []
    assert await _ids(client, from_="2026-03-05T12:00:01Z") == []
    assert (await client.get(f"{LIST}?from=2026-03-05T20:00:00+08:00&to=2026-03-05T20:00:01+08:00")).json()["items"]


FOUND = [
    ("這家店的態度很差", "态度"),
    ("这家店的服务很差", "服務"),
    ("The NOODLES were cold", "noodles cold"),
    ("The soup was very hot", '"very hot"'),
    ("ＸＹＺ broth", "ＸＹＺ"),
    ("Abc tea", "ａｂｃ"),
    ("บริการแย่มาก", "แย่"),
]


async def test_a_search_finds_every_way_of_writing(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    stored = [await put_mention(conn, place, make.mention(id=text, text=text)) for text, _ in FOUND]
    await put_mention(conn, place, make.mention(id="other", text="Nothing of it; hot, and very."))

    for mention_id, (_, q) in zip(stored, FOUND, strict=True):
        assert await _ids(client, q=q) == [mention_id], q


async def test_a_search_without_sense_is_refused(client: httpx.AsyncClient) -> None:
    for q in ("", "   ", '""', '"open', "x" * 4001, "(a", "a OR", "price:3", "label:bad"):
        answer = await client.get(LIST, params={"q": q})

        assert answer.status_code == 422, q
        assert answer.json()["errors"][0]["field"] == "q"


async def test_a_mistake_in_a_search_says_where_it_is(client: httpx.AsyncClient) -> None:
    answer = await client.get(LIST, params={"q": "soup (cold"})

    assert "character 6: this bracket is never closed" in answer.json()["errors"][0]["detail"]


async def test_found_words_are_shown_where_they_stand(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    await put_mention(conn, place, make.mention(title="Cold soup", text="服務很差"))
    (only,) = (await client.get(LIST, params={"q": "服务 NEAR/2 差 soup"})).json()["items"]

    assert [(one["field"], one["start"], one["end"], one["text"]) for one in only["highlights"]] == [
        ("text", 0, 2, "服務"),
        ("text", 3, 4, "差"),
        ("title", 5, 9, "soup"),
    ]


async def test_the_most_relevant_come_first_on_every_page(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    texts = ["soup " + "and much else " * (9 - n) for n in range(8)]
    for text in texts:
        await put_mention(conn, place, make.mention(id=text, text=text))
    seen: list[str] = []
    asked = {"q": "soup", "sort": "relevance", "limit": "3"}
    while True:
        page = (await client.get(LIST, params=asked)).json()
        seen += [one["text"] for one in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]

    assert seen == sorted(texts, key=len)
    assert (await client.get(LIST, params={"sort": "relevance"})).status_code == 422


async def test_a_search_looks_back_a_year_unless_it_is_told_otherwise(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    old = await clock.now(conn) - timedelta(days=400)
    await put_mention(conn, place, make.mention(text="cold soup", published_at=old))
    long_ago = (old - timedelta(days=1)).isoformat()

    assert await _ids(client, q="soup") == []
    assert len(await _ids(client, q="soup", archive="true")) == 1
    assert len(await _ids(client, q="soup", **{"from": long_ago})) == 1


async def test_what_is_left_out_of_counts_is_shown_and_said(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    await brand.change(conn, place.brand_id, BrandTerms(name="Lantern Noodles", own_accounts=("us",)))
    own = await put_mention(conn, place, make.mention(id="a", author=Author(id="us")))
    other = await put_mention(conn, place, make.mention(id="b"))

    assert await _ids(client) == [other, own]
    assert await _ids(client, counted="false") == [own]
    assert await _ids(client, counted="true") == [other]
    assert (await client.get(f"{LIST}/{own}")).json()["own"] is True


async def test_a_mention_says_why_it_is_about_its_brand(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    said = make.mention(text="Lantern Noodles are cold")
    of_source = await put_mention(conn, place, said)
    await conn.execute("update source set match = true")
    whole = (await client.get(f"{LIST}/{of_source}")).json()["matched"]
    await brand.change(conn, place.brand_id, BrandTerms(name="Moon"))
    later = (await client.get(f"{LIST}/{of_source}")).json()["matched"]

    assert whole["whole_source"] is False
    assert [one["text"] for one in whole["found"]] == ["Lantern Noodles"]
    assert later == {"whole_source": False, "found": None}


async def _walk(client: httpx.AsyncClient, conn: Connection, place: Place, **filters: str) -> list[str]:
    """Return the words of every page, while new mentions come in between."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for turn in range(20):
        page = (await client.get(LIST, params={**filters, **cursor, "limit": "2"})).json()
        seen += [item["text"] for item in page["items"]]
        if page["next"] is None:
            return seen
        cursor = {"cursor": page["next"]}
        await put_mention(conn, place, make.mention(id=f"new {turn}", text="new", published_at=make.NOW), None)
    raise AssertionError("the pages do not end")


async def test_pages_stay_in_place_while_mentions_come_in(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    # three of one second
    times = [make.NOW - timedelta(minutes=1 + minutes) for minutes in (0, 1, 2, 2, 2, 3, 4)]
    batch = [make.mention(id=f"{n}", text=f"{n}", published_at=at) for n, at in enumerate(times)]
    await ingest.ingest(conn, place.brand_id, place.source_id, batch, now=make.NOW)
    seen = await _walk(client, conn, place, sort="newest")

    assert sorted(seen) == ["0", "1", "2", "3", "4", "5", "6"]
    assert [times[int(n)] for n in seen] == times


async def test_the_angriest_come_first_page_by_page(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    for n, anger in enumerate((0.1, 0.9, 0.5, 0.5, 0.3)):
        await put_mention(conn, place, make.mention(id=f"{n}", text=f"{n}"), make.analysis(anger=anger))

    assert await _walk(client, conn, place, sort="angriest") == ["1", "3", "2", "4", "0"]


async def _cursor(client: httpx.AsyncClient, conn: Connection, place: Place) -> str:
    for n in range(3):
        await put_mention(conn, place, make.mention(id=f"{n}"))
    return str((await client.get(LIST, params={"limit": 1})).json()["next"])


async def test_kind_and_cause_narrow(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    cause = Cause(cause="waiting", label=Sentiment.NEGATIVE, p=0.9)
    late = await put_mention(
        conn, place, make.mention(id="late"), make.analysis(kind={"complaint": 0.9, "other": 0.1}, causes=(cause,))
    )
    await put_mention(conn, place, make.mention(id="other"), make.analysis(kind={"complaint": 0.1, "other": 0.9}))
    mistaken = await client.get(LIST, params={"cause": "weather"})

    assert await _ids(client, kind="complaint") == await _ids(client, cause="waiting") == [late]
    assert await _ids(client, kind="praise") == []
    assert mistaken.status_code == 422


async def test_a_cursor_keeps_its_filter(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    cursor = await _cursor(client, conn, place)
    other = await client.get(LIST, params={"cursor": cursor, "angry": "true"})
    longer = await client.get(LIST, params={"cursor": cursor, "limit": 2})

    assert (other.status_code, longer.status_code) == (400, 200)
    assert other.json()["errors"][0]["field"] == "cursor"


async def test_a_cursor_of_another_list_is_refused(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    cursor = await _cursor(client, conn, place)

    assert (await client.get("/api/v1/incidents", params={"cursor": cursor})).status_code == 400


async def test_a_changed_cursor_is_refused(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    cursor = await _cursor(client, conn, place)
    for at in range(0, len(cursor) - 1, 7):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]

        assert (await client.get(LIST, params={"cursor": changed})).status_code == 400


async def test_one_mention_shows_how_it_read_before(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    mention_id = await put_mention(conn, place, make.mention(text="Fine."), make.analysis())
    await put_mention(conn, place, make.mention(text="Cold!"))
    whole: dict[str, Any] = (await client.get(f"{LIST}/{mention_id}")).json()

    assert [version["text"] for version in whole["versions"]] == ["Cold!", "Fine."]
    assert (whole["version"], whole["analysis"]) == (2, None)


async def test_there_is_no_mention_999(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{LIST}/999")

    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no mention 999.")


async def test_a_mention_shows_all_that_was_judged(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    judged = make.analysis(
        angry=True,
        kind={"complaint": 0.9, "other": 0.1},
        churn=0.4,
        recommend=0.1,
        stage={"using": 1.0},
        severity=0.6,
        purpose={"refund": 0.7, "none": 0.3},
        causes=(
            Cause(cause="waiting", label=Sentiment.NEGATIVE, p=0.8, because=(Because(start=0, end=3, text="Two"),)),
        ),
    )
    mention_id = await put_mention(conn, place, make.mention(text="Two hours!"), judged)
    shown = (await client.get(f"/api/v1/mentions/{mention_id}")).json()["analysis"]

    assert (shown["kind"], shown["churn"], shown["recommend"]) == ({"complaint": 0.9, "other": 0.1}, 0.4, 0.1)
    assert (shown["stage"], shown["severity"], shown["purpose"]["refund"]) == ({"using": 1.0}, 0.6, 0.7)
    assert shown["causes"] == [
        {"cause": "waiting", "label": "negative", "p": 0.8, "because": [{"start": 0, "end": 3, "text": "Two"}]}
    ]
