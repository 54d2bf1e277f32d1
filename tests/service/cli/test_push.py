"""`earshot push`, and trying a body that was recorded."""

import asyncio
import json
from pathlib import Path

from service.store.pool import Pool
from tests.collectors.played import Given, played
from tests.service import programs
from tests.service.cli.test_commands import run

TOML = """
[[brand]]
name = "Lantern Tea"

[[source]]
brand = "Lantern Tea"
name = "Shop"
kind = "webhook"
[source.settings]
mapping = '{"items": "$.reviews[*]", "id": "$.id", "text": "$.body"}'
secret = "env:EARSHOT_SECRET_SHOP"
"""
BODY = json.dumps({"reviews": [{"id": 1, "body": "Cold soup."}, {"id": 2}]})
MAPPING = 'mapping={"items": "$.reviews[*]", "id": "$.id", "text": "$.body"}'


def test_a_mapping_is_tried_on_a_recorded_file(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text(BODY, "utf-8")
    done = programs.run("fetch", "webhook", "--set", MAPPING, "--base-url", str(tmp_path / "body.json"), settings={})

    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["Cold soup."]
    assert "quarantined: " in done.stderr.decode()


async def test_a_mapping_is_tried_on_a_recorded_answer() -> None:
    async with played() as platform:
        platform.on("/recorded", Given(content=BODY.encode()))
        where = f"{platform.url}/recorded"
        done = await asyncio.to_thread(
            programs.run,
            *("fetch", "webhook", "--set", MAPPING, "--base-url", where, "--allow-private"),
            settings={},
        )

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["1"]


def test_a_body_is_asked_for_where_none_is_given() -> None:
    done = programs.run("fetch", "line", "--set", "channel_secret=x", settings={})

    assert done.returncode == 1
    assert "--base-url FILE" in done.stderr.decode()


async def test_an_applied_webhook_has_an_address_that_can_be_renewed(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    (tmp_path / "earshot.toml").write_text(TOML, "utf-8")
    assert "push list" in run(database_url, "apply", str(tmp_path / "earshot.toml"))
    listed = run(database_url, "push", "list")
    (key,) = [row["key"] for row in await pool.fetch("select key from inlet")]

    assert listed == f"Lantern Tea: Shop (webhook): http://127.0.0.1:8000/api/v1/hooks/{key}\n"
    assert key not in run(database_url, "push", "new-address", "Shop")
    assert run(database_url, "push", "new-secret", "Lantern Tea: Shop").startswith("whsec_")
    assert run(database_url, "push", "replay", "Shop") == "0 deliveries will be read again\n"
    done = programs.run("push", "replay", "Shp", settings={"EARSHOT_DATABASE_URL": database_url})
    assert "there are Lantern Tea: Shop" in done.stderr.decode()


async def test_the_doctor_says_where_places_cannot_reach_us(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "earshot.toml").write_text(TOML, "utf-8")
    run(database_url, "apply", str(tmp_path / "earshot.toml"))
    for base, said in (({}, "Shop: places cannot reach"), ({"EARSHOT_BASE_URL": "https://us.example"}, "1 sources")):
        settings = {"EARSHOT_DATABASE_URL": database_url, "EARSHOT_ANALYSER": "ngram", **base}
        found = json.loads(programs.run("doctor", "--json", settings=settings).stdout)

        assert [said in one["detail"] for one in found if one["what"] == "addresses"] == [True]
