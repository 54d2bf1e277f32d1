-- One contact, one hour, a bounded number of e-mails: what is too much is told in one that lists it all.
alter table notification
    add column seq integer not null default 0,
    -- how many of the incident's alerts it tells of; null: it has not been claimed, and will tell of all there are
    add column covers integer,
    -- the e-mail that tells of it
    add column bundled_into uuid references notification on delete cascade,
    drop constraint notification_purpose_check,
    add constraint notification_purpose_check check (purpose in ('first', 'more', 'storm')),
    drop constraint notification_state_check,
    add constraint notification_state_check
        check (state in ('pending', 'sending', 'sent', 'failed', 'superseded', 'bundled')),
    add constraint notification_bundled_check check ((state = 'bundled') = (bundled_into is not null)),
    drop constraint notification_incident_id_contact_id_purpose_cycle_key,
    add constraint notification_once unique (incident_id, contact_id, purpose, cycle, seq);
-- One list at a time is open for each contact.
create unique index notification_storm_open on notification (contact_id) where purpose = 'storm' and covers is null;
create index notification_of_bundle on notification (bundled_into) where bundled_into is not null;
create index notification_of_contact on notification (contact_id, created_at desc);
