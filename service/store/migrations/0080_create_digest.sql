-- What a day or a week brought, told to whoever wants to hear of it.
alter table contact
    add column digest text[] not null default '{}',
    add column digest_at time not null default '08:00',
    -- Also when nothing was said.
    add column digest_always boolean not null default false,
    add constraint contact_digest_check check (digest <@ array['daily', 'weekly']);

-- One a contact and period: what makes it due once, whoever looks, and however late.
create table digest_run (
    contact_id bigint not null references contact on delete cascade,
    kind text not null check (kind in ('daily', 'weekly')),
    -- The first day, by the contact's clock.
    starts date not null,
    zone text not null,
    since timestamptz not null,
    until timestamptz not null check (until > since),
    -- Null: nothing was said, and the contact does not want to hear of that.
    notification_id uuid unique references notification on delete cascade,
    primary key (contact_id, kind, starts)
);
