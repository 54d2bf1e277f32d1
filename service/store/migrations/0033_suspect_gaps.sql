-- A window (a feed's newest items) that shares nothing with the last one may have rolled past items nobody read.
alter table source
    -- how soon the next poll comes after one that suspected a gap; null: the interval
    add column pace interval,
    add column gap_suspected_at timestamptz;
alter table fetch_log add column gap_suspected boolean not null default false;
