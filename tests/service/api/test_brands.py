"""Brands."""

import httpx

from service.store.pool import Connection
from tests.service.api.conftest import put_place


async def test_brands_are_listed_by_name(client: httpx.AsyncClient, conn: Connection) -> None:
    b, a = await put_place(conn, "B"), await put_place(conn, "A")
    page = (await client.get("/api/v1/brands")).json()

    assert page == {
        "items": [{"id": a.brand_id, "name": "A", "demo": False}, {"id": b.brand_id, "name": "B", "demo": False}],
        "next": None,
    }


async def test_an_id_goes_before_a_name_of_digits(client: httpx.AsyncClient, conn: Connection) -> None:
    first = await put_place(conn, "Lantern Noodles")
    await put_place(conn, str(first.brand_id), "blog")
    items = (await client.get("/api/v1/sources", params={"brand": str(first.brand_id)})).json()["items"]

    assert [item["id"] for item in items] == [first.source_id]
