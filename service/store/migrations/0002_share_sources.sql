-- A source may be shared by all brands; what it says is stored once for each brand it is about.
-- What a brand's own people say, and advertising, is kept and left out of counts.

alter table brand
    -- in the query language; null: the name and the aliases decide
    add column query text check (length(query) between 1 and 4000),
    add column aliases text[] not null default '{}',
    -- one of these must stand near, because the name is a common word
    add column context text[] not null default '{}',
    add column exclude text[] not null default '{}',
    -- ids, names or addresses of authors, or whole sites
    add column own_accounts text[] not null default '{}';

-- One row; another value after every change of any brand, so that who remembers the brands knows when they are stale.
create table brand_change (
    single boolean primary key default true check (single),
    revision uuid not null
);
insert into brand_change (revision) values (gen_random_uuid());

create function note_brand_change() returns trigger language plpgsql as $$
begin
    update brand_change set revision = gen_random_uuid();
    return null;
end $$;

create trigger brand_changed after insert or update or delete on brand
    for each row execute function note_brand_change();

alter table source
    alter column brand_id drop not null,
    -- a brand's own source of which only what its query finds is kept
    add column match boolean not null default false check (not match or brand_id is not null),
    drop constraint source_brand_id_name_key,
    add constraint source_name unique nulls not distinct (brand_id, name);

-- Items of a shared source that are about no brand; they are not stored, and not among those seen.
alter table fetch_log add column unmatched integer not null default 0;

alter table mention
    add column own boolean not null default false,
    add column promotion boolean not null default false,
    add column counted boolean not null
        generated always as (not (deleted or own or promotion or reply_by_owner)) stored,
    drop constraint mention_source_id_external_key_key,
    add constraint mention_once unique (source_id, external_key, brand_id);

create or replace view trend_recount as
select brand_id, date_trunc('hour', said_at, 'UTC') as hour, source_id, coalesce(language, '') as language,
    count(*) as total, count(*) filter (where label = 'negative') as negative,
    count(*) filter (where label = 'neutral') as neutral, count(*) filter (where label = 'positive') as positive,
    count(*) filter (where angry) as angry
from mention where counted
group by 1, 2, 3, 4;

create or replace function count_come() returns trigger language plpgsql as $$
begin
    insert into trend_hour as t (brand_id, hour, source_id, language, total, negative, neutral, positive, angry)
    select brand_id, date_trunc('hour', said_at, 'UTC'), source_id, coalesce(language, ''),
        count(*), count(*) filter (where label = 'negative'), count(*) filter (where label = 'neutral'),
        count(*) filter (where label = 'positive'), count(*) filter (where angry)
    from come where counted
    group by 1, 2, 3, 4
    -- one order for all writers: no deadlock
    order by 1, 2, 3, 4
    on conflict (brand_id, hour, source_id, language) do update set
        total = t.total + excluded.total, negative = t.negative + excluded.negative,
        neutral = t.neutral + excluded.neutral, positive = t.positive + excluded.positive,
        angry = t.angry + excluded.angry;
    return null;
end $$;

create or replace function count_gone() returns trigger language plpgsql as $$
begin
    -- An update only: when a brand or source goes, its counts may have gone before its mentions.
    update trend_hour t set
        total = t.total - g.total, negative = t.negative - g.negative, neutral = t.neutral - g.neutral,
        positive = t.positive - g.positive, angry = t.angry - g.angry
    from (
        select brand_id, date_trunc('hour', said_at, 'UTC') as hour, source_id, coalesce(language, '') as language,
            count(*) as total, count(*) filter (where label = 'negative') as negative,
            count(*) filter (where label = 'neutral') as neutral,
            count(*) filter (where label = 'positive') as positive, count(*) filter (where angry) as angry
        from gone where counted
        group by 1, 2, 3, 4
    ) g
    where (t.brand_id, t.hour, t.source_id, t.language) = (g.brand_id, g.hour, g.source_id, g.language);
    return null;
end $$;

create or replace function count_changed() returns trigger language plpgsql as $$
begin
    insert into trend_hour as t (brand_id, hour, source_id, language, total, negative, neutral, positive, angry)
    select brand_id, date_trunc('hour', said_at, 'UTC'), source_id, coalesce(language, ''),
        sum(n), coalesce(sum(n) filter (where label = 'negative'), 0),
        coalesce(sum(n) filter (where label = 'neutral'), 0), coalesce(sum(n) filter (where label = 'positive'), 0),
        coalesce(sum(n) filter (where angry), 0)
    from (
        select 1 as n, brand_id, said_at, source_id, language, label, angry from come where counted
        union all
        select -1, brand_id, said_at, source_id, language, label, angry from gone where counted
    ) moved
    group by 1, 2, 3, 4
    having (sum(n), coalesce(sum(n) filter (where label = 'negative'), 0),
        coalesce(sum(n) filter (where label = 'neutral'), 0), coalesce(sum(n) filter (where label = 'positive'), 0),
        coalesce(sum(n) filter (where angry), 0)) <> (0, 0, 0, 0, 0)
    order by 1, 2, 3, 4
    on conflict (brand_id, hour, source_id, language) do update set
        total = t.total + excluded.total, negative = t.negative + excluded.negative,
        neutral = t.neutral + excluded.neutral, positive = t.positive + excluded.positive,
        angry = t.angry + excluded.angry;
    return null;
end $$;

-- What history holds already counts by the new rule.
delete from trend_hour;
insert into trend_hour (brand_id, hour, source_id, language, total, negative, neutral, positive, angry)
select brand_id, hour, source_id, language, total, negative, neutral, positive, angry from trend_recount;

-- Mentions whose words the archive's index does not hold yet, and the index: grams of the folded words.
-- Without foreign key on the way in: what is gone when its turn comes is passed over.
create table search_todo (
    mention_id bigint primary key
);
insert into search_todo (mention_id) select id from mention;

create table mention_search (
    mention_id bigint primary key references mention on delete cascade,
    version integer not null,
    grams tsvector not null
);
create index mention_search_grams on mention_search using gin (grams);
