-- A source as somebody wants it, tried by a worker before it is kept. What it holds is as secret as a source's settings.
create table tryout (
    id bigint generated always as identity primary key,
    -- null: shared by all brands
    brand_id bigint references brand on delete cascade,
    -- the source it is to change; null: a new one
    source_id bigint references source on delete cascade,
    kind text not null,
    name text not null,
    settings jsonb not null,
    interval interval not null check (interval > '0'),
    allow_private boolean not null,
    match boolean not null,
    created_by text not null,
    created_at timestamptz not null,
    -- null: tried
    due timestamptz,
    token uuid,
    attempts integer not null default 0,
    finished_at timestamptz,
    -- why nothing came; null where something did
    error text,
    -- {"seen", "mentions", "quarantined", "warning"}
    found jsonb,
    check ((due is null) = (finished_at is not null)),
    check (finished_at is null or (error is null) <> (found is null))
);
create index tryout_due on tryout (due) where due is not null;
