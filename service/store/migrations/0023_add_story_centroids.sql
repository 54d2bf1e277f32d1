-- What a story is about, in any words and language: the mean of its tellings' embeddings.
alter table story
    -- 16-bit floats, little endian; null: told before there were embeddings
    add column centroid bytea check (length(centroid) % 2 = 0),
    -- how many tellings it is the mean of
    add column tellings integer not null default 0;
create index story_recent on story (brand_id, last_seen_at desc) where centroid is not null;
