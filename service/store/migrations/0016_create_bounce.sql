-- What mail servers reported of our messages, each report once.
create table bounce (
    id bigint primary key generated always as identity,
    -- Of the report's bytes: it may be read again.
    report bytea not null unique,
    notification_id uuid not null references notification on delete cascade,
    at timestamptz not null,
    -- It will not be delivered; else it is late.
    failed boolean not null,
    status text not null,
    detail text not null
);
create index bounce_of_notification on bounce (notification_id);

-- When mail to the address last came back because of the address, and what was said; forgotten with the address.
alter table contact add column bounced_at timestamptz;
alter table contact add column bounce text;
alter table contact add constraint contact_bounce_check check ((bounced_at is null) = (bounce is null));

-- Where the reading of the mailbox goes on; one row a mailbox.
create table bounce_mailbox (
    name text primary key,
    cursor jsonb not null
);
