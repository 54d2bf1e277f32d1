-- The address of ours that a source's place sends to.
create table inlet (
    source_id bigint primary key references source on delete cascade,
    -- the unguessable part of the address; renewing a subscription needs it again, so that it is kept as it is
    key text not null unique check (length(key) between 20 and 100),
    -- what the sender signs with, where we made it up; one in the source's settings goes before it
    secret text,
    created_at timestamptz not null
);

-- Bodies that were sent to us and answered, and wait to be read; read whole, they go.
create table push (
    id bigint generated always as identity primary key,
    source_id bigint not null references source on delete cascade,
    received_at timestamptz not null,
    headers jsonb not null check (jsonb_typeof(headers) = 'object'),
    body bytea not null,
    -- null: set aside, because not all of it could be read; it waits for a person
    due timestamptz,
    token uuid,
    attempts smallint not null default 0,
    -- asked for by a person: what was read of it before is read again
    again boolean not null default false,
    reason text,
    check ((due is null) = (reason is not null))
);
create index push_due on push (due, id) where due is not null;
create index push_of_source on push (source_id);

-- Events that were read, by their place's own ids: sent again, they are passed over.
create table push_event (
    source_id bigint not null references source on delete cascade,
    event text not null check (length(event) <= 500),
    at timestamptz not null,
    primary key (source_id, event)
);
create index push_event_old on push_event (at);

-- An item that could not be read goes when the body it came in is read whole.
alter table quarantine add column push_id bigint references push on delete cascade;
create index quarantine_of_push on quarantine (push_id) where push_id is not null;

-- Events about something else than words, such as somebody joining.
alter table fetch_log add column ignored integer not null default 0;
