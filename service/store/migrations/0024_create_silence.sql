-- Nobody is told while one of these holds; what happens is recorded all the same.
create table silence (
    id bigint generated always as identity primary key,
    -- maintenance was planned before; a silence answers what happens
    kind text not null check (kind in ('silence', 'maintenance')),
    -- null matches everything; what is given must all match
    brand_id bigint references brand on delete cascade,
    rule_id bigint references rule on delete cascade,
    source_id bigint references source on delete cascade,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    reason text not null check (length(reason) between 1 and 1000),
    author text not null,
    created_at timestamptz not null
);
create index silence_of_time on silence (ends_at);
