-- Who did what to which thing: written by the transaction that did it, each row sealed with the one before.
create table audit_log (
    id bigint primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    thing text not null,
    thing_id text not null,
    detail jsonb not null,
    before_sha256 bytea not null check (length(before_sha256) = 32),
    sha256 bytea not null check (length(sha256) = 32)
);

create function audit_digest(one audit_log) returns bytea language sql immutable as $$
    select sha256(convert_to(jsonb_build_array(encode(one.before_sha256, 'hex'), one.id,
        (extract(epoch from one.at) * 1000000)::bigint, one.actor, one.action, one.thing, one.thing_id,
        one.detail)::text, 'UTF8'))
$$;

-- Runs as its owner, so that nobody else needs a right to the table. One writer at a time, until the commit: a chain has
-- one end. The hour is the server's, whatever the caller's clock says.
create function audit_write(done_by text, done text, to_thing text, to_id text, more jsonb) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    one audit_log;
begin
    perform pg_advisory_xact_lock(7265118);
    select id + 1, sha256 into one.id, one.before_sha256 from audit_log order by id desc limit 1;
    one.id := coalesce(one.id, 1);
    one.before_sha256 := coalesce(one.before_sha256, decode(repeat('00', 32), 'hex'));
    one.at := statement_timestamp();
    one.actor := done_by;
    one.action := done;
    one.thing := to_thing;
    one.thing_id := to_id;
    one.detail := more;
    one.sha256 := audit_digest(one);
    insert into audit_log select one.*;
end $$;

create function audit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is only added to';
end $$;
create trigger audit_log_stays before update or delete on audit_log for each row execute function audit_stays();
create trigger audit_log_remains before truncate on audit_log for each statement execute function audit_stays();

-- Of a row that somebody changed (`earshot.actor`; workers are nobody): columns whose values may be shown, and columns
-- of which only the name may. Arguments: the thing, its id's column, both lists.
create function audit_change() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    actor text := nullif(current_setting('earshot.actor', true), '');
    was jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    became jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    more jsonb := '{}';
    name text;
begin
    if actor is null then
        return null;
    end if;
    foreach name in array string_to_array(tg_argv[2], ',') loop
        if was -> name is distinct from became -> name then
            more := more || jsonb_build_object(name, case tg_op when 'INSERT' then became -> name
                when 'DELETE' then was -> name else jsonb_build_array(was -> name, became -> name) end);
        end if;
    end loop;
    foreach name in array string_to_array(tg_argv[3], ',') loop
        if was -> name is distinct from became -> name then
            more := more || jsonb_build_object(name, 'changed');
        end if;
    end loop;
    if tg_op = 'UPDATE' and more = '{}' then
        return null;
    end if;
    perform audit_write(actor, case tg_op when 'INSERT' then 'added' when 'UPDATE' then 'changed' else 'removed' end,
        tg_argv[0], (was || became) ->> tg_argv[1], more);
    return null;
end $$;

-- Deferred to the commit, so that the chain's lock is taken last and nobody waits within it.
create constraint trigger audit after insert or update or delete on api_key deferrable initially deferred
    for each row execute function audit_change('key', 'id', 'name,scopes,brands,expires_at,revoked_at', 'secret_sha256');
create constraint trigger audit after insert or update or delete on app_user deferrable initially deferred
    for each row execute function audit_change('user', 'id', 'name,role,brands,disabled_at', 'password_hash');
create constraint trigger audit after insert or delete on web_session deferrable initially deferred
    for each row execute function audit_change('session', 'id', 'user_id,address', '');
create constraint trigger audit after insert or update or delete on brand deferrable initially deferred
    for each row execute function audit_change('brand', 'id', 'name,query,aliases,context,exclude,own_accounts', '');
create constraint trigger audit after insert or delete or update of name, brand_id, kind, enabled, interval, match,
    allow_private, settings on source deferrable initially deferred
    for each row execute function
        audit_change('source', 'id', 'name,brand_id,kind,enabled,interval,match,allow_private', 'settings');
create constraint trigger audit after insert or update or delete on rule deferrable initially deferred
    for each row execute function
        audit_change('rule', 'id', 'name,brand_id,kind,mode,urgency,severity,group_by,settings', '');
create constraint trigger audit after insert or update or delete on contact deferrable initially deferred
    for each row execute function audit_change('contact', 'id', 'name,language,enabled,verified_at', 'email');
create constraint trigger audit after insert or update or delete on silence deferrable initially deferred
    for each row execute function
        audit_change('silence', 'id', 'kind,brand_id,rule_id,source_id,starts_at,ends_at,reason', '');
create constraint trigger audit after insert or update or delete on correction deferrable initially deferred
    for each row execute function
        audit_change('correction', 'mention_id', 'label,anger_level,kind,causes,irrelevant', '');
create constraint trigger audit after insert on incident_event deferrable initially deferred
    for each row execute function audit_change('incident', 'incident_id', 'kind', '');
