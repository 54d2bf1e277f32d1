"""What pages and lists ask again and again walks an index, and never reads the mentions from end to end."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.types import BrandId, IncidentId, MentionId, SourceId, StoryId
from service.store import erasure, mention, talk, trend
from service.store.erasure import Author
from service.store.mention import MentionFilter
from service.store.pool import Connection, Pool
from tests.benchmarks import store_load
from tests.benchmarks.store_load import NOW

_BUSY = MentionFilter(brand_id=BrandId(1))
_MONTH = replace(_BUSY, since=NOW - timedelta(days=30))
#: A question of a list, whether the angriest come first, and what the name of the index that answers it
#: begins with: of one brand several will do.
_LISTS = [
    (MentionFilter(), False, "mention_newest_of_all"),
    (_BUSY, False, "mention_"),
    (_MONTH, False, "mention_"),
    (replace(_BUSY, angry=True), False, "mention_"),
    (replace(_BUSY, kind="threat"), False, "mention_"),
    (MentionFilter(), True, "mention_angriest_of_all"),
    (_BUSY, True, "mention_angriest"),
    (MentionFilter(story_id=StoryId(7)), False, "mention_of_story"),
    (MentionFilter(incident_id=IncidentId(3)), False, "mention_pkey"),
    (MentionFilter(author="nobody"), False, "mention_of_author_name"),
    (replace(_BUSY, author="nobody"), False, "mention_"),
]


@pytest.fixture
async def filled(pool: Pool, conn: Connection) -> Connection:
    """A database with enough mentions for the planner to care."""
    await store_load.load(pool, 6_000, lambda _: None)
    return conn


async def _plan(conn: Connection, statement: str, *parameters: object) -> str:
    return "\n".join(row[0] for row in await conn.fetch("explain " + statement, *parameters))


async def test_lists_of_mentions_walk_an_index(filled: Connection) -> None:
    for wanted, angriest, index in _LISTS:
        order = mention._ANGRIEST if angriest else mention._NEWEST
        plan = await _plan(filled, order, *mention.parameters(wanted), None, None, 51)

        assert "Seq Scan on mention" not in plan, wanted
        assert re.search(rf"Scan (Backward )?(using|on) {index}", plan), f"{wanted}\n{plan}"


async def test_trends_read_the_rollup_of_the_brand_and_the_time(filled: Connection) -> None:
    for brands in ([1], None):
        asked = (brands, None, NOW - timedelta(days=30), NOW, "hour", "Asia/Taipei", "")
        plan = await _plan(filled, trend._FROM_ROLLUP, *asked)

        assert "trend_hour_pkey" in plan
        assert "Seq Scan on mention" not in plan


async def test_a_storys_mentions_are_found_by_their_story(filled: Connection) -> None:
    plan = await _plan(filled, talk._TOLD_ONE, 7, NOW - timedelta(days=30), NOW)

    assert "mention_of_story" in plan
    assert "Seq Scan on mention" not in plan


async def test_a_source_and_a_cause_do_not_read_every_mention(filled: Connection) -> None:
    for wanted in (MentionFilter(source_id=SourceId(2)), replace(_BUSY, cause="hygiene")):
        plan = await _plan(filled, mention._NEWEST, *mention.parameters(wanted), None, None, 51)

        assert "Seq Scan on mention" not in plan


async def test_stories_and_authors_are_counted_in_an_index_alone(filled: Connection) -> None:
    for brands in ([1], None):
        week = (brands, NOW - timedelta(days=7), NOW)
        for statement, rest in ((talk._TOLD_MOST, (2, 50)), (talk._AUTHORS, ("turned", 50))):
            plan = await _plan(filled, statement, *week, *rest)

            assert "Index Only Scan using mention_told" in plan, plan
            assert "Seq Scan on mention" not in plan


async def test_what_is_to_be_erased_is_found_by_its_item_or_its_author(filled: Connection) -> None:
    wanted = (MentionId(7), Author(site="forum.example", author="nobody"))
    asked = [erasure._finding(one) for one in wanted]
    item, author = [await _plan(filled, statement, *parameters) for statement, parameters in asked]

    assert "mention_pkey" in item
    assert "mention_once" in item
    assert "mention_of_author_id" in author
    assert "mention_of_author_name" in author
    assert "Seq Scan on mention" not in item + author
