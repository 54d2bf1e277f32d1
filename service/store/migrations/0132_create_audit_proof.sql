-- How far the audit log was looked through since the round began, and what the last look at its end found.
create table audit_proof (
    id smallint primary key check (id = 1),
    begun_at timestamptz not null,
    through bigint not null check (through >= 0),
    seal bytea not null check (length(seal) = 32),
    broken_at bigint,
    proved_at timestamptz,
    proved_through bigint,
    proved_seal bytea check (length(proved_seal) = 32),
    proved_broken_at bigint,
    check ((proved_at is null) = (proved_through is null)),
    check ((proved_at is null) = (proved_seal is null))
);
