"""What all routes share: problems, safety headers, odd input, and what the process loads."""

import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.settings import Settings
from service.store import brand
from service.store.pool import Connection
from tests.service.api.conftest import Place, client_of

SAFE = {"x-content-type-options": "nosniff", "cache-control": "no-store", "referrer-policy": "no-referrer"}


def test_an_app_without_database_is_refused() -> None:
    with pytest.raises(ValueError, match="database_url"):
        create_app(Settings())


async def test_a_problem_has_every_member(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/mentions?brnad=1")
    known = ", ".join(PARAMETERS["mentions"])
    detail = f"there is no such parameter; known are {known}"

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:earshot:problem:unprocessable-content",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": f"brnad: {detail}",
        "instance": "/api/v1/mentions",
        "errors": [{"field": "brnad", "detail": detail}],
    }


async def test_wrong_addresses_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    lost = await client.get("/api/v1/nothing")
    slash = await client.get("/api/v1/mentions/")
    method = await client.put("/api/v1/brands")

    assert [one.status_code for one in (lost, slash, method)] == [404, 404, 405]
    assert {one.headers["content-type"] for one in (lost, slash, method)} == {"application/problem+json"}
    assert method.headers["allow"] == "GET"


async def test_every_answer_has_its_safety_headers(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with client_of(app) as stranger:
        answers = [
            await client.get("/api/v1/brands"),
            await client.get("/api/v1/brands?x=1"),
            await client.get("/api/v1/nothing"),
            await stranger.get("/api/v1/brands"),
            await stranger.get("/healthz"),
            await stranger.get("/openapi.json"),
        ]

    for answer in answers:
        assert SAFE.items() <= dict(answer.headers).items(), answer.url


async def test_a_parameter_given_twice_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/mentions?angry=true&angry=false")).status_code == 422


async def test_a_database_that_does_not_answer_is_a_503(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    app.state.pool.terminate()
    answer = await client.get("/api/v1/brands")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:earshot:problem:service-unavailable"
    assert SAFE.items() <= dict(answer.headers).items()
    assert [record.levelno for record in caplog.records if record.name == "service.app"] == [logging.WARNING]


async def test_a_connection_the_server_ended_is_a_503_once_and_then_works(
    client: httpx.AsyncClient, conn: Connection
) -> None:
    await client.get("/api/v1/brands")
    await conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    statuses = [(await client.get("/api/v1/brands")).status_code for _ in range(3)]

    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200


async def test_what_nobody_expected_is_a_500_without_a_word_of_why(
    client: httpx.AsyncClient, conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    await conn.execute("alter table brand rename to secret_table")
    answer = await client.get("/api/v1/brands")

    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    assert "brand" not in answer.json()["detail"]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == ["api.failed"]


async def test_a_body_too_large_is_refused(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 10_000

    for content in (b" " * 2_000_000, pieces()):
        answer = await client.post("/api/v1/keys", content=content, headers={"content-type": "application/json"})

        assert (answer.status_code, answer.json()["title"]) == (413, "Content Too Large")


async def test_a_body_that_is_no_json_object_says_so(client: httpx.AsyncClient) -> None:
    cut = await client.post("/api/v1/rules/preview", content='{"kind":', headers={"Content-Type": "application/json"})
    plain = await client.post("/api/v1/rules/preview", content="kind", headers={"Content-Type": "text/plain"})

    assert [one.json()["errors"][0]["field"] for one in (cut, plain)] == ["body", "body"]
    assert "is no JSON from character 8 on" in cut.json()["detail"]
    assert "Content-Type: application/json" in plain.json()["detail"]


async def test_a_mistake_in_parameters_is_not_blamed_on_the_body(client: httpx.AsyncClient) -> None:
    backwards = await client.get("/api/v1/mentions?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z")
    unknown = await client.get("/api/v1/incidents?status=lost")

    assert [one.json()["errors"][0]["field"] for one in (backwards, unknown)] == ["query", "status"]


async def test_a_body_nested_too_deep_is_refused(client: httpx.AsyncClient) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    answer = await client.post("/api/v1/keys", content=deep, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 422)


async def test_ids_beyond_any_row_are_refused(client: httpx.AsyncClient) -> None:
    for odd in ("9223372036854775808", "-1", "0", "9" * 5000, "1.5", "%00", "abc", "1%00"):
        for noun in ("mentions", "incidents", "sources"):
            answer = await client.get(f"/api/v1/{noun}/{odd}")

            assert answer.status_code == 422, odd
    assert (await client.get("/api/v1/mentions/9223372036854775807")).status_code == 404


_OF_MENTIONS = [
    *("brand", "source", "language", "label", "angry", "author", "kind", "cause", "story", "incident"),
    *("from", "to", "q", "counted", "archive", "sort", "limit", "cursor"),
]
PARAMETERS = {
    "mentions": _OF_MENTIONS,
    "exports": [*_OF_MENTIONS, "format"],
    "trends": [
        *("brand", "from", "to", "bucket", "group", "tz"),
        *("silent_per_complaint", "told_ill_each", "told_well_each"),
    ],
    "share-of-voice": ["brand", "from", "to", "bucket", "tz"],
    "spread": ["brand", "story", "from", "to", "window"],
    "terms": ["brand", "from", "to", "mood", "limit"],
    "stories": ["brand", "from", "to", "limit", "at_least"],
    "authors": ["brand", "from", "to", "limit", "sort"],
    "corrections": ["limit", "cursor"],
    "audit": ["actor", "thing", "limit", "cursor"],
    "erasures": ["limit", "cursor"],
    "quality": ["days"],
    "webhooks/{id}/deliveries": ["limit"],
    "silences": ["past"],
    "on-call": ["from", "to"],
    "schedules/{id}/history": ["from", "to"],
    "incidents": ["brand", "status", "limit", "cursor"],
    "sources": ["brand"],
    "notifications": ["state", "incident", "limit", "cursor"],
}
BODIES = st.binary(max_size=60) | st.dictionaries(st.text(), st.text() | st.none() | st.lists(st.text())).map(
    lambda body: json.dumps(body).encode()
)
ODD = ["\0", "a\0b", "9223372036854775808", "-1", "NaN", "null", "'; drop table brand; --", "%", "\\", "\ud800", "𠮷"]


async def test_odd_values_of_every_parameter_are_answered(client: httpx.AsyncClient, place: Place) -> None:
    for noun, names in PARAMETERS.items():
        for name in names:
            for odd in ODD:
                value = quote(odd.encode("utf-8", "surrogatepass"))
                answer = await client.get(f"/api/v1/{noun}?{name}={value}")

                assert answer.status_code in (200, 400, 422), (noun, name, odd)


def test_the_odd_values_reach_every_parameter(app: FastAPI) -> None:
    for path, methods in app.openapi()["paths"].items():
        described = {one["name"] for one in methods.get("get", {}).get("parameters", ()) if one["in"] == "query"}

        assert described == set(PARAMETERS.get(path.removeprefix("/api/v1/"), ())), path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noun_and_name=st.sampled_from([(noun, name) for noun, names in PARAMETERS.items() for name in names]),
    value=st.text(max_size=40) | st.integers().map(str) | st.datetimes().map(str),
)
async def test_any_value_of_any_parameter_is_answered(
    client: httpx.AsyncClient, noun_and_name: tuple[str, str], value: str
) -> None:
    noun, name = noun_and_name
    answer = await client.get(f"/api/v1/{noun}?{name}={quote(value.encode('utf-8', 'surrogatepass'))}")

    assert answer.status_code in (200, 400, 422)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
async def test_any_body_is_answered(client: httpx.AsyncClient, body: bytes) -> None:
    for address in ("/api/v1/keys", "/api/v1/incidents/1/resolve"):
        answer = await client.post(address, content=body, headers={"content-type": "application/json"})

        assert answer.status_code in (400, 404, 422)


async def test_the_brand_table_is_still_there(client: httpx.AsyncClient, conn: Connection, place: Place) -> None:
    await client.get("/api/v1/mentions", params={"brand": "x'; drop table brand; --", "author": "'; drop table brand"})

    assert await brand.every(conn)


def test_the_web_process_loads_no_parser_no_scheduler_and_no_model() -> None:
    heavy = ["feedparser", "apscheduler", "onnxruntime", "transformers", "torch", "sklearn"]
    code = f"import sys, service.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


async def test_an_address_for_people_answers_with_a_page(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = await client.get("/nothing-here")

    assert answer.headers["content-type"].startswith("text/html")
