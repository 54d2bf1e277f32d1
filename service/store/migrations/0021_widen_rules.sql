-- Rules of every kind: how much is at stake, what belongs together, and alerts about a span of time.
alter table rule
    add column severity text not null default 'major' check (severity in ('minor', 'major', 'critical')),
    add column group_by text not null default 'story' check (group_by in ('story', 'brand', 'source', 'author', 'none'));

alter table alert
    add column severity text not null default 'major' check (severity in ('minor', 'major', 'critical')),
    -- null: of before alerts carried it
    add column group_key text,
    -- the end of the span of time it tells of; null: it tells of its mention alone
    add column slot timestamptz;
alter table alert drop constraint alert_rule_id_mention_id_key;
-- An edit that stays angry is not news; a span of time is told once.
create unique index alert_of_rule_once on alert (rule_id, mention_id) where slot is null;
create unique index alert_of_slot_once on alert (rule_id, group_key, slot) where slot is not null;
create index alert_of_rule on alert (rule_id, at desc);

-- How far each rule over spans of time was checked for each brand.
create table rule_check (
    rule_id bigint not null references rule on delete cascade,
    brand_id bigint not null references brand on delete cascade,
    checked_until timestamptz not null,
    primary key (rule_id, brand_id)
);

alter table incident
    add column severity text not null default 'major' check (severity in ('minor', 'major', 'critical')),
    add column assigned_to text,
    add column snoozed_until timestamptz,
    -- the incident that work goes on in
    add column merged_into bigint references incident on delete set null,
    drop constraint incident_status_check,
    add constraint incident_status_check check (status in ('triggered', 'acknowledged', 'snoozed', 'resolved')),
    drop constraint incident_resolution_check,
    add constraint incident_resolution_check check (
        resolution in ('answered', 'false_positive', 'spam', 'duplicate', 'no_action', 'merged', 'ended')),
    add constraint incident_snoozed_check check ((status = 'snoozed') = (snoozed_until is not null));
create index incident_snoozed on incident (snoozed_until) where status = 'snoozed';
create index incident_triggered on incident (last_alert_at) where status = 'triggered';
