-- How many requests web processes have set aside for a caller in a minute; they take them by the block.
create table rate_window (
    caller text not null,
    starts_at timestamptz not null,
    taken integer not null check (taken > 0),
    primary key (caller, starts_at)
);
create index rate_window_starts_at_idx on rate_window (starts_at);
