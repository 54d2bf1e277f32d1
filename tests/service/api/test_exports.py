"""Exports: whole, in order, and harmless in a spreadsheet."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import httpx
import pytest

from analysis.types import Because, Cause, Sentiment
from collectors.types import Author
from service.store import clock, ingest
from service.store.pool import Connection
from tests import make
from tests.service.api.conftest import Place, judge, put_mention

HOSTILE = ["=1+1", "+1", "-1", "@sum", "\t=1", "＝1+1", " =1", "＠x", '"; =1', "平常的話"]


async def _export(client: httpx.AsyncClient, **query: str) -> httpx.Response:
    answer = await client.get("/api/v1/exports", params=query)
    assert answer.status_code == 200, answer.text
    return answer


async def test_no_cell_is_a_formula_and_nothing_is_lost(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    for n, text in enumerate(HOSTILE):
        await put_mention(conn, place, make.mention(id=str(n), text=text, author=Author(id=str(n), name=text)))
    await judge(conn, place, make.analysis(angry=True))
    answer = await _export(client, brand="Lantern Noodles")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    assert answer.headers["content-disposition"].endswith('.csv"')
    assert len(rows) == len(HOSTILE)
    assert {row["angry"] for row in rows} == {"True"}
    dangerous = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")
    assert not [row["text"] for row in rows if row["text"].lstrip(" ").startswith(dangerous)]
    assert "平常的話" in {row["text"] for row in rows}

    book = zipfile.ZipFile(io.BytesIO((await _export(client, format="xlsx")).content))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert sheet.count("<row ") == len(HOSTILE) + 1

    lines = [json.loads(line) for line in (await _export(client, format="jsonl")).text.splitlines()]
    assert {line["text"] for line in lines} >= {"=1+1", "平常的話"}


async def test_many_pages_become_one_file_and_a_search_is_one_too(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    now = await clock.now(conn)
    said = [
        make.mention(id=str(n), text=f"{'tea' if n % 2 else 'soup'} {n}", published_at=now - timedelta(seconds=n))
        for n in range(1, 1201)
    ]
    await ingest.ingest(conn, place.brand_id, place.source_id, said, now=now)
    lines = (await _export(client, format="jsonl")).text.splitlines()
    assert [json.loads(line)["external_id"] for line in lines] == [str(n) for n in range(1, 1201)]
    assert len((await _export(client, format="jsonl", limit="700")).text.splitlines()) == 700
    assert len((await _export(client, format="jsonl", q="soup")).text.splitlines()) == 600


async def test_words_that_may_not_be_passed_on_stay_here(
    client: httpx.AsyncClient, conn: Connection, place: Place
) -> None:
    because = (Because(start=0, end=11, text="Never again"),)
    cause = Cause(cause="price", label=Sentiment.NEGATIVE, p=0.9, because=because)
    mention_id = await put_mention(
        conn,
        place,
        make.mention(kind="x", text="Never again"),
        make.analysis(angry=True, because=because, causes=(cause,)),
    )
    assert "Never" not in (await _export(client, format="jsonl")).text
    (line,) = (await _export(client, format="jsonl")).text.splitlines()
    assert (json.loads(line)["id"], json.loads(line)["text"]) == (mention_id, "")
    (row,) = csv.DictReader(io.StringIO((await _export(client)).content.decode("utf-8-sig")))
    assert row["left_out"].startswith("words")


@pytest.mark.parametrize("query", [{"sort": "angriest"}, {"format": "pdf"}, {"cursor": "x"}, {"q": "("}])
async def test_odd_questions_are_refused(client: httpx.AsyncClient, place: Place, query: dict[str, str]) -> None:
    assert (await client.get("/api/v1/exports", params=query)).status_code == 422
