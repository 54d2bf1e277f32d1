"""Whatever happens to mentions, and in whatever order, the rollups are what a recount gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.types import MentionId
from analysis.types import Analysis, Cause, Sentiment
from collectors.types import Mention
from service.store import brand, correction, erasure, ingest, source, story, trend, verdict
from service.store.pool import Connection, Pool
from tests import make
from tests.service.api.conftest import Place, put_place

_TERM_DRIFT = """
    select count(*) from (
        (table term_recount except table term_day)
        union all
        (select * from term_day where (total, negative, angry) <> (0, 0, 0) except table term_recount)
    ) differs
"""
_CAUSES = ("price", "waiting")


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """A poll brings something: new, edited, deleted at its site, of a later date, or as before."""

    mentions: Sequence[Mention]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Everything that waits is judged."""

    analysis: Analysis
    terms: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Correct:
    """A person says something of a mention, or takes it back."""

    which: int
    said: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Erase:
    """A mention goes for good."""

    which: int


@dataclass(frozen=True, kw_only=True)
class Mend:
    """Everything is counted anew."""


_MENTIONS = st.builds(
    lambda key, text, hours, by_owner, deleted: make.mention(
        id=key,
        text=text,
        published_at=None if hours is None else make.NOW - timedelta(hours=hours),
        reply_by_owner=by_owner,
        deleted=deleted,
    ),
    st.sampled_from("abcd"),
    st.sampled_from(["good", "bad"]),
    st.sampled_from([None, 0, 1, 30]),
    st.sampled_from([False, False, True]),
    st.sampled_from([False, False, True]),
)
_VERDICTS = st.builds(
    lambda angry, language, causes, kind: make.analysis(
        angry=angry,
        language=language,
        kind=kind,
        causes=tuple(Cause(cause=cause, label=Sentiment.NEGATIVE, p=0.9) for cause in causes),
    ),
    st.booleans(),
    st.sampled_from(["th", "zh-Hant"]),
    st.lists(st.sampled_from(_CAUSES), unique=True),
    st.sampled_from([{"complaint": 1.0}, {"promotion": 1.0}]),
)
_SAID = st.fixed_dictionaries(
    {},
    optional={
        "label": st.sampled_from([None, "positive", "negative"]),
        "anger_level": st.sampled_from([None, 0, 2]),
        "kind": st.sampled_from([None, "promotion", "praise"]),
        "causes": st.one_of(st.none(), st.lists(st.sampled_from(_CAUSES), max_size=2)),
        "irrelevant": st.booleans(),
    },
)
_STEPS = st.one_of(
    st.builds(Ingest, mentions=st.lists(_MENTIONS, min_size=1, max_size=5)),
    st.builds(
        Judge, analysis=_VERDICTS, terms=st.lists(st.sampled_from(["soup", "湯"]), unique=True, max_size=2).map(tuple)
    ),
    st.builds(Correct, which=st.integers(0, 3), said=_SAID),
    st.builds(Erase, which=st.integers(0, 3)),
    st.just(Mend()),
)


async def _judge(conn: Connection, place: Place, step: Judge) -> None:
    token = uuid4()
    claimed = await verdict.claim(
        conn, now=make.NOW, lease=timedelta(minutes=1), token=token, limit=100, again=False
    )  # fmt: skip
    told = await story.next_ids(conn, len(claimed))
    await story.open_stories(
        conn, place.brand_id, [story.NewStory(id=one, signature=(), bands=()) for one in told], now=make.NOW
    )
    ours = await verdict.finish(conn, claimed, token)
    judged = [(one, of, step.analysis) for one, of in zip(claimed, told, strict=True) if one.id in ours]
    await verdict.record(conn, judged, terms=[step.terms] * len(judged), now=make.NOW)


async def _take(conn: Connection, place: Place, step: Ingest | Judge | Correct | Erase | Mend) -> None:
    there = [row["id"] for row in await conn.fetch("select id from mention order by id")]
    match step:
        case Ingest(mentions=mentions):
            await ingest.ingest(conn, place.brand_id, place.source_id, mentions, now=make.NOW)
        case Judge():
            await _judge(conn, place, step)
        case Correct(which=which, said=said) if which < len(there):
            await correction.correct(conn, MentionId(there[which]), said, by="key:tester", now=make.NOW)
        case Erase(which=which) if which < len(there):
            await erasure.erase(conn, MentionId(there[which]), by="key:tester", now=make.NOW)
        case Mend():
            await trend.mend(conn)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEPS, max_size=12), ending=st.sampled_from([brand.remove, source.remove, None]))
async def test_rollups_equal_a_recount_after_every_step(pool: Pool, steps: list[object], ending: object) -> None:
    async with pool.acquire() as conn:
        await conn.execute("truncate brand, mention, term_day, trend_hour, trend_cause, analysis_todo cascade")
        place = await put_place(conn)
        for step in steps:
            async with conn.transaction():
                await _take(conn, place, step)  # type: ignore[arg-type]  # one of `_STEPS`
            assert await trend.drift(conn) == 0
            assert await conn.fetchval(_TERM_DRIFT) == 0
        if ending is brand.remove:
            await brand.remove(conn, place.brand_id)
        elif ending is source.remove:
            await source.remove(conn, place.source_id)

        assert await trend.drift(conn) == 0
        assert await conn.fetchval(_TERM_DRIFT) == 0
