-- A complaint of our own goes the way of any other, from the analyser to the mail server, to show that the way is open.
-- It is no mention and opens no incident, so that nothing counts it.
create table canary (
    id bigint generated always as identity primary key,
    contact_id bigint not null references contact on delete cascade,
    posted_at timestamptz not null,
    -- What the analyser said, and the rule; null: it waits to be judged.
    verdict jsonb,
    reason jsonb,
    -- Null: it waits to be judged, or did not read as angry.
    notification_id uuid unique references notification on delete cascade
);
create index canary_of_contact on canary (contact_id);
alter table canary enable row level security;

alter table notification
    drop constraint notification_purpose_check,
    add constraint notification_purpose_check check (
        purpose in ('first', 'more', 'again', 'reminder', 'storm', 'verify', 'digest', 'trial', 'notice', 'canary')),
    drop constraint notification_about_check,
    add constraint notification_about_check
        check ((purpose in ('verify', 'digest', 'trial', 'notice', 'canary')) = (incident_id is null)
           and (incident_id is null) = (alert_id is null));
