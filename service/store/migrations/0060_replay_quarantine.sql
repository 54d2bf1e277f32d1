-- Somebody asked for this item to be read again.
alter table quarantine add column wanted boolean not null default false;
create index quarantine_wanted on quarantine (id) where wanted;
