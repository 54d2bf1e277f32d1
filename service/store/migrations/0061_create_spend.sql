-- What each source cost: items read in each month, UTC, of a place that takes money for them.
create table spend (
    source_id bigint not null references source on delete cascade,
    month date not null check (extract(day from month) = 1),
    items bigint not null check (items >= 0),
    primary key (source_id, month)
);

create function month_of(at timestamptz) returns date
language sql immutable return date_trunc('month', at at time zone 'utc')::date;

create function paid_in_month(paid_by bigint, at timestamptz) returns bigint
language sql stable as $$
    select coalesce((select items from spend where source_id = paid_by and month = month_of(at)), 0)
$$;
