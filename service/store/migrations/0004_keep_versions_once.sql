-- What a mention reads now stands in `mention` alone; what it read before is kept beside it when it changes. `mention_version`
-- shows both. Ingest wrote every text twice, and asked twice for each row whether its mention is there.

alter table mention_version rename to mention_past;
alter table mention_past rename constraint mention_version_pkey to mention_past_pkey;
alter table mention_past rename constraint mention_version_mention_id_fkey to mention_past_mention_id_fkey;
delete from mention_past p using mention m where m.id = p.mention_id and m.version = p.version;

create view mention_version as
select id as mention_id, version, title, text, rating_value, rating_scale, deleted, content_hash,
    changed_at as seen_at
from mention
union all
select mention_id, version, title, text, rating_value, rating_scale, deleted, content_hash, seen_at
from mention_past;

create function keep_past() returns trigger language plpgsql as $$
begin
    insert into mention_past (mention_id, version, title, text, rating_value, rating_scale, deleted, content_hash,
        seen_at)
    values (old.id, old.version, old.title, old.text, old.rating_value, old.rating_scale, old.deleted,
        old.content_hash, old.changed_at);
    return null;
end $$;

create trigger mention_reads_anew after update on mention
    for each row when (old.version <> new.version) execute function keep_past();

-- The queue is filled by the statement that writes the mention; when the mention goes, it goes with it.
alter table analysis_todo drop constraint analysis_todo_mention_id_fkey;

create function forget_gone() returns trigger language plpgsql as $$
begin
    delete from analysis_todo t using gone where t.mention_id = gone.id;
    delete from search_todo t using gone where t.mention_id = gone.id;
    return null;
end $$;

create trigger mention_gone_from_queues after delete on mention
    referencing old table as gone for each statement execute function forget_gone();
