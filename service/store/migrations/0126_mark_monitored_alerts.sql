-- An alert of a rule that only monitored belongs to no incident, and says so: any other without one was lost. Of those that
-- are there nothing else is known.
alter table alert add column monitored boolean not null default false;
update alert set monitored = true where incident_id is null;
