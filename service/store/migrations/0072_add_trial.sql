-- An e-mail that only shows whether mail arrives. Asked for twice in a row, one leaves.
alter table notification
    drop constraint notification_purpose_check,
    add constraint notification_purpose_check
        check (purpose in ('first', 'more', 'again', 'storm', 'verify', 'digest', 'trial')),
    drop constraint notification_about_check,
    add constraint notification_about_check
        check ((purpose in ('verify', 'digest', 'trial')) = (incident_id is null)
           and (incident_id is null) = (alert_id is null));
create unique index notification_trial_open on notification (contact_id)
    where purpose = 'trial' and state in ('pending', 'sending');
