-- Where other programs are told what happens, signed as Standard Webhooks asks.
create table webhook (
    id bigint generated always as identity primary key,
    name text not null unique check (length(name) between 1 and 200),
    url text not null check (length(url) between 8 and 2000),
    events text[] not null check (
        cardinality(events) > 0 and events <@ array['incident.opened', 'incident.acknowledged', 'incident.escalated',
            'incident.resolved', 'mention.angry']),
    -- Null: every brand.
    brand_id bigint references brand on delete cascade,
    allow_private boolean not null default false,
    enabled boolean not null default true,
    secret text not null,
    -- While a secret is rotated both sign.
    former_secret text,
    former_until timestamptz,
    -- Since when nothing was taken; null: the last delivery was.
    failing_since timestamptz,
    -- Why it was switched off by itself.
    disabled_why text,
    created_at timestamptz not null,
    constraint webhook_former_check check ((former_secret is null) = (former_until is null))
);
create index webhook_brand_idx on webhook (brand_id);

create table webhook_delivery (
    id uuid primary key default gen_random_uuid(),
    webhook_id bigint not null references webhook on delete cascade,
    kind text not null,
    -- What it tells of, once a webhook.
    subject text not null,
    incident_id bigint references incident on delete cascade,
    mention_id bigint references mention on delete cascade,
    happened_at timestamptz not null,
    -- Composed at the first try, so that every try sends the same bytes.
    body text,
    state text not null default 'pending' check (state in ('pending', 'sending', 'sent', 'failed')),
    not_before timestamptz not null,
    lease_until timestamptz,
    lease_token uuid,
    attempts integer not null default 0,
    sent_at timestamptz,
    status integer,
    error text,
    unique (webhook_id, subject),
    check ((state = 'sending') = (lease_token is not null)),
    check ((state = 'sent') = (sent_at is not null))
);
create index webhook_delivery_due on webhook_delivery (not_before) where state in ('pending', 'sending');
create index webhook_delivery_newest on webhook_delivery (webhook_id, happened_at desc, id desc);
create index webhook_delivery_incident_idx on webhook_delivery (incident_id);
create index webhook_delivery_mention_idx on webhook_delivery (mention_id);

alter table webhook enable row level security;
alter table webhook_delivery enable row level security;

-- Owed in the transaction in which it happens. Whoever is bound to brands makes things happen too, and sees no webhook.
create function owe_webhooks_of_incident() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    insert into webhook_delivery (webhook_id, kind, subject, incident_id, happened_at, not_before)
    select w.id, told.kind, 'incident_event:' || new.id, new.incident_id, new.at, new.at
    from (select case new.kind when 'opened' then 'incident.opened' when 'reopened' then 'incident.opened'
            else 'incident.' || new.kind end as kind) told
    join incident i on i.id = new.incident_id
    join webhook w on w.enabled and told.kind = any(w.events) and (w.brand_id is null or w.brand_id = i.brand_id)
    on conflict do nothing;
    return null;
end $$;
create trigger owe_webhooks after insert on incident_event for each row
    when (new.kind in ('opened', 'reopened', 'acknowledged', 'escalated', 'resolved'))
    execute function owe_webhooks_of_incident();

create function owe_webhooks_of_mention() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    insert into webhook_delivery (webhook_id, kind, subject, mention_id, happened_at, not_before)
    select w.id, 'mention.angry', 'mention:' || new.id, new.id, new.analysed_at, new.analysed_at
    from webhook w
    where w.enabled and 'mention.angry' = any(w.events) and (w.brand_id is null or w.brand_id = new.brand_id)
    on conflict do nothing;
    return null;
end $$;
-- Of what was said long before it came nobody is told: it is history.
create trigger owe_webhooks after update of angry on mention for each row
    when (new.angry and old.angry is distinct from true and new.counted and new.analysed_at is not null
        and new.said_at > new.first_seen_at - interval '2 days')
    execute function owe_webhooks_of_mention();
