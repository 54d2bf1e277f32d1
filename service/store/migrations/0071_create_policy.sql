-- Who is told of an incident, and who next while nobody acknowledges it.
create table policy (
    id bigint generated always as identity primary key,
    name text not null unique check (length(name) between 1 and 200),
    created_at timestamptz not null
);

-- Never changed: an incident goes by the version that was the newest when it opened. What people and schedules are is
-- asked when a step is taken.
create table policy_version (
    id bigint generated always as identity primary key,
    -- null: the policy was removed, and incidents that are open go by it still
    policy_id bigint references policy on delete set null,
    repeats int not null check (repeats between 0 and 10),
    last_resort bigint references contact on delete set null,
    created_at timestamptz not null
);
create index policy_version_of_policy on policy_version (policy_id, id desc);
create index policy_version_of_contact on policy_version (last_resort);

create table policy_step (
    version_id bigint not null references policy_version on delete cascade,
    position int not null,
    wait interval not null check (wait > interval '0'),
    primary key (version_id, position)
);

create table policy_target (
    id bigint generated always as identity primary key,
    version_id bigint not null,
    position int not null,
    contact_id bigint references contact on delete cascade,
    schedule_id bigint references schedule on delete cascade,
    -- everybody who takes turns, not only who is on call
    whole boolean not null default false,
    foreign key (version_id, position) references policy_step on delete cascade,
    check (num_nonnulls(contact_id, schedule_id) = 1)
);
create index policy_target_of_step on policy_target (version_id, position);
create index policy_target_of_contact on policy_target (contact_id);
create index policy_target_of_schedule on policy_target (schedule_id);

alter table rule add column policy_id bigint references policy on delete set null;
create index rule_of_policy on rule (policy_id);

alter table incident
    add column policy_version_id bigint references policy_version,
    -- since when nobody has acknowledged it, in this cycle
    add column called_at timestamptz,
    add column level int not null default 0 check (level >= 0),
    add column level_at timestamptz;
update incident set called_at = opened_at, level_at = opened_at;
alter table incident
    alter column called_at set not null,
    alter column level_at set not null;
create index incident_of_policy on incident (policy_version_id);
