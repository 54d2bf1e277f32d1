-- A contact is told only what somebody at the address agreed to hear.
alter table contact
    add column verified_at timestamptz,
    -- an IANA name; null: the zone of the installation
    add column zone text,
    -- by the wall's clock; the end may lie on the next day
    add column quiet_from time,
    add column quiet_to time,
    -- what waits for the end of the quiet hours
    add column quiet_for text[] not null default '{normal}',
    add constraint contact_quiet_check
        check ((quiet_from is null) = (quiet_to is null)
            and (quiet_from is null or (quiet_from <> quiet_to and zone is not null))),
    add constraint contact_quiet_for_check check (quiet_for <@ array['urgent', 'high', 'normal']);
-- Until now every contact was written into earshot.toml by the operator.
update contact set verified_at = created_at;

-- What the links in verification e-mails open. A try that is repeated makes a link more; each is good until it expires.
create table contact_verification (
    token_sha256 bytea primary key check (length(token_sha256) = 32),
    contact_id bigint not null references contact on delete cascade,
    -- the address that was asked; a link does not verify another
    email text not null,
    expires_at timestamptz not null
);
create index contact_verification_of_contact on contact_verification (contact_id);

-- The outbox carries e-mails that are about no incident.
alter table notification
    alter column incident_id drop not null,
    alter column alert_id drop not null,
    drop constraint notification_purpose_check,
    add constraint notification_purpose_check
        check (purpose in ('first', 'more', 'again', 'storm', 'verify', 'digest')),
    add constraint notification_about_check
        check ((purpose in ('verify', 'digest')) = (incident_id is null) and (incident_id is null) = (alert_id is null));
-- Asked twice in a row, an address gets one e-mail.
create unique index notification_verify_open on notification (contact_id)
    where purpose = 'verify' and state in ('pending', 'sending');
