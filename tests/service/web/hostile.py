"""Hostile words in every field that people, places and other programs can fill."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from alerts import incidents
from alerts.brands import BrandTerms
from alerts.channels.webhook import WebhookEvent
from alerts.escalation import Step
from alerts.holding import Hold
from alerts.oncall import Layer
from alerts.silence import SilenceKind
from alerts.types import BrandId, ContactId, IncidentId, Resolution, RuleId, RuleKind, RuleMode, Urgency
from collectors.types import Author, Quarantined, SourceKind
from service.store import (
    access,
    audit,
    brand,
    calendar,
    clock,
    component,
    contact,
    correction,
    fetch,
    incident,
    policy,
    quarantine,
    rule,
    schedule,
    silence,
    source,
    tryout,
    user,
    webhook,
    webhook_delivery,
)
from service.store.access import Role, Scope
from service.store.fetch import Counts, Outcome
from service.store.pool import Connection, Pool
from tests import make
from tests.service.web import seed
from tests.service.web.payloads import ADDRESSES, PAYLOADS, packed

#: What names hold at most, and what they can be made to hold, so that few pages show all there is.
LONGEST_NAME, LONGEST = 200, 1200
#: Few long ones, which hold all there is; and as many as it takes for what pages cut off.
LONG = packed(PAYLOADS, most=LONGEST)
_PACKS = [*LONG, *packed(PAYLOADS, most=LONGEST_NAME)]


async def fill(pool: Pool, conn: Connection) -> None:
    """Put all the words into every field, the long ones first. The user mei is there."""
    await _lift_limits(conn)
    await access.add_sign_in_link(conn, user="mei", now=await clock.now(conn))
    await seed.beat(conn)
    for n, words in enumerate(_PACKS):
        await tell(pool, conn, n, words)
        await _tell_staff(conn, n, words)
    await _echo(conn, _PACKS)


async def _lift_limits(conn: Connection) -> None:
    """Let names and reasons be as long as an index bears."""
    limits = await conn.fetch(
        """
        select conrelid::regclass::text as "table", conname from pg_constraint
        where contype = 'c' and conname ~ '_(name|reason|description)_check$'
        """
    )
    for one in limits:
        await conn.execute(f"alter table {one['table']} drop constraint {one['conname']}")


async def tell(pool: Pool, conn: Connection, n: int, words: str) -> None:
    """Put words everywhere a stranger or a settings file may put some, and let them make an incident."""
    now = await clock.now(conn)
    brand_id = await _brand(conn, words)
    source_id = await source.put(
        conn,
        brand_id=brand_id,
        kind=SourceKind.FEED,
        name=words,
        settings={"url": "http://127.0.0.1/feed"},
        interval=timedelta(minutes=5),
        allow_private=True,
        enabled=True,
        now=now,
    )
    rule_id = await _rule(conn, brand_id, RuleKind.ANGRY_MENTION, words)
    contact_id = await contact.put(
        conn, name=words, email=f"{words.replace('@', '')}@x", language="en", enabled=True, now=now
    )
    await contact.tie(conn, rule_id, [contact_id])
    address = ADDRESSES[n % len(ADDRESSES)]
    mention = make.mention(
        id=words,
        site=words,
        url=address,
        parent=words,
        root=words,
        author=Author(id=words, name=words, url=address),
        title=f"title {words}",
        text=words,
        language=words,
        published_at=now,
    )
    await seed.tell(pool, brand_id, source_id, [mention], seed.AngryAnalyser())
    said = {"label": "neutral", "anger_level": 0, "causes": ["trust"]}
    mention_id = await conn.fetchval("select id from mention where source_id = $1", source_id)
    await correction.correct(conn, mention_id, said, by=words, now=now)
    await _try(conn, words, brand_id, n)
    await conn.execute("update mention set terms = array[$2] where source_id = $1", source_id, words)
    await fetch.record(
        conn, source_id, started_at=now, finished_at=now, outcome=Outcome.FAILED, seen=0, counts=Counts(), error=words
    )
    await conn.execute("update source set error = $2, error_count = 1 where id = $1", source_id, words)
    await quarantine.put(conn, source_id, [Quarantined(raw=words.encode(), reason=words)], now=now)


async def _brand(conn: Connection, words: str) -> BrandId:
    apart = f"kept apart {words}"
    terms = BrandTerms(
        name=words,
        query='"{}"'.format(words.replace('"', "")),
        aliases=(words,),
        context=(words,),
        exclude=(apart,),
        own_accounts=(apart,),
    )
    return await brand.put(conn, terms, now=await clock.now(conn))


async def _rule(conn: Connection, brand_id: BrandId, kind: RuleKind, words: str) -> RuleId:
    return await rule.put(
        conn,
        brand_id=brand_id,
        kind=kind,
        name=words,
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=await clock.now(conn),
    )


async def _try(conn: Connection, words: str, brand_id: BrandId, n: int) -> None:
    """Let a place that somebody tries bring the words, or answer with them."""
    now = await clock.now(conn)
    draft = tryout.Draft(
        brand_id=brand_id,
        source_id=None,
        kind=SourceKind.FEED,
        name=words,
        settings={"url": words, "site": words},
        interval=timedelta(minutes=5),
        allow_private=False,
        match=False,
    )
    await tryout.add(conn, draft, by=words, now=now)
    token = uuid4()
    wanted = await tryout.claim(conn, now=now, lease=timedelta(minutes=1), token=token)
    assert wanted
    shown = dict.fromkeys(("site", "author", "title", "text", "url", "language", "published_at"), words)
    found = {"seen": 1, "mentions": [shown], "quarantined": 1, "warning": words}
    is_heard = n % 2 == 0
    await tryout.finish(
        conn, wanted.id, token, error=None if is_heard else words, found=found if is_heard else None, now=now
    )


async def _tell_staff(conn: Connection, n: int, words: str) -> None:
    """Put words into what only people who are signed in fill: names, reasons, notes, turns, keys, webhooks."""
    now = await clock.now(conn)
    await audit.act_as(conn, words)
    await user.add(conn, name=words, role=Role.VIEWER, now=now)
    mei = await user.named(conn, "mei")
    assert mei
    await access.open_session(conn, mei.id, now=now, address=words, agent=words)
    await access.add_key(conn, name=words, scopes={Scope.READ}, now=now)
    person = await contact.named(conn, words)
    known = await brand.named(conn, words)
    assert person
    assert known
    await _take_turns(conn, words, person.id)
    await silence.add(
        conn,
        kind=SilenceKind.SILENCE,
        brand_id=known.id,
        rule_id=None,
        source_id=None,
        starts_at=now,
        ends_at=now + timedelta(days=1),
        reason=words,
        author=words,
        now=now,
    )
    hook = await webhook.add(
        conn,
        name=words,
        url=f"https://{ADDRESSES[n % len(ADDRESSES)]}",
        events=[WebhookEvent.OPENED],
        brand_id=None,
        allow_private=False,
        secret="whsec_c2VjcmV0",
        description=words,
        now=now,
    )
    assert hook
    await webhook_delivery.owe_test(conn, hook, now=now)
    await webhook.disable(conn, hook, why=words, now=now + timedelta(days=30))
    incident_id = await conn.fetchval("select id from incident where brand_id = $1", known.id)
    await _take_in_hand(conn, incident_id, words, n)
    await component.beat(conn, f"worker.{words}", now=now, healthy=False, detail=words)
    await audit.note(conn, actor=words, action="exported", thing="mentions", thing_id=words, detail={words: words})
    await audit.act_as(conn, "")


async def _take_turns(conn: Connection, words: str, person: ContactId) -> None:
    now = await clock.now(conn)
    layer = Layer(members=(person,), starts=now.replace(tzinfo=None) - timedelta(days=1), turn=timedelta(days=7))
    shifts = await schedule.put(conn, name=words, zone="Asia/Taipei", layers=[layer], now=now)
    until = now + timedelta(days=1)
    await schedule.add_override(conn, shifts, contact_id=person, starts_at=now, ends_at=until, author=words, now=now)
    await calendar.add(conn, schedule_id=shifts, contact_id=None, author=words, now=now)
    steps = [Step(schedules=(shifts,), contacts=(person,), wait=timedelta(minutes=10))]
    await policy.put(conn, name=words, steps=steps, repeats=0, last_resort=person, hold=Hold(), now=now)


async def _take_in_hand(conn: Connection, incident_id: IncidentId, words: str, n: int) -> None:
    """Let somebody whose name is hostile do everything with an incident."""
    now = await clock.now(conn)
    await incident.act(conn, incident_id, lambda one: incidents.note(one, text=words, actor=words, now=now))
    await incident.act(conn, incident_id, lambda one: incidents.assign(one, to=words, actor=words, now=now))
    await incident.acknowledge(conn, incident_id, by=words, now=now)
    if n % 2:
        await incident.resolve(conn, incident_id, by=words, resolution=Resolution.ANSWERED, now=now)


#: What the program writes itself after others' words: a table, and what is set in its rows; `w.words` are the words.
_ECHOES = (
    ("notification", "error = w.words, reason = w.words"),
    ("webhook_delivery", "subject = w.words, error = w.words, body = w.words"),
    ("contact", "bounce = w.words, bounced_at = t.created_at"),
    ("story", "words = array[w.words]"),
    ("source", "settings = jsonb_build_object('url', w.words, 'site', w.words), etag = w.words"),
    ("rule", "settings = jsonb_build_object('words', w.words, 'at_least', w.words)"),
    (
        "analysis",
        "language = w.words, model = w.words, because = jsonb_build_array(jsonb_build_object('start', 0, 'end', 3,"
        " 'text', w.words)), kind = jsonb_build_object(w.words, 0.9), purpose = jsonb_build_object(w.words, 0.9)",
    ),
    (
        "alert",
        "model = w.words, group_key = w.words, reason = jsonb_set(t.reason, '{values,words}', to_jsonb(w.words))",
    ),
    (
        "mention",
        "language = w.words, verdict_kind = w.words, verdict_causes = array[w.words],"
        " engagement = jsonb_build_object(w.words, 3)",
    ),
)
#: The same for rows that are not there yet: beside which table's, and what is added.
_ADDED = (
    (
        "mention",
        "mention_past (mention_id, version, title, text, deleted, content_hash, seen_at)",
        "select t.id, 0, w.words, w.words, false, t.content_hash, t.first_seen_at",
    ),
    (
        "notification",
        "bounce (report, notification_id, at, failed, status, detail)",
        "select convert_to(w.words, 'UTF8'), t.id, t.created_at, true, w.words, w.words",
    ),
    (
        "schedule",
        "duty_shift (schedule_id, starts_at, ends_at, contact_ids, names)",
        "select t.id, t.created_at - interval '2 hours', t.created_at, array[1], array[w.words]",
    ),
    ("app_user", "user_identity", "select w.words, w.words, t.id, t.created_at"),
    ("source", "sign_in_attempt (at, account, address)", "select t.created_at, w.words, w.words"),
    (
        "notification",
        "delivery_attempt",
        "select t.id, 9, t.created_at, t.created_at, 'temporary', w.words, 451, w.words",
    ),
    ("source", "erasure (at, by, mention_id, items)", "select t.created_at, w.words, t.id, 1"),
    ("source", "stream (source_id, due, error)", "select t.id, t.created_at, w.words"),
    (
        "source",
        "websub (source_id, hub, topic, state, due, error)",
        "select t.id, w.words, w.words, 'refused', t.created_at, w.words",
    ),
    (
        "source",
        "push (source_id, received_at, headers, body, reason)",
        "select t.id, t.created_at, jsonb_build_object('x', w.words), convert_to(w.words, 'UTF8'), w.words",
    ),
)
_BESIDE = """
    (select u.ctid as place, row_number() over (order by u.ctid) as n from {} u) r,
    unnest($1::text[]) with ordinality w (words, n)
    where t.ctid = r.place and r.n = w.n
"""


async def _echo(conn: Connection, packs: Sequence[str]) -> None:
    """Put words where the program repeats what others said."""
    for table, setting in _ECHOES:
        await conn.execute(f"update {table} t set {setting} from {_BESIDE.format(table)}", packs)
    for table, into, chosen in _ADDED:
        await conn.execute(f"insert into {into} {chosen} from {table} t, {_BESIDE.format(table)}", packs)
