"""`earshot import` takes a file whole, once, and says what it could not read."""

import asyncio
import json
from pathlib import Path

import openpyxl
import pytest

from service.store.pool import Pool
from tests.service import programs

CSV = "id,內容,評分,日期\n1,很好喝,5,2026-11-01\n2,太甜了,2,2026-11-02\n"


def imported(url: str, *arguments: str) -> tuple[str, str]:
    done = programs.run("import", *arguments, "--brand", "Lantern Tea", settings={"EARSHOT_DATABASE_URL": url})
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()


async def test_a_file_imported_twice_is_there_once(database_url: str, pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(CSV, "utf-8")
    first, _ = imported(database_url, str(path))
    second, _ = imported(database_url, str(path))

    assert "seen 2 = inserted 2, unchanged 0" in first
    assert "seen 2 = inserted 0, unchanged 2" in second
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0


async def test_rows_that_cannot_be_read_are_written_with_their_reasons(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text('{"id": 1, "text": "good"}\nbroken\n{"id": 2, "text": "bad"}\n')
    counted, said = imported(database_url, str(path))

    assert "seen 3 = inserted 2, unchanged 0, new_version 0, erased_again 0, quarantined 1" in counted
    assert "posts.jsonl.quarantined.jsonl" in said
    (row,) = (tmp_path / "posts.jsonl.quarantined.jsonl").read_text().splitlines()
    assert json.loads(row)["line"] == 2
    assert await pool.fetchval("select count(*) from quarantine") == 1


async def test_an_import_that_was_cut_off_goes_on_where_it_was(database_url: str, pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(CSV, "utf-8")
    imported(database_url, str(path))
    # As if it had been killed after the first row.
    from service.pipeline.import_file import identity  # noqa: PLC0415

    counts = {"inserted": 1, "unchanged": 0, "new_version": 0, "erased_again": 0, "quarantined": 0}
    cursor = {"file": identity(path), "row": 1, "counts": counts, "started_at": "2026-11-25T00:00:00+00:00"}
    await pool.execute("update source set cursor = $1", cursor)
    counted, said = imported(database_url, str(path))

    assert "going on after row 1" in said
    assert "seen 2 = inserted 1, unchanged 1" in counted


def test_a_file_without_a_text_column_leaves_no_trace(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text("a,b\n1,2\n")
    settings = {"EARSHOT_DATABASE_URL": database_url}
    done = programs.run("import", str(path), "--brand", "Lantern Tea", settings=settings)

    assert done.returncode == 1
    assert b"--map" in done.stderr


async def test_a_platforms_own_file_is_imported_by_its_name(database_url: str, pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "reviews_com.example_202611.csv"
    columns = "Reviewer Language,Review Submit Date and Time,Review Last Update Date and Time,Star Rating"
    row = "en,2026-11-20T10:00:00Z,2026-11-20T10:00:00Z,1,Bad,It crashes,https://play.example/review"
    path.write_text(f"{columns},Review Title,Review Text,Review Link\n{row}\n", "utf-16")
    counted, _ = imported(database_url, str(path), "--columns", "google_play")

    assert "seen 1 = inserted 1" in counted
    stored = await pool.fetchrow("select title, text, rating_value, published_at::text as at from mention")
    assert stored is not None
    assert (stored["title"], stored["text"], stored["rating_value"]) == ("Bad", "It crashes", 1)
    assert stored["at"].startswith("2026-11-20 10:00")


async def test_a_workbook_is_imported_with_its_answers(database_url: str, pool: Pool, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["編號", "評論", "評分", "商家回覆"], ["1", "太甜了", 2, "抱歉"], ["2", "好喝", 5, None]):
        book.active.append(row)
    path = tmp_path / "reviews.xlsx"
    book.save(path)
    first, _ = imported(database_url, str(path))
    second, _ = imported(database_url, str(path))

    assert "seen 3 = inserted 3" in first
    assert "seen 3 = inserted 0, unchanged 3" in second
    assert await pool.fetchval("select text from mention where reply_by_owner") == "抱歉"
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0


def test_a_file_that_looks_like_a_places_own_is_told(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("Package Name,Device,Review Text,Star Rating\ncom.example,x,bad,1\n", "utf-16")
    _, said = imported(database_url, str(path))

    assert "these columns look like Google Play: --columns google_play" in said


def test_the_known_places_are_listed_without_a_database() -> None:
    listed = json.loads(programs.run("import", "--list", settings={}).stdout)

    assert {"dcard", "shopee", "google_play"} <= {place["columns"] for place in listed}
    assert all(place["expects"] and place["fields"]["text"] for place in listed)


def test_a_date_that_counts_from_nowhere_is_written_down_with_its_reason(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("text,date\nfine,2026-11-01\nbad,3 days ago\n")
    counted, _ = imported(database_url, str(path))

    assert "quarantined 1" in counted
    (row,) = (tmp_path / "reviews.csv.quarantined.jsonl").read_text().splitlines()
    assert "write the day" in json.loads(row)["reason"]


@pytest.mark.slow
async def test_an_import_that_is_killed_goes_on_and_loses_nothing(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    book = openpyxl.Workbook(write_only=True)
    table = book.create_sheet("Reviews")
    table.append(["id", "text", "rating", "date"])
    for number in range(6_000):
        table.append(
            [
                number,
                f"The soup was cold, number {number}",
                number % 5 + 1,
                "2026-11-01" if number % 10 else "3 days ago",
            ]
        )
    path = tmp_path / "reviews.xlsx"
    book.save(path)
    killed = 0
    for rows in (1_000, 3_000):
        with programs.started(
            "import", str(path), "--brand", "Lantern Tea", settings={"EARSHOT_DATABASE_URL": database_url}
        ) as process:
            async with asyncio.timeout(100):
                # Another process's progress has no event.
                while await pool.fetchval("select coalesce(max((cursor->>'row')::int), 0) from source") < rows:
                    assert process.poll() is None
                    await asyncio.sleep(0.01)
            process.kill()
            killed += 1
    counted, said = imported(database_url, str(path))

    assert killed == 2
    assert "going on after row" in said
    assert "seen 6000 = inserted 5400, unchanged 0, new_version 0, erased_again 0, quarantined 600" in counted
    assert await pool.fetchval("select count(*) from mention") == 5_400
    assert await pool.fetchval("select count(*) from fetch_not_conserved") == 0
    broken = (tmp_path / "reviews.xlsx.quarantined.jsonl").read_text().splitlines()
    assert len({json.loads(line)["row"] for line in broken}) == len(broken) == 600
