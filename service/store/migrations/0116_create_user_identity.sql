-- Users whom a provider of identities vouches for, and sign-ins that it is to finish.
create table user_identity (
    issuer text not null,
    subject text not null,
    user_id bigint not null references app_user on delete cascade,
    created_at timestamptz not null,
    primary key (issuer, subject)
);
create index user_identity_user_idx on user_identity (user_id);
create table provider_sign_in (
    state_sha256 bytea primary key check (length(state_sha256) = 32),
    nonce text not null,
    verifier text not null,
    expires_at timestamptz not null
);
create index provider_sign_in_expires_idx on provider_sign_in (expires_at);
create constraint trigger audit after insert or delete on user_identity deferrable initially deferred
    for each row execute function audit_change('user_identity', 'user_id', 'issuer', 'subject');
