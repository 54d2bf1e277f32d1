-- The answer to each request that was made under a caller's own key, so that asking again changes nothing.
create table idempotency_key (
    -- who asked: a key or a user
    caller text not null,
    key text not null check (length(key) between 1 and 255),
    request_sha256 bytea not null check (length(request_sha256) = 32),
    answer jsonb not null,
    at timestamptz not null,
    primary key (caller, key)
);
create index idempotency_key_old on idempotency_key (at);
