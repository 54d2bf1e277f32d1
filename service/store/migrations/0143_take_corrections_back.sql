-- What a person took for advertising is advertising no more once the word is taken back.
create or replace function show_verdict(mentions bigint[]) returns void language sql as $$
    update mention m set
        label = coalesce(c.label, a.label),
        angry = coalesce(c.anger_level = 2, a.angry),
        anger = a.anger,
        verdict_kind = coalesce(c.kind, a.most_likely),
        verdict_causes = coalesce(c.causes, (
            select array_agg(cause ->> 'cause') from jsonb_array_elements(a.causes) cause)),
        promotion = coalesce(c.kind = 'promotion', a.most_likely = 'promotion' and not a.angry, false),
        irrelevant = coalesce(c.irrelevant, false)
    from mention x
    left join lateral (
        select *, (select key from jsonb_each_text(kind) order by value::double precision desc, key limit 1)
            as most_likely
        from analysis where mention_id = x.id and version = x.version order by at desc limit 1
    ) a on true
    left join correction c on c.mention_id = x.id and c.version = x.version
    where x.id = any(mentions) and m.id = x.id and a.mention_id is not null
$$;
