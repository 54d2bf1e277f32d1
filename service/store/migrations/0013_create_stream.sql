-- A source whose words are followed as they are said: which worker follows it, and how far it is.
create table stream (
    source_id bigint primary key references source on delete cascade,
    -- the worker that follows it, as long as its lease lasts
    token uuid,
    lease_until timestamptz,
    -- after a break: not to be followed before
    due timestamptz not null,
    -- breaks since it last went well
    breaks integer not null default 0,
    cursor jsonb not null default '{}',
    -- null while it is not connected
    connected_at timestamptz,
    heard_at timestamptz,
    error text,
    check ((token is null) = (lease_until is null)),
    check (connected_at is null or token is not null)
);
