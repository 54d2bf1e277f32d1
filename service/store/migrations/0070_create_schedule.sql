-- Who is on call when. Layers hold wall times; the schedule's zone says what instants they are.
create table schedule (
    id bigint generated always as identity primary key,
    name text not null unique check (length(name) between 1 and 200),
    -- an IANA name
    zone text not null check (length(zone) between 1 and 64),
    created_at timestamptz not null
);

create table schedule_layer (
    schedule_id bigint not null references schedule on delete cascade,
    -- a later layer covers the earlier ones where somebody has it
    position int not null,
    starts timestamp not null,
    ends timestamp check (ends > starts),
    turn interval not null check (turn > interval '0'),
    -- from 0, Monday; none: all
    weekdays smallint[] not null default '{}',
    hours_from time,
    hours_to time,
    primary key (schedule_id, position),
    check ((hours_from is null) = (hours_to is null))
);

create table schedule_member (
    schedule_id bigint not null,
    position int not null,
    seat int not null,
    contact_id bigint not null references contact on delete cascade,
    primary key (schedule_id, position, seat),
    foreign key (schedule_id, position) references schedule_layer on delete cascade
);
create index schedule_member_of_contact on schedule_member (contact_id);

-- Somebody has it from one instant to another, whoever's turn it is.
create table schedule_override (
    id bigint generated always as identity primary key,
    schedule_id bigint not null references schedule on delete cascade,
    contact_id bigint not null references contact on delete cascade,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    author text not null,
    created_at timestamptz not null
);
create index schedule_override_of_schedule on schedule_override (schedule_id, ends_at);
create index schedule_override_of_contact on schedule_override (contact_id);

-- Addresses at which calendars read the shifts of a schedule or of a person. Whoever knows one may read it.
create table calendar_feed (
    id bigint generated always as identity primary key,
    token_sha256 bytea not null unique check (length(token_sha256) = 32),
    schedule_id bigint references schedule on delete cascade,
    contact_id bigint references contact on delete cascade,
    author text not null,
    created_at timestamptz not null,
    check (num_nonnulls(schedule_id, contact_id) = 1)
);
create index calendar_feed_of_schedule on calendar_feed (schedule_id);
create index calendar_feed_of_contact on calendar_feed (contact_id);
