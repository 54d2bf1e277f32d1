"""Keys are made, rotated and revoked on their page; a secret is shown once."""

import re

import httpx
import pytest

from alerts.types import BrandId
from service.store import access, clock
from service.store.access import Scope
from service.store.pool import Connection
from tests.service.web import seed
from tests.service.web.reading import Page

_SECRET = re.compile(r"earshot_[0-9a-f]{12}_[0-9a-f]{64}")


async def _send(browser: httpx.AsyncClient, action: str = "/settings/keys", **fields: str) -> httpx.Response:
    form = Page((await browser.get("/settings/keys")).text).form(action)
    answer = await browser.post(action, data={**form, **fields})
    return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


async def test_a_key_is_shown_once_rotated_and_revoked(browser: httpx.AsyncClient, conn: Connection) -> None:
    noodles = await seed.brand_named(conn)
    now = await clock.now(conn)
    made = await _send(browser, name="reports", scope_read="1", **{f"brand_{noodles}": "1"}, expiry="2999-01-01")
    [first] = _SECRET.findall(made.text)
    listed = await browser.get("/settings/keys")
    key = await access.key_of(conn, first, now=now)
    assert key is not None
    rotated = await _send(browser, f"/settings/keys/{key.id}/rotate")
    [second] = _SECRET.findall(rotated.text)
    both = [await access.key_of(conn, one, now=now) for one in (first, second)]
    revoked = await _send(browser, f"/settings/keys/{key.id}/revoke")
    neither = [await access.key_of(conn, one, now=now) for one in (first, second)]

    assert key.name == "reports"
    assert key.scopes == {Scope.READ}
    assert key.brands == frozenset({noodles})
    assert key.expires_at is not None
    assert not _SECRET.findall(listed.text + revoked.text)
    assert "works for another 24 hours" in rotated.text
    assert first != second
    assert None not in both
    assert "The key is revoked" in revoked.text
    assert neither == [None, None]
    assert f"/settings/keys/{key.id}/" not in revoked.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": " ", "scope_read": "1"}, "Name the program"),
        ({"name": "reports"}, "Tick what the key may do."),
        ({"name": "reports", "scope_admin": "1", "brand_1": "1"}, "cannot be bound to brands"),
        ({"name": "reports", "scope_read": "1", "expiry": "2001-01-01"}, "Take a day that is not past"),
        ({"name": "reports", "scope_read": "1", "expiry": "soon"}, "Take a day that is not past"),
    ],
)
async def test_a_mistake_is_told_and_makes_no_key(
    browser: httpx.AsyncClient, conn: Connection, given: dict[str, str], said: str
) -> None:
    assert await seed.brand_named(conn) == 1
    before = await access.keys(conn)
    answer = await _send(browser, **given)

    assert answer.status_code == 422
    assert said in answer.text
    assert await access.keys(conn) == before


async def test_a_key_that_is_not_there_is_neither_rotated_nor_revoked(browser: httpx.AsyncClient) -> None:
    token = Page((await browser.get("/settings/keys")).text).form("/settings/keys")
    answers = [await browser.post(f"/settings/keys/none/{act}", data=token) for act in ("rotate", "revoke")]

    assert [one.status_code for one in answers] == [404, 404]


async def test_a_key_whose_brand_is_gone_is_listed_all_the_same(browser: httpx.AsyncClient, conn: Connection) -> None:
    now = await clock.now(conn)
    await access.add_key(conn, name="reports", scopes={Scope.READ}, now=now, brands=[BrandId(999)])
    listed = await browser.get("/settings/keys")

    assert listed.status_code == 200
    assert "<bdi>999</bdi>" in listed.text
