-- A second factor beside the password, codes for whoever lost it, and sign-ins that wait for it.
create table second_factor (
    user_id bigint primary key references app_user on delete cascade,
    -- Sealed with a key that lies outside the database.
    secret bytea not null,
    created_at timestamptz not null,
    -- Of the last code that was taken: neither it nor an older one is taken again.
    last_step bigint not null
);
create table recovery_code (
    code_sha256 bytea primary key check (length(code_sha256) = 32),
    user_id bigint not null references second_factor on delete cascade,
    used_at timestamptz
);
create index recovery_code_user_idx on recovery_code (user_id);
create table sign_in_pause (
    token_sha256 bytea primary key check (length(token_sha256) = 32),
    user_id bigint not null references app_user on delete cascade,
    expires_at timestamptz not null
);
create index sign_in_pause_user_idx on sign_in_pause (user_id);
create index sign_in_pause_expires_idx on sign_in_pause (expires_at);
create constraint trigger audit after insert or delete on second_factor deferrable initially deferred
    for each row execute function audit_change('second_factor', 'user_id', '', 'secret');
create constraint trigger audit after update of used_at on recovery_code deferrable initially deferred
    for each row execute function audit_change('recovery_code', 'user_id', '', 'used_at');
-- Who came by a provider of identities passed its own second factor.
alter table web_session add column by_provider boolean not null default false;
