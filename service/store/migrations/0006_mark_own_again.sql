-- The brand's own accounts changed, and what is stored is not marked by them yet.
alter table brand add column own_stale boolean not null default false;
