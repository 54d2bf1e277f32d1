-- A feed whose hub tells us of news: https://www.w3.org/TR/websub/
create table websub (
    source_id bigint primary key references source on delete cascade,
    -- where the feed says that one subscribes, and to what
    hub text not null,
    topic text not null,
    state text not null check (state in ('wanted', 'asked', 'active', 'refused')),
    -- when to ask the hub next: to subscribe, to renew, to try again
    due timestamptz not null,
    token uuid,
    attempts integer not null default 0,
    -- a hub's confirmation is believed only for a while after we asked
    asked_at timestamptz,
    verified_at timestamptz,
    lease_until timestamptz,
    -- when the hub last told something
    heard_at timestamptz,
    -- a poll found news that the hub had not told
    doubted boolean not null default false,
    error text,
    check ((state = 'active') <= (lease_until is not null and verified_at is not null))
);
create index websub_due on websub (due);
