-- An acknowledgement holds while somebody does something about its incident. Policies that were there say nothing of it:
-- theirs hold for ever, as before.
alter table policy_version
    add column ack_lapses boolean not null default false,
    -- null: the usual time of the incident's urgency
    add column ack_timeout interval check (ack_timeout > interval '0'),
    add constraint policy_version_hold_check check (ack_lapses or ack_timeout is null);

alter table incident add column tended_at timestamptz;
update incident set tended_at = acknowledged_at where status = 'acknowledged';

alter table notification
    drop constraint notification_purpose_check,
    add constraint notification_purpose_check
        check (purpose in ('first', 'more', 'again', 'reminder', 'storm', 'verify', 'digest', 'trial', 'notice'));

-- Given back, or forgotten: to another program it is open again.
create or replace function owe_webhooks_of_incident() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
    insert into webhook_delivery (webhook_id, kind, subject, incident_id, happened_at, not_before)
    select w.id, told.kind, 'incident_event:' || new.id, new.incident_id, new.at, new.at
    from (select case when new.kind in ('opened', 'reopened', 'given_back', 'lapsed') then 'incident.opened'
            else 'incident.' || new.kind end as kind) told
    join incident i on i.id = new.incident_id
    join webhook w on w.enabled and told.kind = any(w.events) and (w.brand_id is null or w.brand_id = i.brand_id)
    on conflict do nothing;
    return null;
end $$;
drop trigger owe_webhooks on incident_event;
create trigger owe_webhooks after insert on incident_event for each row
    when (new.kind in ('opened', 'reopened', 'given_back', 'lapsed', 'acknowledged', 'escalated', 'resolved'))
    execute function owe_webhooks_of_incident();

drop trigger audit on policy_version;
create constraint trigger audit after insert on policy_version deferrable initially deferred
    for each row execute function audit_change('policy', 'policy_id', 'repeats,last_resort,ack_lapses,ack_timeout', '');
