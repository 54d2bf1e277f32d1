"""Brands."""

import httpx
import pytest

from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import put_mention, put_place

LANTERN = {
    "name": "Lantern",
    "query": "lantern NEAR/3 (tea OR 茶)",
    "aliases": ["燈籠茶", "ชาโคม"],
    "context": ["飲料"],
    "exclude": ["festival"],
    "own_accounts": ["@lantern"],
}
BRANDS = "/api/v1/brands"


async def test_brands_are_listed_by_name(client: httpx.AsyncClient, conn: Connection) -> None:
    b, a = await put_place(conn, "B"), await put_place(conn, "A")
    page = (await client.get(BRANDS)).json()

    assert [(one["id"], one["name"], one["demo"]) for one in page["items"]] == [
        (a.brand_id, "A", False),
        (b.brand_id, "B", False),
    ]
    assert page["next"] is None


async def test_a_brand_is_added_read_and_changed_in_part(client: httpx.AsyncClient) -> None:
    added = await client.post(BRANDS, json=LANTERN)
    address = f"{BRANDS}/{added.json()['id']}"
    changed = await client.patch(address, json={"query": None, "aliases": ["灯笼茶"]})

    assert added.status_code == 201
    assert changed.json() == {**added.json(), "query": None, "aliases": ["灯笼茶"]}
    assert (await client.get(address)).json() == changed.json()


@pytest.mark.parametrize(
    ("given", "field", "detail"),
    [
        ({"query": "tea ("}, "query", "character 6"),
        ({"query": "-tea"}, "query", "add a word"),
        ({"query": "tea label:negative"}, "query", "not known"),
        ({"aliases": ["!"]}, "aliases", "correct or remove"),
        ({"name": "Moon"}, "name", "another brand"),
    ],
)
async def test_what_cannot_be_looked_for_is_refused_with_its_place(
    client: httpx.AsyncClient, given: dict[str, object], field: str, detail: str
) -> None:
    await client.post(BRANDS, json={"name": "Moon"})
    lantern = (await client.post(BRANDS, json=LANTERN)).json()
    answers = (
        await client.post(BRANDS, json={**LANTERN, "name": "Other", **given}),
        await client.patch(f"{BRANDS}/{lantern['id']}", json=given),
    )
    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
        assert detail in answer.json()["errors"][0]["detail"]
    assert (await client.get(f"{BRANDS}/{lantern['id']}")).json() == lantern


async def test_a_null_that_says_nothing_is_refused(client: httpx.AsyncClient) -> None:
    lantern = (await client.post(BRANDS, json=LANTERN)).json()
    answer = await client.patch(f"{BRANDS}/{lantern['id']}", json={"aliases": None})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "aliases")


async def test_a_preview_says_what_would_be_found_and_why(client: httpx.AsyncClient, conn: Connection) -> None:
    place = await put_place(conn)
    for text in ("灯笼里的茶", "lantern milk tea", "lantern festival tea", "noodles"):
        await put_mention(conn, place, make.mention(id=text, text=text))
    preview = (await client.post(f"{BRANDS}/preview", json={**LANTERN, "name": "New"})).json()

    assert (preview["looked_at"], preview["matched"]) == (4, 1)
    (only,) = preview["items"]
    assert only["mention"]["text"] == "lantern milk tea"
    assert [one["text"] for one in only["found"]] == ["lantern", "tea"]
    assert len((await client.get(BRANDS)).json()["items"]) == 1


async def test_an_id_goes_before_a_name_of_digits(client: httpx.AsyncClient, conn: Connection) -> None:
    first = await put_place(conn, "Lantern Noodles")
    await put_place(conn, str(first.brand_id), "blog")
    items = (await client.get("/api/v1/sources", params={"brand": str(first.brand_id)})).json()["items"]

    assert [item["id"] for item in items] == [first.source_id]
