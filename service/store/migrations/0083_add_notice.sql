-- An e-mail that something of Earshot itself was switched off; `reason` names what, such as webhook:3.
alter table notification
    drop constraint notification_purpose_check,
    add constraint notification_purpose_check
        check (purpose in ('first', 'more', 'again', 'storm', 'verify', 'digest', 'trial', 'notice')),
    drop constraint notification_about_check,
    add constraint notification_about_check
        check ((purpose in ('verify', 'digest', 'trial', 'notice')) = (incident_id is null)
           and (incident_id is null) = (alert_id is null));
