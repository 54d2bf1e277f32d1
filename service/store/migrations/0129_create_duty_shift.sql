-- Who was on call, as it was: written while it happens, and not changed when a schedule is. Names outlive their contacts.
create table duty_shift (
    schedule_id bigint not null references schedule on delete cascade,
    starts_at timestamptz not null,
    -- So far, where it goes on.
    ends_at timestamptz not null check (ends_at >= starts_at),
    contact_ids bigint[] not null,
    -- None: nobody was on call.
    names text[] not null check (cardinality(names) = cardinality(contact_ids)),
    primary key (schedule_id, starts_at)
);
