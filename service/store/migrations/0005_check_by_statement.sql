-- That a mention's brand and source are there is checked once a statement, not once a row: the keys of a batch are a few,
-- and the check a row was a quarter of the ingest. What the foreign keys promised is kept: none is stored without its brand
-- and source (their rows are locked until the end, as a foreign key would), and all go with them.

create function check_come() returns trigger language plpgsql as $$
declare
    there bigint;
begin
    perform from brand where id in (select brand_id from come) order by id for key share;
    get diagnostics there = row_count;
    if there <> (select count(distinct brand_id) from come) then
        raise foreign_key_violation using message = 'a mention''s brand is not there';
    end if;
    perform from source where id in (select source_id from come) order by id for key share;
    get diagnostics there = row_count;
    if there <> (select count(distinct source_id) from come) then
        raise foreign_key_violation using message = 'a mention''s source is not there';
    end if;
    return null;
end $$;

create trigger mention_belongs after insert on mention
    referencing new table as come for each statement execute function check_come();

create function take_mentions_of_brand() returns trigger language plpgsql as $$
begin
    delete from mention where brand_id = old.id;
    return null;
end $$;

create function take_mentions_of_source() returns trigger language plpgsql as $$
begin
    delete from mention where source_id = old.id;
    return null;
end $$;

create trigger brand_takes_mentions after delete on brand for each row execute function take_mentions_of_brand();
create trigger source_takes_mentions after delete on source for each row execute function take_mentions_of_source();

alter table mention
    drop constraint mention_brand_id_fkey,
    drop constraint mention_source_id_fkey;
