"""The smaller commands."""

import asyncio
import json
from pathlib import Path

from alerts.brands import BrandTerms
from service.cli.doctor import check_brands, check_rules
from service.store import brand, clock, second_factor, user
from service.store.pool import Connection, Pool
from tests import make
from tests.places import Post, serving_feed
from tests.service import programs
from tests.service.configuration.test_read import GOOD
from tests.service.watched import watch


def run(url: str, *arguments: str) -> str:
    done = programs.run(*arguments, settings={"EARSHOT_DATABASE_URL": url})
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


async def test_fetch_prints_mentions_and_writes_nothing() -> None:
    async with serving_feed(Post(text="Cold soup", guid="1")) as feed:
        done = await asyncio.to_thread(
            programs.run, "fetch", "feed", "--set", f"url={feed.url}", "--allow-private", settings={}
        )

    (line,) = done.stdout.splitlines()
    assert json.loads(line)["text"] == "Cold soup"


async def test_fetch_without_leave_does_not_reach_inward() -> None:
    async with serving_feed() as feed:
        done = await asyncio.to_thread(programs.run, "fetch", "feed", "--set", f"url={feed.url}", settings={})

    assert done.returncode == 1
    assert feed.asked == 0


def test_fetch_lists_kinds_with_their_settings() -> None:
    done = programs.run("fetch", "--list", settings={})

    kinds = {kind["kind"]: kind for kind in json.loads(done.stdout)}
    assert [setting["key"] for setting in kinds["feed"]["settings"] if setting["required"]] == ["url"]


async def test_apply_makes_it_so_and_export_gives_it_back(database_url: str, pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "earshot.toml"
    path.write_text(GOOD)
    assert "dry run" in run(database_url, "apply", str(path), "--dry-run")
    assert await pool.fetchval("select count(*) from brand") == 0
    assert "applied 4 changes" in run(database_url, "apply", str(path))
    path.write_text(run(database_url, "export"))

    assert "nothing to change" in run(database_url, "apply", str(path))


async def test_keys_are_shown_once_and_kept_as_a_digest(database_url: str, pool: Pool) -> None:
    key = run(database_url, "keys", "add", "grafana", "--scope", "read").strip()
    key_id = key.split("_")[1]

    assert key.startswith("earshot_")
    assert key not in run(database_url, "keys", "list")
    assert "grafana  (all brands)" in run(database_url, "keys", "list")
    assert "revoked" in run(database_url, "keys", "revoke", key_id)
    dump = str([tuple(row) for row in await pool.fetch("select id, name, secret_sha256 from api_key")])
    assert key.split("_")[2] not in dump


def test_a_sign_in_link_is_given_on_the_command_line(database_url: str) -> None:
    assert "/sign-in?token=" in run(database_url, "users", "link", "mei")


async def test_a_lost_second_factor_is_taken_away_on_the_command_line(database_url: str, pool: Pool) -> None:
    run(database_url, "users", "add", "mei")
    async with pool.acquire() as conn:
        one = await user.named(conn, "mei")
        assert one
        await second_factor.add(conn, one.id, secret=b"sealed", step=1, recovery_codes=["a"], now=await clock.now(conn))
    listed = run(database_url, "users", "list")
    done = run(database_url, "users", "reset-second-factor", "mei")
    again = programs.run("users", "reset-second-factor", "mei", settings={"EARSHOT_DATABASE_URL": database_url})
    record = run(database_url, "audit", "list")

    assert "by link only + code" in listed
    assert "may set up another" in done
    assert (again.returncode, b"has no second factor" in again.stderr) == (1, True)
    assert "second_factor" in record


def test_the_doctor_says_what_to_do(database_url: str) -> None:
    done = programs.run("doctor", "--json", settings={"EARSHOT_DATABASE_URL": database_url})
    found = {one["what"]: one for one in json.loads(done.stdout)}

    assert done.returncode == 1
    assert found["model"]["ok"]
    assert found["schema"]["ok"]
    assert "EARSHOT_SMTP_URL" in found["mail"]["detail"]
    assert "earshot work" in found["worker"]["detail"]


def test_what_is_empty_says_so(database_url: str) -> None:
    exported = programs.run("export", settings={"EARSHOT_DATABASE_URL": database_url})
    erased = programs.run("erase", "--mention", "7", settings={"EARSHOT_DATABASE_URL": database_url})
    author = ("--site", "forum.example", "--author", "Ann")
    silent = programs.run("erase", *author, settings={"EARSHOT_DATABASE_URL": database_url})

    assert (exported.stdout, exported.stderr.decode()) == (b"", "there is nothing of yours to export yet\n")
    assert (erased.returncode, silent.returncode) == (1, 1)
    assert erased.stderr == silent.stderr
    assert "there is no such mention" in erased.stderr.decode()
    assert run(database_url, "push", "list") == "no source is sent to\n"


def test_migrating_again_says_so(database_url: str) -> None:
    assert "the schema is current" in run(database_url, "migrate")


async def test_the_doctor_names_a_brand_that_cannot_be_looked_for(conn: Connection, pool: Pool) -> None:
    await brand.add(conn, BrandTerms(name="Lantern", query="(tea"), now=make.NOW)
    found = await check_brands(pool)

    assert not found.ok
    assert found.detail.startswith("nothing is found for Lantern: query: character 1: this bracket is never closed")


async def test_the_doctor_names_a_rule_that_tells_nobody(conn: Connection, pool: Pool) -> None:
    watched = await watch(conn, "http://127.0.0.1/feed")
    assert (await check_rules(pool)).ok

    await conn.execute("update contact set verified_at = null")
    unheard = await check_rules(pool)
    assert not unheard.ok
    assert unheard.detail.startswith("nobody is told by Angry mentions")

    # A rule that names no contact tells everybody; there is nobody yet.
    await conn.execute("delete from rule_contact")
    assert not (await check_rules(pool)).ok
    await conn.execute("update contact set verified_at = now() where id = $1", watched.contact_id)
    assert (await check_rules(pool)).ok
