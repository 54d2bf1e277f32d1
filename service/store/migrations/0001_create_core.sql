-- What is watched, where it is said, what was said, how it was judged, and who was told.
-- No column default calls now(): the caller passes the time, so that a test's clock reaches every row.

create table brand (
    id bigint generated always as identity primary key,
    name text not null unique check (length(name) between 1 and 200),
    demo boolean not null default false,
    created_at timestamptz not null
);

create table source (
    id bigint generated always as identity primary key,
    brand_id bigint not null references brand on delete cascade,
    kind text not null,
    name text not null check (length(name) between 1 and 200),
    settings jsonb not null check (jsonb_typeof(settings) = 'object'),
    allow_private boolean not null default false,
    enabled boolean not null default true,
    interval interval not null check (interval between interval '5 seconds' and interval '30 days'),
    -- null: never due by itself (an import)
    next_due timestamptz,
    lease_token uuid,
    attempts integer not null default 0,
    etag text,
    last_modified text,
    cursor jsonb not null default '{}',
    created_at timestamptz not null,
    last_attempt_at timestamptz,
    last_success_at timestamptz,
    error text,
    error_count integer not null default 0,
    unique (brand_id, name)
);
create index source_due on source (next_due) where enabled and next_due is not null;

create table fetch_log (
    id bigint generated always as identity primary key,
    source_id bigint not null references source on delete cascade,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    outcome text not null check (outcome in ('collected', 'unchanged', 'partial', 'failed', 'imported')),
    seen integer not null default 0,
    inserted integer not null default 0,
    unchanged integer not null default 0,
    new_version integer not null default 0,
    erased_again integer not null default 0,
    quarantined integer not null default 0,
    error text
);
create index fetch_log_of_source on fetch_log (source_id, started_at desc);

-- The law of conservation: a row here is a lost item.
create view fetch_not_conserved as
select id, source_id, seen, inserted, unchanged, new_version, erased_again, quarantined
from fetch_log
where seen <> inserted + unchanged + new_version + erased_again + quarantined;

create table quarantine (
    id bigint generated always as identity primary key,
    source_id bigint not null references source on delete cascade,
    at timestamptz not null,
    raw bytea not null check (length(raw) <= 65536),
    raw_sha256 bytea not null check (length(raw_sha256) = 32),
    reason text not null,
    -- the same poison item in every poll is one row
    unique (source_id, raw_sha256)
);

create table story (
    id bigint generated always as identity primary key,
    brand_id bigint not null references brand on delete cascade,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    signature bigint[] not null
);

create table story_band (
    brand_id bigint not null references brand on delete cascade,
    band smallint not null,
    hash bigint not null,
    story_id bigint not null references story on delete cascade,
    primary key (brand_id, band, hash, story_id)
);
create index story_band_of_story on story_band (story_id);

create table mention (
    id bigint generated always as identity primary key,
    brand_id bigint not null references brand on delete cascade,
    source_id bigint not null references source on delete cascade,
    -- sha256 of the item's identity in its source: a b-tree cannot hold a guid of 8 kB
    external_key bytea not null check (length(external_key) = 32),
    external_id text not null,
    kind text not null,
    site text not null,
    url text,
    parent text,
    root text,
    author_id text,
    author_name text,
    author_url text,
    published_at timestamptz check (published_at between '1990-01-01Z' and first_seen_at + interval '1 day'),
    edited_at timestamptz,
    first_seen_at timestamptz not null,
    -- when it was said as far as is known: published, else first seen
    said_at timestamptz not null,
    title text not null,
    text text not null,
    language_hint text,
    rating_value double precision,
    rating_scale double precision,
    engagement jsonb not null default '{}',
    reply_by_owner boolean not null default false,
    deleted boolean not null default false,
    version integer not null default 1,
    content_hash bytea not null check (length(content_hash) = 32),
    -- when the current version was first seen
    changed_at timestamptz not null,
    -- the verdict on the current version; null until judged
    analysed_at timestamptz,
    story_id bigint references story,
    language text,
    label text check (label in ('negative', 'neutral', 'positive')),
    anger double precision,
    angry boolean,
    unique (source_id, external_key)
);
create index mention_newest on mention (brand_id, said_at desc, id desc);
create index mention_newest_of_all on mention (said_at desc, id desc);
create index mention_angry on mention (brand_id, said_at desc, id desc) where angry;
create index mention_of_story on mention (story_id);

-- Counts by hour of saying (UTC), kept by triggers on `mention`, so that they equal a recount after any write.
create table trend_hour (
    brand_id bigint not null references brand on delete cascade,
    hour timestamptz not null,
    source_id bigint not null references source on delete cascade,
    -- '' until judged
    language text not null,
    total bigint not null,
    negative bigint not null,
    neutral bigint not null,
    positive bigint not null,
    angry bigint not null,
    primary key (brand_id, hour, source_id, language)
);

