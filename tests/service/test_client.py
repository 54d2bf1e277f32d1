"""The client against the document it speaks for, and against the running program."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from fastapi import FastAPI

from service import client as client_module
from service.client import Analysis, Client, Judged, Mention, MentionFilters, Named, Refused, Step, Trend, TrendFilters
from service.store.access import Scope
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, app, key_with, place, put_incident, put_mention, served

__all__ = ["app", "place"]
README = Path(__file__).parents[2] / "README.md"
_JSON = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}
_SHAPES = {
    "Named": Named, "JudgedShape": Judged, "AnalysisShape": Analysis, "MentionItem": Mention, "Step": Step,
    "Trend": Trend,
}  # fmt: skip
#: Only when asked for.
_SOMETIMES = {"Step": {"groups"}}


def _kinds(schema: dict[str, Any], schemas: dict[str, Any]) -> set[type]:
    """Return the types of JSON a schema allows."""
    if "$ref" in schema:
        return _kinds(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return {kind for one in schema["anyOf"] for kind in _kinds(one, schemas)}
    return {type(None) if schema["type"] == "null" else _JSON[schema["type"]]}


def _hinted(hint: Any) -> set[type]:
    """Return the types of JSON a hint allows."""
    if hint is Any:
        return set(_JSON.values())
    if isinstance(hint, type):
        return {hint if hint in _JSON.values() or hint is type(None) else dict}
    origin = getattr(hint, "__origin__", None)
    if origin in (list, dict):
        return {origin}
    return {
        kind
        for one in get_args(hint)
        for kind in (_hinted(one) if isinstance(one, type) or get_args(one) else {type(one)})
    }


@pytest.mark.parametrize("name", _SHAPES)
def test_its_shapes_are_those_of_the_document(app: FastAPI, name: str) -> None:
    schemas = app.openapi()["components"]["schemas"]
    properties = {
        key: schema for key, schema in schemas[name]["properties"].items() if key not in _SOMETIMES.get(name, ())
    }
    hints = get_type_hints(_SHAPES[name])

    assert hints.keys() == properties.keys()
    assert {key: _hinted(hint) for key, hint in hints.items()} == {
        key: _kinds(schema, schemas) for key, schema in properties.items()
    }


@pytest.mark.parametrize(("path", "filters"), [("/mentions", MentionFilters), ("/trends", TrendFilters)])
def test_its_filters_are_those_of_the_document(app: FastAPI, path: str, filters: Any) -> None:
    parameters = app.openapi()["paths"][f"/api/v1{path}"]["get"]["parameters"]
    known = {one["name"] for one in parameters if one["in"] == "query"}
    named = {name for name, _ in client_module._parameters(dict.fromkeys(get_type_hints(filters), "x"))}
    assumptions = {"silent_per_complaint", "told_ill_each", "told_well_each"}

    assert named == known - {"limit", "cursor"} - assumptions


async def test_it_reads_sends_corrects_and_answers(app: FastAPI, conn: Connection, place: Place) -> None:
    trouble = await put_incident(conn, place)
    for n in range(201):
        await put_mention(conn, place, make.mention(id=str(n), text=f"soup {n}"))
    key = await key_with(conn, Scope.ADMIN)
    async with served(app) as (address, _):
        asked = Client(address, key)

        def everything() -> None:
            assert len(list(asked.mentions(brand="Lantern Noodles"))) == 202
            (angry,) = asked.mentions(angry=True)
            assert angry["analysis"] is not None
            assert asked.correct(angry["id"], label="neutral", anger_level=0)["label"] == "neutral"
            assert list(asked.mentions(angry=True)) == []
            assert asked.mention(angry["id"])["incident"] == trouble.incident_id
            assert (
                sum(step["total"] for step in asked.trends(since="2026-03-01T00:00:00Z", bucket="week")["buckets"])
                == 202
            )
            sent = asked.push("Lantern Noodles", [{"id": "r-1", "text": "Fine."}], idempotency_key="once")
            assert sent == asked.push("Lantern Noodles", [{"id": "r-1", "text": "Fine."}], idempotency_key="once")
            assert asked.acknowledge(trouble.incident_id)["status"] == "acknowledged"
            with pytest.raises(Refused, match="there is no brand of this id or name") as refused:
                asked.trends(brand="Nobody")
            assert refused.value.status == 422

        await asyncio.to_thread(everything)


def _example(language: str, holding: str) -> str:
    """Return the example of the README in a language that holds some words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (only,) = [block for block in blocks if holding in block]
    return str(only)


async def test_the_examples_of_the_readme_run(app: FastAPI, conn: Connection, place: Place) -> None:
    await put_incident(conn, place)
    environment = {**os.environ, "KEY": await key_with(conn, Scope.ADMIN), "PYTHONPATH": str(README.parent)}

    async def run(*command: str) -> str:
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    async with served(app) as (address, _):
        python = _example("python", "service.client").replace("http://127.0.0.1:8000", address)
        told = await run(sys.executable, "-c", python)
        if shutil.which("curl"):
            shell = _example("sh", "/api/v1/mentions?").replace("http://127.0.0.1:8000", address)
            for line in shell.replace("curl ", "curl -sS --fail ").splitlines():
                assert json.loads(await run("sh", "-c", line))
    panel = _example("sql", "$__timeFilter")
    assert panel.count("$__timeFilter(hour)") == 1
    rows = await conn.fetch(panel.replace("$__timeFilter(hour)", "hour between '2020-01-01' and now()"))

    assert "Never again! You lied to me." in told
    assert [(row["metric"], row["angry"]) for row in rows] == [("Lantern Noodles", 1)]
