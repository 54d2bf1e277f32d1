"""The whole OpenAPI document against the running program: schemathesis asks every operation what nobody thought of."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from service.store.access import Scope
from service.store.pool import Connection
from tests.service.api.conftest import Place, key_with, put_incident, served

#: Every check but one: a body may be wrong in ways that no schema says (a brand that is not, a time that is past).
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,missing_required_header,ignored_auth,use_after_free,"
    "ensure_resource_availability"
)
#: Streams do not end, senders' addresses take any body, and readiness is 503 where no worker runs.
_LEFT_OUT = "events$|/hooks|/readyz"


async def _asked(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json"]
    command += ["--max-examples=4", "--exclude-path-regex", _LEFT_OUT, "--seed=1", "--workers=2", *options]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=280, cwd="/tmp"
    )


@pytest.mark.slow
async def test_no_question_within_the_contract_or_beside_it_breaks_it(
    app: FastAPI, conn: Connection, place: Place
) -> None:
    await put_incident(conn, place)
    key = await key_with(conn, Scope.ADMIN)
    async with served(app) as (url, _):
        found = await _asked(url, "-H", f"Authorization: Bearer {key}", "--checks", _CHECKS)
    assert found.returncode == 0, found.stdout[-6_000:]


@pytest.mark.slow
async def test_without_a_key_nothing_breaks_and_nothing_is_told(app: FastAPI, place: Place) -> None:
    async with served(app) as (url, _):
        found = await _asked(url, "--checks", "not_a_server_error,ignored_auth,content_type_conformance")
    assert found.returncode == 0, found.stdout[-6_000:]