create view trend_recount as
select brand_id, date_trunc('hour', said_at, 'UTC') as hour, source_id, coalesce(language, '') as language,
    count(*) as total, count(*) filter (where label = 'negative') as negative,
    count(*) filter (where label = 'neutral') as neutral, count(*) filter (where label = 'positive') as positive,
    count(*) filter (where angry) as angry
from mention where not deleted
group by 1, 2, 3, 4;

create function count_come() returns trigger language plpgsql as $$
begin
    insert into trend_hour as t (brand_id, hour, source_id, language, total, negative, neutral, positive, angry)
    select brand_id, date_trunc('hour', said_at, 'UTC'), source_id, coalesce(language, ''),
        count(*), count(*) filter (where label = 'negative'), count(*) filter (where label = 'neutral'),
        count(*) filter (where label = 'positive'), count(*) filter (where angry)
    from come where not deleted
    group by 1, 2, 3, 4
    -- one order for all writers: no deadlock
    order by 1, 2, 3, 4
    on conflict (brand_id, hour, source_id, language) do update set
        total = t.total + excluded.total, negative = t.negative + excluded.negative,
        neutral = t.neutral + excluded.neutral, positive = t.positive + excluded.positive,
        angry = t.angry + excluded.angry;
    return null;
end $$;

create function count_gone() returns trigger language plpgsql as $$
begin
    -- An update only: when a brand or source goes, its counts may have gone before its mentions.
    update trend_hour t set
        total = t.total - g.total, negative = t.negative - g.negative, neutral = t.neutral - g.neutral,
        positive = t.positive - g.positive, angry = t.angry - g.angry
    from (
        select brand_id, date_trunc('hour', said_at, 'UTC') as hour, source_id, coalesce(language, '') as language,
            count(*) as total, count(*) filter (where label = 'negative') as negative,
            count(*) filter (where label = 'neutral') as neutral,
            count(*) filter (where label = 'positive') as positive, count(*) filter (where angry) as angry
        from gone where not deleted
        group by 1, 2, 3, 4
    ) g
    where (t.brand_id, t.hour, t.source_id, t.language) = (g.brand_id, g.hour, g.source_id, g.language);
    return null;
end $$;

create function count_changed() returns trigger language plpgsql as $$
begin
    insert into trend_hour as t (brand_id, hour, source_id, language, total, negative, neutral, positive, angry)
    select brand_id, date_trunc('hour', said_at, 'UTC'), source_id, coalesce(language, ''),
        sum(n), coalesce(sum(n) filter (where label = 'negative'), 0),
        coalesce(sum(n) filter (where label = 'neutral'), 0), coalesce(sum(n) filter (where label = 'positive'), 0),
        coalesce(sum(n) filter (where angry), 0)
    from (
        select 1 as n, brand_id, said_at, source_id, language, label, angry from come where not deleted
        union all
        select -1, brand_id, said_at, source_id, language, label, angry from gone where not deleted
    ) moved
    group by 1, 2, 3, 4
    having (sum(n), coalesce(sum(n) filter (where label = 'negative'), 0),
        coalesce(sum(n) filter (where label = 'neutral'), 0), coalesce(sum(n) filter (where label = 'positive'), 0),
        coalesce(sum(n) filter (where angry), 0)) <> (0, 0, 0, 0, 0)
    order by 1, 2, 3, 4
    on conflict (brand_id, hour, source_id, language) do update set
        total = t.total + excluded.total, negative = t.negative + excluded.negative,
        neutral = t.neutral + excluded.neutral, positive = t.positive + excluded.positive,
        angry = t.angry + excluded.angry;
    return null;
end $$;

create trigger mention_come after insert on mention
    referencing new table as come for each statement execute function count_come();
create trigger mention_changed after update on mention
    referencing old table as gone new table as come for each statement execute function count_changed();
create trigger mention_gone after delete on mention
    referencing old table as gone for each statement execute function count_gone();

create table mention_version (
    mention_id bigint not null references mention on delete cascade,
    version integer not null,
    title text not null,
    text text not null,
    rating_value double precision,
    rating_scale double precision,
    deleted boolean not null,
    content_hash bytea not null,
    seen_at timestamptz not null,
    primary key (mention_id, version)
);

create table analysis_todo (
    mention_id bigint primary key references mention on delete cascade,
    version integer not null,
    -- 1: said just now, somebody may have to answer; 0: history that was imported
    priority smallint not null check (priority in (0, 1)),
    due timestamptz not null,
    attempts smallint not null default 0,
    token uuid
);
create index analysis_todo_due on analysis_todo (priority desc, due, mention_id);

create table analysis_dead (
    mention_id bigint not null references mention on delete cascade,
    version integer not null,
    attempts smallint not null,
    at timestamptz not null,
    primary key (mention_id, version)
);

create table analysis (
    mention_id bigint not null references mention on delete cascade,
    version integer not null,
    model text not null,
    at timestamptz not null,
    language text not null,
    negative double precision not null,
    neutral double precision not null,
    positive double precision not null,
    label text not null check (label in ('negative', 'neutral', 'positive')),
    anger double precision not null check (anger between 0 and 1),
    anger_level smallint not null check (anger_level between 0 and 2),
    angry boolean not null,
    -- [{"start", "end", "text"}] or null
    because jsonb,
    primary key (mention_id, version, model)
);

