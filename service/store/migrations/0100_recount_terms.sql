-- What `term_day` holds, counted anew; rare words of days long past are forgotten there.
create view term_recount as
select brand_id, (said_at at time zone 'UTC')::date as day, term, count(*)::int as total,
    (count(*) filter (where label = 'negative'))::int as negative, (count(*) filter (where angry))::int as angry
from mention cross join lateral unnest(terms) term
where counted and terms is not null
group by 1, 2, 3;
