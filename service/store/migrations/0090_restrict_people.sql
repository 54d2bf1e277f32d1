-- People have a role, a password and perhaps only some brands; keys too may be bound to brands.
alter table app_user drop constraint app_user_role_check;
alter table app_user
    add column brands bigint[],
    add column password_hash text,
    add column language text,
    add column disabled_at timestamptz,
    add constraint app_user_role_check check (role in ('viewer', 'responder', 'analyst', 'admin')),
    -- Who can make users and keys could lift their own bounds.
    add constraint app_user_brands_check check (brands is null or role <> 'admin');
alter table api_key
    add column brands bigint[],
    -- Two secrets live while a key is rotated.
    add column former_sha256 bytea,
    add column former_until timestamptz,
    add constraint api_key_brands_check check (brands is null or not 'admin' = any(scopes)),
    add constraint api_key_former_check check ((former_sha256 is null) = (former_until is null));
alter table web_session
    add column id bigint generated always as identity unique,
    add column address text,
    add column agent text;
create index web_session_user_idx on web_session (user_id);

-- Tries to sign in, counted before the password is looked at.
create table sign_in_attempt (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    account text not null,
    address text not null
);
create index sign_in_attempt_account_idx on sign_in_attempt (account, at);
create index sign_in_attempt_address_idx on sign_in_attempt (address, at);
create index sign_in_attempt_at_idx on sign_in_attempt (at);

-- What somebody bound to brands may see. Null: no bounds, as for the workers.
create function seen_brands() returns bigint[] language sql stable as $$
    select nullif(current_setting('earshot.brands', true), '')::bigint[]
$$;

-- Policies hold for the role `earshot_bounded` alone: owners and superusers pass them by. The subquery is asked once a
-- statement, so that an index on the brand is used.
do $$
declare
    of_brand text;
    of_mention text;
    of_source text;
begin
    foreach of_brand in array array['mention', 'incident', 'story', 'story_band', 'term_day', 'trend_hour',
        'trend_cause', 'tryout', 'rule_check'] loop
        execute format('alter table %I enable row level security', of_brand);
        execute format(
            'create policy bounded on %I using (brand_id = any((select seen_brands())::bigint[]))', of_brand);
    end loop;
    foreach of_mention in array array['mention_past', 'analysis', 'correction', 'alert'] loop
        execute format('alter table %I enable row level security', of_mention);
        execute format(
            'create policy bounded on %I using (exists (select from mention m where m.id = mention_id))', of_mention);
    end loop;
    foreach of_source in array array['fetch_log', 'listening', 'push', 'stream', 'websub'] loop
        execute format('alter table %I enable row level security', of_source);
        execute format(
            'create policy bounded on %I using (exists (select from source s where s.id = source_id))', of_source);
    end loop;
    -- Raw items of a shared source may be about anybody, and its secrets let anybody speak for any brand.
    foreach of_source in array array['quarantine', 'inlet'] loop
        execute format('alter table %I enable row level security', of_source);
        execute format('create policy bounded on %I using '
            '(exists (select from source s where s.id = source_id and s.brand_id is not null))', of_source);
    end loop;
end $$;
alter table brand enable row level security;
create policy bounded on brand using (id = any((select seen_brands())::bigint[]));
-- What is for all brands may be seen by all, and changed only by who is bound to none: they are told so, where a policy
-- alone would pass the row over and let the statement seem to have worked.
create function refuse_shared(brand bigint) returns boolean language plpgsql stable as $$
begin
    if brand is null then
        raise insufficient_privilege using message = 'this is for all brands';
    end if;
    return false;
end $$;
do $$
declare
    shared text;
begin
    foreach shared in array array['source', 'rule', 'silence'] loop
        execute format('alter table %I enable row level security', shared);
        execute format('create policy shared on %I for select using (brand_id is null)', shared);
        execute format('create policy shared_stays on %I for update using (refuse_shared(brand_id))', shared);
        execute format('create policy shared_remains on %I for delete using (refuse_shared(brand_id))', shared);
        execute format('create policy bounded on %I using (brand_id = any((select seen_brands())::bigint[]))', shared);
    end loop;
end $$;
alter table rule_contact enable row level security;
create policy shared on rule_contact for select using (exists (select from rule r where r.id = rule_id));
create policy bounded on rule_contact
    using (exists (select from rule r where r.id = rule_id and r.brand_id is not null));
alter table incident_event enable row level security;
create policy bounded on incident_event using (exists (select from incident i where i.id = incident_id));
alter table notification enable row level security;
create policy bounded on notification using (exists (select from incident i where i.id = incident_id));
alter table delivery_attempt enable row level security;
create policy bounded on delivery_attempt using (exists (select from notification n where n.id = notification_id));
alter view mention_version set (security_invoker = true);
alter view trend_recount set (security_invoker = true);
alter view trend_cause_recount set (security_invoker = true);
alter view fetch_not_conserved set (security_invoker = true);
