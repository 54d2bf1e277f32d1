-- Words and phrases by day (UTC), counted in texts that hold them, so that those that rise can be told.
alter table mention add column terms text[];

create table term_day (
    brand_id bigint not null references brand on delete cascade,
    day date not null,
    term text not null,
    total integer not null,
    negative integer not null,
    angry integer not null,
    primary key (brand_id, day, term)
);

create function count_terms_changed() returns trigger language plpgsql as $$
begin
    insert into term_day as t (brand_id, day, term, total, negative, angry)
    select brand_id, day, term, sum(n), coalesce(sum(n) filter (where label = 'negative'), 0),
        coalesce(sum(n) filter (where angry), 0)
    from (
        -- Most updates concern neither words nor verdicts: those rows are left out before anything is unfolded.
        select moved.n, moved.brand_id, (moved.said_at at time zone 'UTC')::date as day, moved.label, moved.angry,
            unnest(moved.terms) as term
        from come c join gone g on g.id = c.id cross join lateral (values
            (1, c.brand_id, c.said_at, c.label, c.angry, case when c.counted then c.terms end),
            (-1, g.brand_id, g.said_at, g.label, g.angry, case when g.counted then g.terms end)
        ) moved (n, brand_id, said_at, label, angry, terms)
        where (c.brand_id, c.said_at, c.label, c.angry, c.counted, c.terms)
            is distinct from (g.brand_id, g.said_at, g.label, g.angry, g.counted, g.terms)
    ) term
    group by 1, 2, 3
    having (sum(n), coalesce(sum(n) filter (where label = 'negative'), 0),
        coalesce(sum(n) filter (where angry), 0)) <> (0, 0, 0)
    -- one order for all writers: no deadlock
    order by 1, 2, 3
    on conflict (brand_id, day, term) do update set total = t.total + excluded.total,
        negative = t.negative + excluded.negative, angry = t.angry + excluded.angry;
    return null;
end $$;

create function count_terms_gone() returns trigger language plpgsql as $$
begin
    -- An update only: when a brand goes, its counts may have gone before its mentions.
    update term_day t set total = t.total - g.total, negative = t.negative - g.negative, angry = t.angry - g.angry
    from (
        select brand_id, (said_at at time zone 'UTC')::date as day, term, count(*) as total,
            count(*) filter (where label = 'negative') as negative, count(*) filter (where angry) as angry
        from gone cross join lateral unnest(terms) term
        where counted and terms is not null
        group by 1, 2, 3
    ) g
    where (t.brand_id, t.day, t.term) = (g.brand_id, g.day, g.term);
    return null;
end $$;

-- Words come with a verdict, which is an update; what is inserted has none yet.
create trigger mention_terms_changed after update on mention
    referencing old table as gone new table as come for each statement execute function count_terms_changed();
create trigger mention_terms_gone after delete on mention
    referencing old table as gone for each statement execute function count_terms_gone();
