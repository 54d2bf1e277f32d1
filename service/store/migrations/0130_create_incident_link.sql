-- The link in an e-mail about an incident: for one contact and one incident, for three days. Whoever has it may acknowledge
-- the incident, keep it and give it back, and nothing else.
create table incident_link (
    token_sha256 bytea primary key check (length(token_sha256) = 32),
    incident_id bigint not null references incident on delete cascade,
    contact_id bigint not null references contact on delete cascade,
    expires_at timestamptz not null
);
create index incident_link_of_incident on incident_link (incident_id);
create index incident_link_of_contact on incident_link (contact_id);
alter table incident_link enable row level security;
