-- Which mentions the index of grams holds for a query, `most` of them at most, always by the index: what stands in few
-- texts is in no statistics, and the planner would rather walk through all of them.
create function search_hits(asked tsquery, most integer) returns setof bigint
language sql stable set enable_seqscan = off as $$
    select mention_id from mention_search where grams @@ asked limit most
$$;
