-- Which worker holds a line open to a place that tells of news by itself, until when; renewed while it does.
create table listening (
    source_id bigint primary key references source on delete cascade,
    token uuid not null,
    until timestamptz not null
);
