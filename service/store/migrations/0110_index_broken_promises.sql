-- The auditor asks every minute, and nearly always finds nothing: it must not read whole tables for that.
create index fetch_log_not_conserved on fetch_log (id)
    where seen <> inserted + unchanged + new_version + erased_again + quarantined;
create index notification_failed on notification (incident_id) where state = 'failed';
