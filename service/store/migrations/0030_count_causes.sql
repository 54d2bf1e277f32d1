-- Hourly counts by what mentions are about. A mention with two causes counts in both rows, so that these never add up
-- to the trends; kept by statement triggers, like them.
create table trend_cause (
    brand_id bigint not null references brand on delete cascade,
    hour timestamptz not null,
    source_id bigint not null references source on delete cascade,
    cause text not null,
    total bigint not null,
    negative bigint not null,
    neutral bigint not null,
    positive bigint not null,
    angry bigint not null,
    primary key (brand_id, hour, source_id, cause)
);

create view trend_cause_recount as
select m.brand_id, date_trunc('hour', m.said_at, 'UTC') as hour, m.source_id, c.cause,
    count(*) as total, count(*) filter (where m.label = 'negative') as negative,
    count(*) filter (where m.label = 'neutral') as neutral,
    count(*) filter (where m.label = 'positive') as positive, count(*) filter (where m.angry) as angry
from mention m cross join lateral (select distinct unnest(m.verdict_causes) as cause) c
where m.counted
group by 1, 2, 3, 4;

create function count_causes_come() returns trigger language plpgsql as $$
begin
    insert into trend_cause as t (brand_id, hour, source_id, cause, total, negative, neutral, positive, angry)
    select m.brand_id, date_trunc('hour', m.said_at, 'UTC'), m.source_id, c.cause,
        count(*), count(*) filter (where m.label = 'negative'), count(*) filter (where m.label = 'neutral'),
        count(*) filter (where m.label = 'positive'), count(*) filter (where m.angry)
    from come m cross join lateral (select distinct unnest(m.verdict_causes) as cause) c
    where m.counted and m.verdict_causes is not null
    group by 1, 2, 3, 4
    -- one order for all writers: no deadlock
    order by 1, 2, 3, 4
    on conflict (brand_id, hour, source_id, cause) do update set
        total = t.total + excluded.total, negative = t.negative + excluded.negative,
        neutral = t.neutral + excluded.neutral, positive = t.positive + excluded.positive,
        angry = t.angry + excluded.angry;
    return null;
end $$;

create function count_causes_gone() returns trigger language plpgsql as $$
begin
    -- An update only: when a brand or source goes, its counts may have gone before its mentions.
    update trend_cause t set
        total = t.total - g.total, negative = t.negative - g.negative, neutral = t.neutral - g.neutral,
        positive = t.positive - g.positive, angry = t.angry - g.angry
    from (
        select m.brand_id, date_trunc('hour', m.said_at, 'UTC') as hour, m.source_id, c.cause,
            count(*) as total, count(*) filter (where m.label = 'negative') as negative,
            count(*) filter (where m.label = 'neutral') as neutral,
            count(*) filter (where m.label = 'positive') as positive, count(*) filter (where m.angry) as angry
        from gone m cross join lateral (select distinct unnest(m.verdict_causes) as cause) c
        where m.counted and m.verdict_causes is not null
        group by 1, 2, 3, 4
    ) g
    where (t.brand_id, t.hour, t.source_id, t.cause) = (g.brand_id, g.hour, g.source_id, g.cause);
    return null;
end $$;

create function count_causes_changed() returns trigger language plpgsql as $$
begin
    insert into trend_cause as t (brand_id, hour, source_id, cause, total, negative, neutral, positive, angry)
    select m.brand_id, date_trunc('hour', m.said_at, 'UTC'), m.source_id, c.cause,
        sum(n), coalesce(sum(n) filter (where m.label = 'negative'), 0),
        coalesce(sum(n) filter (where m.label = 'neutral'), 0),
        coalesce(sum(n) filter (where m.label = 'positive'), 0), coalesce(sum(n) filter (where m.angry), 0)
    from (
        select 1 as n, brand_id, said_at, source_id, label, angry, verdict_causes from come
        where counted and verdict_causes is not null
        union all
        select -1, brand_id, said_at, source_id, label, angry, verdict_causes from gone
        where counted and verdict_causes is not null
    ) m cross join lateral (select distinct unnest(m.verdict_causes) as cause) c
    group by 1, 2, 3, 4
    having (sum(n), coalesce(sum(n) filter (where m.label = 'negative'), 0),
        coalesce(sum(n) filter (where m.label = 'neutral'), 0),
        coalesce(sum(n) filter (where m.label = 'positive'), 0),
        coalesce(sum(n) filter (where m.angry), 0)) <> (0, 0, 0, 0, 0)
    order by 1, 2, 3, 4
    on conflict (brand_id, hour, source_id, cause) do update set
        total = t.total + excluded.total, negative = t.negative + excluded.negative,
        neutral = t.neutral + excluded.neutral, positive = t.positive + excluded.positive,
        angry = t.angry + excluded.angry;
    return null;
end $$;

create trigger mention_causes_come after insert on mention
    referencing new table as come for each statement execute function count_causes_come();
create trigger mention_causes_changed after update on mention
    referencing old table as gone new table as come for each statement execute function count_causes_changed();
create trigger mention_causes_gone after delete on mention
    referencing old table as gone for each statement execute function count_causes_gone();

insert into trend_cause (brand_id, hour, source_id, cause, total, negative, neutral, positive, angry)
select brand_id, hour, source_id, cause, total, negative, neutral, positive, angry from trend_cause_recount;
