"""The OpenAPI document."""

from typing import Any

import httpx
from fastapi import FastAPI

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    return [(m, p, operation) for p, methods in app.openapi()["paths"].items() for m, operation in methods.items()]


async def test_the_document_is_served_to_everybody(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://earshot.test") as client:
        document = (await client.get("/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_every_operation_is_described(app: FastAPI) -> None:
    tags = {tag["name"] for tag in app.openapi()["tags"]}
    for _, path, operation in _operations(app):
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["tags"]) <= tags, path


def test_every_guarded_operation_lists_its_problems(app: FastAPI) -> None:
    for _, path, operation in _operations(app):
        answers = operation["responses"]
        if operation.get("security"):
            for status in ("401", "403", "422", "503"):
                assert answers[status]["content"] == PROBLEM, (path, status)
        assert ("404" in answers) == ("{id}" in path)


def test_every_reference_leads_somewhere(app: FastAPI) -> None:
    document = app.openapi()

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [one for value in node.values() for one in references(value)]
        return [one for value in node for one in references(value)] if isinstance(node, list) else []

    schemas = document["components"]["schemas"]
    assert {one.removeprefix("#/components/schemas/") for one in references(document)} <= set(schemas)


def test_no_optional_parameter_may_be_the_word_null(app: FastAPI) -> None:
    for _, path, operation in _operations(app):
        for parameter in operation.get("parameters", ()):
            assert "anyOf" not in parameter["schema"], (path, parameter["name"])


def test_pages_are_no_part_of_the_document(app: FastAPI) -> None:
    paths = set(app.openapi()["paths"])

    assert all(path.startswith("/api/v1/") for path in paths - {"/healthz", "/readyz", "/metrics"})