create table contact (
    id bigint generated always as identity primary key,
    name text not null unique check (length(name) between 1 and 200),
    email text not null check (email like '%_@_%'),
    language text not null check (language in ('en', 'zh-Hant', 'zh-Hans', 'th')),
    enabled boolean not null default true,
    demo boolean not null default false,
    created_at timestamptz not null
);

create table rule (
    id bigint generated always as identity primary key,
    -- null: every brand
    brand_id bigint references brand on delete cascade,
    kind text not null,
    name text not null unique check (length(name) between 1 and 200),
    settings jsonb not null check (jsonb_typeof(settings) = 'object'),
    mode text not null check (mode in ('active', 'monitor', 'off')),
    urgency text not null check (urgency in ('urgent', 'high', 'normal')),
    created_at timestamptz not null
);

create table rule_contact (
    rule_id bigint not null references rule on delete cascade,
    contact_id bigint not null references contact on delete cascade,
    primary key (rule_id, contact_id)
);

create table incident (
    id bigint generated always as identity primary key,
    rule_id bigint not null references rule on delete cascade,
    brand_id bigint not null references brand on delete cascade,
    group_key text not null,
    status text not null check (status in ('triggered', 'acknowledged', 'resolved')),
    urgency text not null check (urgency in ('urgent', 'high', 'normal')),
    -- counts reopenings; each begins a new round of notifications
    cycle integer not null default 1,
    opened_at timestamptz not null,
    last_alert_at timestamptz not null,
    alert_count integer not null default 0,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    resolved_by text,
    resolution text check (resolution in ('answered', 'false_positive', 'spam', 'duplicate', 'no_action')),
    check ((status = 'resolved') = (resolved_at is not null)),
    check ((status = 'resolved') = (resolution is not null))
);
create unique index incident_open on incident (group_key) where status <> 'resolved';
create index incident_newest on incident (opened_at desc, id desc);

create table alert (
    id bigint generated always as identity primary key,
    rule_id bigint not null references rule on delete cascade,
    mention_id bigint not null references mention on delete cascade,
    version integer not null,
    -- null: the rule only monitors
    incident_id bigint references incident on delete cascade,
    model text not null,
    reason jsonb not null,
    at timestamptz not null,
    -- an edit that stays angry is not news
    unique (rule_id, mention_id)
);
create index alert_of_incident on alert (incident_id, id);
create index alert_of_mention on alert (mention_id);

create table incident_event (
    id bigint generated always as identity primary key,
    incident_id bigint not null references incident on delete cascade,
    at timestamptz not null,
    kind text not null,
    actor text,
    detail jsonb not null default '{}'
);
create index incident_event_of on incident_event (incident_id, id);

create table notification (
    id uuid primary key,
    incident_id bigint not null references incident on delete cascade,
    contact_id bigint not null references contact on delete cascade,
    purpose text not null check (purpose in ('first')),
    cycle integer not null,
    reason text not null,
    urgency text not null check (urgency in ('urgent', 'high', 'normal')),
    -- the alert whose words it carries
    alert_id bigint not null references alert on delete cascade,
    state text not null check (state in ('pending', 'sending', 'sent', 'failed', 'superseded')),
    not_before timestamptz not null,
    lease_until timestamptz,
    lease_token uuid,
    attempts integer not null default 0,
    created_at timestamptz not null,
    sent_at timestamptz,
    error text,
    check ((state = 'sending') = (lease_token is not null)),
    check ((state = 'sent') = (sent_at is not null)),
    unique (incident_id, contact_id, purpose, cycle)
);
create index notification_due on notification (not_before) where state in ('pending', 'sending');
create index notification_newest on notification (created_at desc, id desc);

create table delivery_attempt (
    notification_id uuid not null references notification on delete cascade,
    n integer not null,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    outcome text not null check (outcome in ('accepted', 'temporary', 'recipient', 'ours', 'ambiguous')),
    stage text not null,
    code integer,
    detail text not null,
    primary key (notification_id, n)
);

create table api_key (
    id text primary key,
    name text not null,
    secret_sha256 bytea not null check (length(secret_sha256) = 32),
    scopes text[] not null check (scopes <@ array['read', 'write', 'respond', 'admin']),
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

create table app_user (
    id bigint generated always as identity primary key,
    name text not null unique check (length(name) between 1 and 200),
    role text not null check (role in ('admin')),
    created_at timestamptz not null
);

create table sign_in_link (
    token_sha256 bytea primary key check (length(token_sha256) = 32),
    user_id bigint not null references app_user on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);

create table web_session (
    token_sha256 bytea primary key check (length(token_sha256) = 32),
    user_id bigint not null references app_user on delete cascade,
    csrf_token text not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null
);

-- What each part of the program last said of itself.
create table component (
    name text primary key,
    beat_at timestamptz not null,
    healthy boolean not null,
    detail text not null
);
