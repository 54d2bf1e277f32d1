-- Who is on call, who is called next and which programs are told are as much to be accounted for as rules and contacts.
create constraint trigger audit after insert or update or delete on schedule deferrable initially deferred
    for each row execute function audit_change('schedule', 'id', 'name,zone', '');
create constraint trigger audit after insert or update or delete on schedule_layer deferrable initially deferred
    for each row execute function audit_change('schedule', 'schedule_id', 'position,starts,ends,turn', 'weekdays');
create constraint trigger audit after insert or delete on schedule_override deferrable initially deferred
    for each row execute function audit_change('override', 'id', 'schedule_id,contact_id,starts_at,ends_at', '');
create constraint trigger audit after insert or delete on calendar_feed deferrable initially deferred
    for each row execute function audit_change('calendar', 'id', 'schedule_id,contact_id', 'token_sha256');
create constraint trigger audit after insert or update or delete on policy deferrable initially deferred
    for each row execute function audit_change('policy', 'id', 'name', '');
create constraint trigger audit after insert on policy_version deferrable initially deferred
    for each row execute function audit_change('policy', 'policy_id', 'repeats,last_resort', '');
-- An address may hold a secret.
create constraint trigger audit after insert or delete or update of name, url, events, brand_id, enabled, secret,
    allow_private on webhook deferrable initially deferred
    for each row execute function audit_change('webhook', 'id', 'name,events,brand_id,enabled,allow_private', 'url,secret');
drop trigger audit on rule;
create constraint trigger audit after insert or update or delete on rule deferrable initially deferred
    for each row execute function
        audit_change('rule', 'id', 'name,brand_id,kind,mode,urgency,severity,group_by,settings,policy_id', '');
