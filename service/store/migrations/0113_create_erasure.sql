-- What was erased for good: nothing here says who or what, and the same item stays away when it comes again.
create table erasure (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    by text not null,
    -- A mention, or an author's, whose name is not kept.
    mention_id bigint,
    items integer not null
);
create table erasure_tombstone (
    source_id bigint not null references source (id) on delete cascade,
    external_key bytea not null check (length(external_key) = 32),
    -- Hashes of what it said and of who said it, each with the key.
    content bytea not null check (length(content) = 32),
    author bytea check (length(author) = 32),
    mention_id bigint not null,
    erasure_id bigint not null references erasure (id) on delete cascade,
    primary key (source_id, external_key, content, mention_id)
);
create index erasure_tombstone_mention on erasure_tombstone (mention_id);
create index erasure_tombstone_erasure on erasure_tombstone (erasure_id);
-- What is left of a mention for the alerts that it raised: no words, no author, no place.
alter table mention add column erased boolean not null default false;
create constraint trigger audit after insert on erasure deferrable initially deferred
    for each row execute function audit_change('erasure', 'id', 'mention_id,items', '');
