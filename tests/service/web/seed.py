"""A fictional brand with posts in four languages, put in the way real ones come: fetched batch, judged, alerted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.escalation import Step
from alerts.holding import Hold
from alerts.oncall import Layer
from alerts.silence import SilenceKind
from alerts.types import BrandId, RuleKind, RuleMode, SourceId, Urgency
from analysis.types import Analysis, Because, Cause, Sentiment
from collectors.types import Author, Mention, Rating, SourceKind, whole_text
from service.pipeline.analyse import analyse_due
from service.store import brand, clock, component, contact, ingest, policy, rule, schedule, silence, source
from service.store.pool import Connection, Pool
from service.web.reader import Reader
from tests import make

#: label, anger and the words the verdict is read from
Tone = tuple[str, float, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Post:
    """One post of the story."""

    #: Hours before the end of the story.
    hours_ago: float
    source: str
    site: str
    author: str
    language: str
    title: str = ""
    text: str
    stars: int | None = None
    label: str = "neutral"
    anger: float = 0.03
    because: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


#: What a post of each mood usually is.
_KINDS = {"negative": "complaint", "neutral": "question", "positive": "praise"}


class ScriptedAnalyser:
    """Judges each text as the story says; any other text calmly. Stands where a trained model stands."""

    model = "story@1"

    def __init__(self, posts: Sequence[Post] = ()) -> None:
        self._posts = {whole_text(post.title, post.text): post for post in posts}

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order."""
        return [self._analysis(text) for text in texts]

    def _analysis(self, text: str) -> Analysis:
        post = self._posts.get(text)
        if post is None:
            return make.analysis(model=self.model)
        strong = 0.93 if post.anger > 0.5 else 0.81
        rest = (1 - strong) / 2
        shares = {name: strong if name == post.label else rest for name in ("negative", "neutral", "positive")}
        spans = tuple(
            Because(start=text.index(words), end=text.index(words) + len(words), text=words) for words in post.because
        )
        return Analysis(
            negative=shares["negative"],
            neutral=shares["neutral"],
            positive=shares["positive"],
            language=post.language,
            anger=post.anger,
            anger_level=2 if post.anger > 0.5 else 1 if post.label == "negative" else 0,
            angry=post.anger > 0.5,
            because=spans or None,
            kind={"other": 0.1, _KINDS[post.label]: 0.9},
            churn=0.62 if post.anger > 0.5 else 0.08,
            severity=0.7 if post.anger > 0.5 else 0.2,
            purpose={"apology": 0.6, "none": 0.4} if post.anger > 0.5 else {"none": 0.9, "answer": 0.1},
            causes=tuple(Cause(cause=cause, label=Sentiment(post.label), p=0.8) for cause in post.causes),
            model=self.model,
        )


class AngryAnalyser:
    """Finds anger in everything: for tests about what follows from it."""

    model = "angry@1"

    def analyse(self, texts: Sequence[str], *, because: bool = False) -> list[Analysis]:
        """Return one analysis per text, in order; the first word is the reason."""
        return [
            make.analysis(
                angry=True,
                model=self.model,
                because=(Because(start=0, end=len(text.split(maxsplit=1)[0]), text=text.split(maxsplit=1)[0]),)
                if text.split()
                else None,
            )
            for text in texts
        ]


async def put_source(conn: Connection, brand_id: BrandId, name: str, kind: SourceKind = SourceKind.FEED) -> SourceId:
    """Return a source of the brand."""
    return await source.put(
        conn,
        brand_id=brand_id,
        kind=kind,
        name=name,
        settings={"url": "http://127.0.0.1/feed"},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=await clock.now(conn),
    )


async def put_rule(conn: Connection, name: str = "Angry mentions", *, email: str = "mei@lantern.example") -> None:
    """Put a rule that tells one contact."""
    now = await clock.now(conn)
    rule_id = await rule.put(
        conn,
        brand_id=None,
        kind=RuleKind.ANGRY_MENTION,
        name=name,
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=now,
    )
    contact_id = await contact.put(conn, name="Mei Lin", email=email, language="zh-Hant", enabled=True, now=now)
    await contact.tie(conn, rule_id, [contact_id])


async def tell(
    pool: Pool, brand_id: BrandId, source_id: SourceId, mentions: Sequence[Mention], analyser: object = None
) -> None:
    """Let mentions come in and be judged."""
    async with pool.acquire() as conn, conn.transaction():
        await ingest.ingest(conn, brand_id, source_id, mentions, now=await clock.now(conn))
    while await analyse_due(pool, analyser or ScriptedAnalyser()):  # type: ignore[arg-type]  # one of the two above
        pass


async def beat(conn: Connection) -> None:
    """Let the worker say that it lives."""
    now = await clock.now(conn)
    for stage in ("collect", "analyse", "deliver"):
        await component.beat(conn, f"worker.{stage}", now=now)


def mention_of(post: Post, at: datetime, n: int) -> Mention:
    """Return the post as a collector brings it."""
    return make.mention(
        id=f"post-{n}",
        site=post.site,
        url=f"https://{post.source.replace(' ', '-').lower()}.example/posts/{n}",
        author=Author(name=post.author),
        title=post.title,
        text=post.text,
        published_at=at,
        language=post.language,
        rating=None if post.stars is None else Rating(value=post.stars, scale=5),
    )


async def brand_named(conn: Connection, name: str = "Lantern Noodles") -> BrandId:
    """Return the brand of this name."""
    return await brand.ensure(conn, name, now=await clock.now(conn))


def reader(language: str = "en") -> Reader:
    """Return somebody who reads in Taipei."""
    return Reader(language=language, zone=ZoneInfo("Asia/Taipei"), now=make.NOW)


async def put_turns(conn: Connection) -> None:
    """Let two people take turns by the week and another by day, one have taken over, and something be kept quiet."""
    now = await clock.now(conn)
    told = [one.id for one in await contact.every(conn)]
    for name, language in (("Somchai", "th"), ("陳怡君", "zh-Hant")):
        email = f"turn{len(told)}@example.com"
        told.append(await contact.put(conn, name=name, email=email, language=language, enabled=True, now=now))
    monday = (now - timedelta(days=21 + now.weekday())).replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)
    week = Layer(members=tuple(told[:2]), starts=monday, turn=timedelta(days=7))
    office = Layer(members=(told[-1],), starts=monday, turn=timedelta(days=7), hours=(time(9), time(18)))
    care = await schedule.put(conn, name="Care", zone="Asia/Bangkok", layers=[week, office], now=now)
    await schedule.add_override(
        conn,
        care,
        contact_id=told[1],
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=2, hours=12),
        author="mei",
        now=now,
    )
    steps = [
        Step(schedules=(care,), wait=timedelta(minutes=10)),
        Step(whole_schedules=(care,), wait=timedelta(hours=1)),
    ]
    await policy.put(conn, name="Care first", steps=steps, repeats=1, last_resort=told[0], hold=Hold(), now=now)
    await silence.add(
        conn,
        kind=SilenceKind.MAINTENANCE,
        brand_id=None,
        rule_id=None,
        source_id=None,
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=1, hours=3),
        reason="The till is being replaced",
        author="mei",
        now=now,
    )
