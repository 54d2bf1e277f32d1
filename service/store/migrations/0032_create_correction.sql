-- What people say against the verdict. One row a mention: the newest word on it, for the version that was looked at.
create table correction (
    mention_id bigint primary key references mention on delete cascade,
    version integer not null,
    label text check (label in ('negative', 'neutral', 'positive')),
    anger_level smallint check (anger_level in (0, 1, 2)),
    kind text check (kind in ('complaint', 'attack', 'threat', 'question', 'praise', 'promotion', 'other')),
    causes text[],
    -- not about the brand
    irrelevant boolean not null default false,
    corrected_by text not null,
    at timestamptz not null
);
create index correction_newest on correction (at desc, mention_id desc);

-- What is not about the brand is kept and left out of counts.
drop view trend_recount;
drop view trend_cause_recount;
alter table mention add column irrelevant boolean not null default false;
alter table mention drop column counted;
alter table mention add column counted boolean not null
    generated always as (not (deleted or own or promotion or reply_by_owner or irrelevant)) stored;

create view trend_recount as
select brand_id, date_trunc('hour', said_at, 'UTC') as hour, source_id, coalesce(language, '') as language,
    count(*) as total, count(*) filter (where label = 'negative') as negative,
    count(*) filter (where label = 'neutral') as neutral, count(*) filter (where label = 'positive') as positive,
    count(*) filter (where angry) as angry
from mention where counted
group by 1, 2, 3, 4;

create view trend_cause_recount as
select m.brand_id, date_trunc('hour', m.said_at, 'UTC') as hour, m.source_id, c.cause,
    count(*) as total, count(*) filter (where m.label = 'negative') as negative,
    count(*) filter (where m.label = 'neutral') as neutral,
    count(*) filter (where m.label = 'positive') as positive, count(*) filter (where m.angry) as angry
from mention m cross join lateral (select distinct unnest(m.verdict_causes) as cause) c
where m.counted
group by 1, 2, 3, 4;

-- Shows a mention as its verdict says, and as a person says where one has looked at this version.
create function show_verdict(mentions bigint[]) returns void language sql as $$
    update mention m set
        label = coalesce(c.label, a.label),
        angry = coalesce(c.anger_level = 2, a.angry),
        anger = a.anger,
        verdict_kind = coalesce(c.kind, (
            select key from jsonb_each_text(a.kind) order by value::double precision desc, key limit 1)),
        verdict_causes = coalesce(c.causes, (
            select array_agg(cause ->> 'cause') from jsonb_array_elements(a.causes) cause)),
        promotion = coalesce(c.kind = 'promotion', m.promotion),
        irrelevant = coalesce(c.irrelevant, false)
    from mention x
    left join lateral (
        select * from analysis where mention_id = x.id and version = x.version order by at desc limit 1
    ) a on true
    left join correction c on c.mention_id = x.id and c.version = x.version
    where x.id = any(mentions) and m.id = x.id and a.mention_id is not null
$$;
