"""One event in many words and languages is one story, one incident and one first e-mail."""

from collections.abc import Sequence
from random import Random
from zlib import crc32

import numpy as np
import pytest

from analysis.types import Analysis
from collectors.types import Author, Mention
from service.pipeline.analyse import analyse_due
from service.store import clock, ingest
from service.store.pool import Connection, Pool
from tests import make
from tests.service.watched import Watched, watch

WORDS = {
    "zh-Hant": "信義店的珍奶裡喝到蟑螂 超噁 店員 不道歉 還說 沒看到 我要 檢舉 大家 別去",
    "th": "เจอแมลงสาบ ในชานม สาขาซินอี้ พนักงาน ไม่ขอโทษ แย่มาก จะร้องเรียน อย่าไป",
    "en": "found a dead cockroach in my milk tea at Xinyi staff refused to say sorry disgusting avoid",
}


class Understanding:
    """Judges every text angry, and knows what event it tells: the number before the colon. An embedding lies near its
    event's, as near as those of a good model do."""

    model = "understanding@1"

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        return [make.analysis(angry=True, model=self.model, embedding=self._near(text)) for text in texts]

    def _near(self, text: str) -> tuple[float, ...]:
        event = np.random.default_rng(int(text.partition(":")[0])).normal(size=128)
        noise = np.random.default_rng(crc32(text.encode())).normal(size=128)
        both = event / np.linalg.norm(event) + 0.35 * noise / np.linalg.norm(noise)
        return tuple((both / np.linalg.norm(both)).tolist())


@pytest.fixture
async def watched(conn: Connection) -> Watched:
    return await watch(conn, "http://127.0.0.1/feed")


def tellings(event: int, n: int, accounts: int, languages: Sequence[str], random: Random) -> list[Mention]:
    """Return posts about one event, no two in the same words."""
    said = []
    for k in range(n):
        words = WORDS[languages[k % len(languages)]].split()
        random.shuffle(words)
        said.append(
            make.mention(
                id=f"{event}-{k}", text=f"{event}: {' '.join(words)} {k * 7919}", author=Author(id=f"a{k % accounts}")
            )
        )
    return said


async def tell(conn: Connection, pool: Pool, watched: Watched, said: list[Mention]) -> None:
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    while await analyse_due(pool, Understanding()):
        pass


@pytest.mark.parametrize(("accounts", "languages"), [(3, ["zh-Hant"]), (60, ["zh-Hant", "th", "en"])])
async def test_sixty_posts_on_one_event_are_one_incident_and_one_first_e_mail(
    conn: Connection, pool: Pool, watched: Watched, accounts: int, languages: list[str]
) -> None:
    await tell(conn, pool, watched, tellings(1, 60, accounts, languages, Random(1)))

    assert await conn.fetchval("select array_agg(alert_count) from incident") == [60]
    assert await conn.fetchval("select count(*) from notification where purpose = 'first'") == 1
    assert await conn.fetchval("select count(*) from story") == 1
    assert await conn.fetchval("select tellings from story") == 60


async def test_a_model_without_meaning_still_finds_copies(conn: Connection, pool: Pool, watched: Watched) -> None:
    class Letters(Understanding):
        def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
            return [make.analysis(angry=True, model=self.model) for _ in texts]

    text = "氣死我了！這什麼爛店，店員罵我活該還把我趕出去，垃圾服務，我一定要去消保會檢舉你們"
    said = [make.mention(id=str(n), text=text + "！" * n) for n in range(5)]
    await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
    await analyse_due(pool, Letters())

    assert await conn.fetchval("select count(*) from story where middle is null") == 1


async def test_two_stories_that_turn_out_to_be_one_are_one_incident(
    conn: Connection, pool: Pool, watched: Watched
) -> None:
    class Learning(Understanding):
        """Sees at first two events, then that both were one."""

        def _near(self, text: str) -> tuple[float, ...]:
            one = np.zeros(128)
            one[{"a": slice(0, 1), "b": slice(1, 2), "c": slice(0, 2)}[text[0]]] = 1.0
            return tuple((one / np.linalg.norm(one)).tolist())

    async def say(*texts: str) -> None:
        said = [make.mention(id=text, text=text) for text in texts]
        await ingest.ingest(conn, watched.brand_id, watched.source_id, said, now=await clock.now(conn))
        while await analyse_due(pool, Learning()):
            pass

    await say("a queue", "a window")
    await say("b garden", "b ladder")
    assert await conn.fetchval("select count(*) from incident where status = 'triggered'") == 2
    await say(*(f"c {n} mirror {n * 15485863}" for n in range(8)))
    await say(*(f"a {n} candle {n * 1299709}" for n in range(2)))

    assert await conn.fetchval("select count(*) from story") == 1
    assert await conn.fetchval("select array_agg(distinct story_id) from mention") == [1]
    assert await conn.fetchval("select array_agg(alert_count) from incident where status = 'triggered'") == [14]
    merged = await conn.fetch("select merged_into, resolved_by from incident where resolution = 'merged'")
    assert [dict(row) for row in merged] == [{"merged_into": 1, "resolved_by": None}]


async def test_stories_of_an_older_metric_are_left_alone(conn: Connection, pool: Pool, watched: Watched) -> None:
    await tell(conn, pool, watched, tellings(1, 1, 1, ["en"], Random(1)))
    await conn.execute("update story set middle = '\\x00000000'")
    await tell(conn, pool, watched, tellings(2, 1, 1, ["en"], Random(2)))

    assert await conn.fetchval("select array_agg(length(middle) order by id) from story") == [4, 256]
